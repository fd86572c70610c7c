"""The error tree. Its two halves decide what is retried.

GroundswellError
├── TransientError              the same request may succeed later: retried
│   ├── RateLimited             the API asked us to wait (`retry_after` seconds, None if unknown)
│   ├── Unavailable             5xx, connection reset, time-out
│   ├── Truncated               the answer ended early or does not decode
│   └── WeekIncomplete          days of the week to review are not published yet
└── PermanentError              retrying cannot help: a person must act
    ├── BadCredentials          token or key refused; names the connection
    ├── MissingScope            credentials work, the permission is not granted
    ├── BadRequest              the API refuses what we ask (also: unknown field or metric)
    ├── SchemaChanged           a column changed type or a key vanished: names table, old, new
    ├── CountMismatch           the API announced another number of rows than it sent
    ├── TooManyRejects          the window holds more bad rows than its threshold allows
    ├── UnsafeAddress           plain http beyond loopback, or a link to a foreign host
    ├── InvalidPlan             a campaign file is wrong: file, line, value, allowed values
    ├── InvalidFile             a watched file is not as declared: file, place, what is allowed
    ├── InvalidSettings         an environment setting is wrong: name, value, allowed values
    ├── InvalidChoice           a command was asked for something there is not; names what there is
    ├── NothingPublished        the marts were never published, or hold no campaign
    ├── BackupRefused           a backup or its target is not what a restore needs
    └── PublishRefused          a critical check failed or a newer measure run has opened
"""

from __future__ import annotations


class GroundswellError(Exception):
    """Root of every error this project raises on purpose."""


class TransientError(GroundswellError):
    """The same request may succeed later; Airflow retries the task."""


class RateLimited(TransientError):
    """The API asked us to slow down.

    `retry_after` is the wait in seconds that the API named, or None where it named none.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(TransientError):
    """The server failed, the connection broke or the answer took too long."""


class Truncated(TransientError):
    """The answer ended early or is not the format it says it is."""


class WeekIncomplete(TransientError):
    """Too many days of a week are not published yet; a late source may still come."""


class PermanentError(GroundswellError):
    """Retrying cannot help; Airflow fails the task at once."""


class BadCredentials(PermanentError):
    """The token or key of a connection was refused."""


class MissingScope(PermanentError):
    """The credentials work, but a permission is not granted."""


class BadRequest(PermanentError):
    """The API refuses the request as asked."""


class SchemaChanged(PermanentError):
    """A raw table and the stream's struct disagree in a way that a load must not paper over."""


class CountMismatch(PermanentError):
    """The API announced another number of rows than it delivered."""


class TooManyRejects(PermanentError):
    """More rows of a window were quarantined than the stream's threshold allows."""


class UnsafeAddress(PermanentError):
    """A request would leave the connection's hosts or use plain http beyond loopback."""


class InvalidPlan(PermanentError):
    """A campaign file does not fit its model."""


class InvalidFile(PermanentError):
    """A file of a watched folder is not as declared: header, encoding, format."""


class InvalidSettings(PermanentError):
    """A setting from the environment is missing or not allowed."""


class InvalidChoice(PermanentError):
    """A command was asked for a campaign, model, version or day that does not exist."""


class NothingPublished(PermanentError):
    """There is nothing to report on yet."""


class BackupRefused(PermanentError):
    """A backup is not whole, or what it would be restored into is not empty."""


class PublishRefused(PermanentError):
    """The new marts may not replace the published ones."""

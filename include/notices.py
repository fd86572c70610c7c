"""Send a message through Airflow's notifiers, by every connection that exists; none is fine.

`notify_mail`: type smtp, with `to` (addresses, separated by commas) and `from_email` in extra.
`notify_slack`: type slackwebhook, the address of an incoming webhook as host and password.
Without them nothing is sent: everything is on the pages anyway.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.errors import InvalidSettings

if TYPE_CHECKING:
    from airflow.sdk.bases.notifier import BaseNotifier

    from include.sources._base import Connection

MAIL, SLACK = "notify_mail", "notify_slack"
FindConnection = Callable[[str], "Connection | None"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """A message: a subject line and plain text."""

    subject: str
    text: str


Channel = Callable[[Notice], None]


def open_channels(find: FindConnection) -> dict[str, Channel]:
    """Return how to send by each connection that exists, by its id.

    find: gives a connection, or None where there is none. Raise `InvalidSettings` for a mail
    connection that names nobody to write to.
    """
    channels: dict[str, Channel] = {}
    mail = find(MAIL)
    if mail is not None:
        addresses = [part.strip() for part in str(mail.extra.get("to", "")).split(",")]
        if not any(addresses):
            raise InvalidSettings(
                f"connection {MAIL!r}: extra.to is missing; allowed: addresses, separated by commas"
            )
        channels[MAIL] = lambda notice: _notify(_mail_notifier(notice, addresses))
    if find(SLACK) is not None:
        channels[SLACK] = lambda notice: _notify(_slack_notifier(notice))
    return channels


def send(notice: Notice, channels: Mapping[str, Channel]) -> list[str]:
    """Send by every channel; return those that took it. One that fails does not stop the others."""
    taken = []
    for name, channel in channels.items():
        try:
            channel(notice)
        # What a mail server or Slack's client may raise has no common root.
        except Exception as error:  # noqa: BLE001
            log.warning("%s did not take %r: %s", name, notice.subject, type(error).__name__)
        else:
            taken.append(name)
    return taken


def _notify(notifier: BaseNotifier) -> None:
    # Not by calling it: that would render our text as a template and hide what goes wrong.
    notifier.notify({})


def _mail_notifier(notice: Notice, addresses: list[str]) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(
        to=addresses,
        subject=notice.subject,
        html_content=f"<pre>{html.escape(notice.text)}</pre>",
        smtp_conn_id=MAIL,
    )


def _slack_notifier(notice: Notice) -> BaseNotifier:
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    # Slack reads these three characters as marks.
    text = f"*{notice.subject}*\n{notice.text}"
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, entity)
    return SlackWebhookNotifier(slack_webhook_conn_id=SLACK, text=text)

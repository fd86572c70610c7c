"""Access tokens that `token_expiry` has ended: refused from then on, whoever asks what with them.

A client that only asks again does not get through; it must get another token, in the way the
platform has for that. A token that has just been given does not end at its first request.
"""

from __future__ import annotations

from collections.abc import Iterable

from include.http.redact import is_secret_name
from include.sandbox.faults import Answer, Call

TOKEN_EXPIRY = "token_expiry"


class EndedTokens:
    """The tokens of one sandbox since the faults were switched: which have served, which ended."""

    def __init__(self) -> None:
        self._served: set[tuple[str, str]] = set()
        self._ended: dict[tuple[str, str], Answer] = {}
        self._version = 0

    def begin(self, version: int) -> None:
        """Forget everything when the faults were switched."""
        if version != self._version:
            self._version = version
            self._served.clear()
            self._ended.clear()

    def refusal(self, source: str, call: Call) -> Answer | None:
        """Return what the platform answered when a token of this call ended; None for good ones."""
        values = [*call.headers.values(), *call.query.values()]
        for (name, token), answer in self._ended.items():
            if name == source and any(token in value for value in values):
                return answer
        return None

    def may_end(self, source: str, call: Call) -> bool:
        """Say whether the call has a token that was good for an earlier one."""
        return any((source, token) in self._served for token in _tokens_of(call))

    def end(self, source: str, call: Call, answer: Answer) -> None:
        """End the call's token with this answer."""
        self._ended |= {(source, token): answer for token in _tokens_of(call)}

    def note(self, source: str, call: Call) -> None:
        """Remember that the call's token has served."""
        self._served |= {(source, token) for token in _tokens_of(call)}


def _tokens_of(call: Call) -> Iterable[str]:
    """Return the tokens in the headers; keys in the address are for good."""
    return [value.partition(" ")[2] or value for n, value in call.headers.items() if _is_token(n)]


def _is_token(header: str) -> bool:
    return is_secret_name(header) and header != "cookie"

"""Who a value names: identities, tokens, and the erasure list of a connection.

An identity is the HMAC of a value under the key of connection `privacy`; the list holds identities
only. An erased value becomes the person's token (`erased-…`, random, without meaning), so
that orders of one person stay together and money still ties, but nothing leads back to the person.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from include.errors import InvalidSettings
from include.http.redact import Redactor

TOKEN_PREFIX = "erased-"
# A whole shop: every person of the connection.
EVERYBODY = "*"
_HASHED = re.compile(r"[0-9a-f]{64}")


def new_token() -> str:
    """Return a token for a person: random, so that it says nothing."""
    return TOKEN_PREFIX + secrets.token_hex(8)


def number_token(token: str) -> str:
    """Return the number that stands for a token where a column or a page holds numbers.

    It is negative, as no customer's number is, and follows from the token: pages and rows agree.
    """
    return str(-int(token.removeprefix(TOKEN_PREFIX)[:12], 16))


def names_somebody(value: str) -> bool:
    """Say whether a value can name a person: 0 is a guest, a token is nobody any more."""
    return value not in ("", "0") and not value.startswith((TOKEN_PREFIX, "-"))


def bare(value: str) -> str:
    """Return what a value names: of gid://shopify/Customer/7001 its 7001, else the value."""
    value = value.strip()
    is_address = "://" in value or ":\\/\\/" in value
    return value.rpartition("/")[2] if is_address else value


def landed_form(value: str, hash_key: bytes) -> str:
    """Return the hash that stands in pages in place of a value; a hashed value is its own."""
    plain = bare(value)
    if _HASHED.fullmatch(plain):
        return plain
    return Redactor(hash_key, frozenset()).hash_value(plain)


def identity_of(value: str, hash_key: bytes) -> str:
    """Return the identity a value names, the same for an e-mail address and for its landed hash.

    It is hashed once more, so that the list holds nothing that stands in the data.
    Raise `InvalidSettings` without a key.
    """
    if not hash_key:
        raise InvalidSettings(
            "the erasure list cannot be compared without its key: set the password of connection "
            "'privacy'"
        )
    text = "erasure list " + landed_form(value, hash_key)
    return hmac.digest(hash_key, text.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class ErasedSubjects:
    """The erasure list of one connection: tokens by identity. `salt` is set for a whole shop."""

    tokens: Mapping[str, str] = field(default_factory=dict)
    salt: str | None = None
    hash_key: bytes = field(default=b"", repr=False)

    def __bool__(self) -> bool:
        return bool(self.tokens) or self.salt is not None

    def token_of(self, value: str) -> str | None:
        """Return the token of an erased person's value, None for everybody else's."""
        plain = bare(value)
        if not names_somebody(plain):
            return None
        if self.tokens and (token := self.tokens.get(identity_of(plain, self.hash_key))):
            return token
        return None if self.salt is None else salted_token(self.salt, plain)


def salted_token(salt: str, value: str) -> str:
    """Return the token of a value of an erased shop; `tables.py` says the same in SQL."""
    return TOKEN_PREFIX + hashlib.sha256((salt + value).encode()).hexdigest()[:16]

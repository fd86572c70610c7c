"""Bad days of an API, each by name and probability, with a seed that makes them come again.

    POST /_control/faults   {"throttle": 0.05, "shopify.throttle": 0.2, "seed": 11}
    GET  /_control/faults   names, meanings, who can play them, what is on

A post replaces what was on; `{}` turns everything off. A name alone is meant for every source that
plays it; with a source before it for that one, whatever is said of the others. There are three
kinds:

- *on the way* (`faults_transport.py`): the answer is late, cut, no JSON, or never comes. Every
  sandbox has them.
- *of the protocol*: what this vendor does on a bad day. A source declares its own in a mapping
  `FAULTS`, in its `sandbox.py` or in a `sandbox_faults.py` beside it: name to a function

      async def throttle(call: Call, ask: Ask) -> Answer | None

  which may `await ask(call)` (also with a changed call, also twice), change the answer or make one
  up, and returns None where the fault makes no sense for this request. A name of `faults_names.py`
  means the same for every source; another name is explained by the first line of its function's
  docstring and may be marked with `changes_truth`. A fault that hits a thing rather than a request
  (one metric of one post) is marked with `lasting`.
- *of the truth* (`faults_market.py`): the market itself is another one, for all sources alike.

Folders that the sandbox writes have bad days of their own (`faults_files.py`), switched here too.

Whether a request is hit follows from (seed, fault, request, virtual hour, how often it was asked in
it); credentials are no part of a request's identity, they differ from run to run. Faults that come
and go hit the same request at most twice in an hour, so that a repetition gets through.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import parse_qsl

from include.http.redact import is_secret_name
from include.sandbox.clock import Clock
from include.sandbox.faults_names import (
    CHANGING_MEANINGS,
    FILE_MEANINGS,
    MARKET_MEANINGS,
    MEANINGS,
    TRANSPORT_MEANINGS,
)

# Settings that a post may hold beside names.
SEED, SLOW_SECONDS = "seed", "slow_seconds"
MOST_HITS = 2


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a fault sees it; `draw` gives a number in [0, 1) of this very hit."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    draw: float = 0.0

    def json(self) -> Any:
        """Return the decoded body, None when it is no JSON."""
        return _decoded(self.body)

    def with_query(self, **changes: str | None) -> Call:
        """Return the call with other parameters; None takes one away."""
        query = {name: value for name, value in {**self.query, **changes}.items() if value}
        return replace(self, query=query)

    def with_json(self, document: Any) -> Call:
        """Return the call with another body."""
        return replace(self, body=json.dumps(document).encode())

    def pick(self, count: int) -> int:
        """Choose one of `count` things, the same in every run."""
        return int(self.draw * 1e9) % max(1, count)

    @property
    def identity(self) -> str:
        """What makes two requests the same one: all but credentials and times of signature."""
        kind = self.headers.get("content-type", "")
        body: Any = self.body.decode("utf-8", "replace")
        if kind.startswith("application/x-www-form-urlencoded"):
            body = _without_secrets(dict(parse_qsl(body)))
        elif isinstance(document := self.json(), dict):
            body = _without_secrets(document)
        parts = (self.method, self.path, _without_secrets(self.query), body)
        return json.dumps(parts, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: names of headers in lower case, `content-length` left out."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the decoded body, None when it is no JSON."""
        return _decoded(self.body)

    def with_json(self, document: Any) -> Answer:
        """Return the answer with another body."""
        return replace(self, body=json.dumps(document).encode())


def json_answer(
    document: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Make an answer up."""
    kind = {"content-type": "application/json; charset=UTF-8"}
    return Answer(status, {**kind, **(headers or {})}, json.dumps(document).encode())


Ask = Callable[[Call], Awaitable[Answer]]
Subject = Callable[[Call], str | None]


class ProtocolFault(Protocol):
    """A function of `FAULTS`; None: the fault makes no sense for this request."""

    def __call__(self, call: Call, ask: Ask, /) -> Awaitable[Answer | None]:
        """Answer the call as on a bad day."""
        ...


def changes_truth(fault: ProtocolFault) -> ProtocolFault:
    """Mark a fault of a name of its own: right rows are other rows than without it."""
    fault.changes_truth = True  # type: ignore[attr-defined]  # a mark on a plain function
    return fault


def lasting(subject: Subject) -> Callable[[ProtocolFault], ProtocolFault]:
    """Mark a fault that hits a thing for good; `subject` names it, None for other requests."""

    def mark(fault: ProtocolFault) -> ProtocolFault:
        fault.subject = subject  # type: ignore[attr-defined]  # a mark on a plain function
        return fault

    return mark


@dataclass(slots=True)
class _Record:
    """How often a request was asked and hit in the present virtual hour."""

    attempts: int = 0
    hits: int = 0


@dataclass(slots=True)
class Switchboard:
    """Which faults are on, and which of them hit a request.

    offered: source to its `FAULTS`. folders: sources whose files the sandbox writes. `version`
    counts the posts.
    """

    clock: Clock
    offered: Mapping[str, Mapping[str, ProtocolFault]] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()
    seed: int = 0
    slow_seconds: float = 1.0
    version: int = 0
    _on: dict[str, float] = field(default_factory=dict)
    _hits: dict[tuple[str, str], int] = field(default_factory=dict)
    _hour: dt.datetime | None = None
    _records: dict[str, _Record] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """Every allowed name with its meaning."""
        own = {
            name: (fault.__doc__ or name).partition("\n")[0].rstrip(".")
            for faults in self.offered.values()
            for name, fault in faults.items()
        }
        return {**own, **FILE_MEANINGS, **MEANINGS}

    @property
    def is_on(self) -> bool:
        return any(self._on.values())

    def set(self, settings: Mapping[str, float]) -> None:
        """Turn on exactly what `settings` names; ValueError names what is not allowed."""
        on = {k: v for k, v in settings.items() if k not in (SEED, SLOW_SECONDS)}
        if unknown := sorted(name for name in on if not self._is_known(name)):
            allowed = ", ".join(sorted(self.names))
            raise ValueError(
                f"unknown faults: {', '.join(unknown)}; allowed: {allowed}, those that a source "
                f"plays also as source.fault; {SEED}, {SLOW_SECONDS}"
            )
        for name, probability in on.items():
            if not 0 <= probability <= 1:
                raise ValueError(f"{name}={probability!r} is no probability; allowed: 0 to 1")
        seed, slow = settings.get(SEED, 0), settings.get(SLOW_SECONDS, 1.0)
        if seed != int(seed) or slow < 0:
            raise ValueError(f"allowed: {SEED} a whole number, {SLOW_SECONDS} 0 or more")
        self.seed, self.slow_seconds = int(seed), slow
        self._on = dict(on)
        self._records.clear()
        self._hits.clear()
        self.version += 1

    def describe(self) -> dict[str, Any]:
        """Return what the control's GET shows."""
        return {
            SEED: self.seed,
            SLOW_SECONDS: self.slow_seconds,
            "faults": {name: self._describe(name) for name in sorted(self.names)},
        }

    def for_files(self, source: str) -> dict[str, float]:
        """Return what is on of the faults of a source's folder, with the seed."""
        return {SEED: self.seed, **{n: self.probability(n, source) for n in FILE_MEANINGS}}

    def count(self, source: str, name: str, hits: int) -> None:
        """Count how often a source has played a fault."""
        self._hits[source, name] = self._hits.get((source, name), 0) + hits

    def draw(self, *parts: object) -> float:
        """Return a number in [0, 1) that depends on the seed and `parts` alone."""
        text = "\x1f".join(map(str, (self.seed, *parts)))
        found = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return int.from_bytes(found) / 2**64

    def is_chosen(self, fault: str, *subject: object) -> bool:
        """Say whether a fault of the truth hits a thing."""
        likely = self.probability(fault)
        # Asked for every counter of every post: nothing is drawn while the fault is off.
        return likely > 0 and self.draw(fault, *subject) < likely

    def probability(self, fault: str, source: str | None = None) -> float:
        """Return how likely a fault is, of one source or of all; 0 while it is off."""
        return self._on.get(f"{source}.{fault}", self._on.get(fault, 0.0))

    def due(self, source: str, call: Call) -> Iterable[tuple[str, Call]]:
        """Yield the faults that hit this request, the likeliest to apply first.

        The caller plays the first that makes sense; `hit` counts it.
        """
        record = self._record(source, call)
        record.attempts += 1
        offered = self.offered.get(source, {})
        drawn = []
        for name in TRANSPORT_MEANINGS.keys() | offered.keys():
            likely = self.probability(name, source)
            if likely and getattr(offered.get(name), "subject", None) is None:
                place = self.draw(name, source, call.identity, self._hour, record.attempts)
                if place < likely and record.hits < MOST_HITS:
                    drawn.append((place / likely, name))
        for place, name in sorted(drawn):
            yield name, replace(call, draw=place)
        yield from self._lasting(source, call)

    def hit(self, source: str, name: str, call: Call, times: int = 1) -> None:
        """Count a fault that is played; lasting ones are not bounded."""
        self.count(source, name, times)
        if getattr(self.offered.get(source, {}).get(name), "subject", None) is None:
            self._record(source, call).hits += times

    def take_back(self, source: str, name: str, call: Call) -> None:
        """Count a fault as not played: it made no sense for the request."""
        self.hit(source, name, call, -1)

    def _lasting(self, source: str, call: Call) -> Iterable[tuple[str, Call]]:
        for name, fault in sorted(self.offered.get(source, {}).items()):
            subject: Subject | None = getattr(fault, "subject", None)
            thing = subject(call) if subject is not None else None
            likely = self.probability(name, source)
            if thing is not None and self.draw(name, source, thing) < likely:
                yield name, replace(call, draw=self.draw(name, source, thing, "place"))

    def _record(self, source: str, call: Call) -> _Record:
        hour = self.clock.now().replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour = hour
            self._records.clear()
        return self._records.setdefault(f"{source} {call.identity}", _Record())

    def _describe(self, name: str) -> dict[str, Any]:
        offering = {source for source, faults in self.offered.items() if name in faults}
        marked = any(
            getattr(self.offered[source][name], "changes_truth", False) for source in offering
        )
        sources = sorted(offering | self.folders if name in FILE_MEANINGS else offering)
        own = {key.partition(".")[0]: p for key, p in self._on.items() if key.endswith(f".{name}")}
        counted = sorted(self._hits.items())
        hits = {source: n for (source, fault), n in counted if fault == name and n}
        return {
            "meaning": self.names[name],
            "changes_truth": marked or name in CHANGING_MEANINGS or name in MARKET_MEANINGS,
            "probability": self.probability(name),
            "probability_of": own,
            "hits": sum(hits.values()),
            "hits_of": hits,
            "sources": "all" if name in TRANSPORT_MEANINGS or name in MARKET_MEANINGS else sources,
        }

    def _is_known(self, name: str) -> bool:
        """Say whether a setting names a fault, alone or of a source that plays it."""
        source, dot, fault = name.partition(".")
        if not dot:
            return name in self.names
        is_asked = source in self.offered and source not in self.folders
        return (
            fault in self.offered.get(source, {})
            or (fault in FILE_MEANINGS and source in self.folders)
            or (fault in TRANSPORT_MEANINGS and is_asked)
        )


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _without_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not is_secret_name(name)}

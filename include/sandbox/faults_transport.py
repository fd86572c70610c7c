"""Faults on the way, as one ASGI layer around the routers of all sources; and who plays a fault.

The layer knows which source a request is for by that source's routes. What a source declares in
`FAULTS` is played here too, so a new source needs no edit.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import os
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from include.sandbox.faults import Answer, Call, Switchboard, json_answer
from include.sandbox.faults_tokens import TOKEN_EXPIRY, EndedTokens

# Where the layer tells `VirtualDate` how wrong the Date of this answer is.
SKEW = "groundswell.clock_skew"
LARGEST_SKEW_SECONDS = 600
_PIECES = 5
_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>%s</title></head>"
    b"<body><h1>%s</h1><p>Please try again later.</p></body></html>\n"
)
_HTML = {"content-type": "text/html; charset=utf-8"}


class FaultLayer:
    """Play the faults that are due; pass everything else on untouched.

    routes: of each source. What lies under `/_control` belongs to none.
    """

    def __init__(
        self, app: ASGIApp, board: Switchboard, routes: Mapping[str, Sequence[BaseRoute]]
    ) -> None:
        self._app, self._board, self._routes = app, board, routes
        self._tokens = EndedTokens()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        source = self._source_of(scope) if self._board.is_on else None
        if source is None:
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(self._app, scope, receive, send, await _read(receive))
        self._tokens.begin(self._board.version)
        if (refusal := self._tokens.refusal(source, exchange.call)) is not None:
            await exchange.answer(refusal)
            return
        for name, call in self._board.due(source, exchange.call):
            # Counted before it is played: whoever is hung up on may ask again at once.
            self._board.hit(source, name, call)
            if await self._play(source, name, call, exchange):
                return
            self._board.take_back(source, name, call)
        self._tokens.note(source, exchange.call)
        await exchange.give()

    def _source_of(self, scope: Scope) -> str | None:
        if scope["type"] != "http":
            return None
        for source, routes in self._routes.items():
            if any(route.matches(scope)[0] is Match.FULL for route in routes):
                return source
        return None

    async def _play(self, source: str, name: str, call: Call, exchange: _Exchange) -> bool:
        """Play a fault; False where it makes no sense for this request."""
        own = self._board.offered.get(source, {}).get(name)
        if name == TOKEN_EXPIRY and not self._tokens.may_end(source, call):
            return False
        if own is not None:
            answer = await own(call, exchange.ask)
            if name == TOKEN_EXPIRY and answer is not None:
                self._tokens.end(source, call, answer)
            if answer is not None:
                await exchange.answer(answer)
            return answer is not None
        await _TRANSPORT[name](exchange, call, self._board)
        return True


class _Exchange:
    """One request on the server's side and the ways to answer it."""

    def __init__(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, body: bytes
    ) -> None:
        self._app, self.scope, self._receive, self._send = app, scope, receive, send
        self.call = Call(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), True)),
            headers={k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]},
            body=body,
        )
        self._answer: Answer | None = None

    async def give(self) -> None:
        """Send what the real router answers, or has answered to a fault that did not apply.

        Asked again it might answer otherwise: the operation that ran a moment ago has ended.
        """
        if self._answer is not None:
            await self.answer(self._answer)
        else:
            await self.pass_on()

    async def pass_on(self) -> None:
        """Let the real router answer."""
        await self._app(self.scope, _replay(self.call.body, self._receive), self._send)

    async def ask(self, call: Call) -> Answer:
        """Return what the real router answers to a call."""
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        headers = [
            (name, str(len(call.body)).encode() if name == b"content-length" else value)
            for name, value in self.scope["headers"]
        ]
        query = urlencode(dict(call.query)).encode()
        scope = {**self.scope, "query_string": query, "headers": headers}
        await self._app(scope, _replay(call.body, self._receive), keep)
        start = next(m for m in sent if m["type"] == "http.response.start")
        answer = Answer(
            status=start["status"],
            headers={
                k.decode("latin-1").lower(): v.decode("latin-1")
                for k, v in start["headers"]
                if k.lower() != b"content-length"
            },
            body=b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body"),
        )
        if (call.query, call.body) == (self.call.query, self.call.body):
            self._answer = answer
        return answer

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        await self.start(answer, len(answer.body))
        await self._send({"type": "http.response.body", "body": answer.body})

    async def start(self, answer: Answer, length: int) -> None:
        """Send the status and the headers, announcing `length` bytes."""
        headers = {**answer.headers, "content-length": str(length)}
        pairs = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
        message = {"type": "http.response.start", "status": answer.status, "headers": pairs}
        await self._send(message)

    async def send_piece(self, piece: bytes, *, is_last: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": not is_last})

    async def hang_up(self, *, is_reset: bool) -> None:
        """Close the connection under the answer; reset: the other side gets an error at once.

        Without a connection (a test inside the process) the caller gets the error.
        """
        transport = getattr(getattr(self._receive, "__self__", None), "transport", None)
        if transport is None:
            raise ConnectionResetError("the sandbox hung up")
        if is_reset:
            # Not lingering makes the kernel send RST instead of FIN. The option is set by way of a
            # second descriptor, because uvloop does not let it be set on its own.
            with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as twin:
                twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        else:
            transport.close()
        # The web server hears of it in the next rounds of its loop; then it expects no answer.
        for _ in range(10):
            await asyncio.sleep(0.001)


async def _fail(exchange: _Exchange, call: Call, board: Switchboard) -> None:
    status = (500, 502, 503, 504)[call.pick(4)]
    title = b"%d Server Error" % status
    await exchange.answer(Answer(status, _HTML, _PAGE % (title, title)))


async def _answer_html(exchange: _Exchange, call: Call, board: Switchboard) -> None:
    title = b"Sign in to continue"
    await exchange.answer(Answer(200, _HTML, _PAGE % (title, title)))


async def _limit(exchange: _Exchange, call: Call, board: Switchboard) -> None:
    answer = json_answer({"message": "Too Many Requests"}, 429, {"retry-after": "2"})
    await exchange.answer(answer)


async def _reset(exchange: _Exchange, call: Call, board: Switchboard) -> None:
    if call.pick(2):
        await exchange.ask(call)
    await exchange.hang_up(is_reset=True)


async def _truncate(exchange: _Exchange, call: Call, board: Switchboard) -> None:
    answer = await exchange.ask(call)
    ways = ["length"]
    if "gzip" in call.headers.get("accept-encoding", ""):
        ways.append("gzip")
    # What is no JSON (a file of lines) may well be readable when it is cut there.
    if answer.headers.get("content-type", "").startswith("application/json"):
        ways.append("text")
    way = ways[call.pick(len(ways))]
    cut = max(1, int(len(answer.body) * (0.2 + 0.7 * call.draw)))
    if way == "length":
        await exchange.start(answer, len(answer.body) + 1)
        await exchange.send_piece(answer.body[:cut])
        await exchange.hang_up(is_reset=False)
        return
    body = answer.body[:cut] if cut < len(answer.body) else b""
    headers = answer.headers
    if way == "gzip":
        packed = gzip.compress(answer.body, mtime=0)
        body, headers = packed[: len(packed) // 2], {**headers, "content-encoding": "gzip"}
    await exchange.answer(Answer(answer.status, headers, body))


async def _slow_down(exchange: _Exchange, call: Call, board: Switchboard) -> None:
    answer = await exchange.ask(call)
    await exchange.start(answer, len(answer.body))
    for piece in _pieces(answer.body):
        await exchange.send_piece(piece)
        await asyncio.sleep(board.slow_seconds / _PIECES)
    await exchange.send_piece(b"", is_last=True)


async def _skew(exchange: _Exchange, call: Call, board: Switchboard) -> None:
    seconds = int((2 * call.draw - 1) * LARGEST_SKEW_SECONDS)
    exchange.scope[SKEW] = dt.timedelta(seconds=seconds)
    await exchange.pass_on()


_TRANSPORT: Mapping[str, Any] = {
    "server_error": _fail,
    "truncated_body": _truncate,
    "slow_body": _slow_down,
    "connection_reset": _reset,
    "html_page": _answer_html,
    "clock_skew": _skew,
    "throttle": _limit,
}


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the body that was read already; afterwards wait for what else the client says."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _pieces(body: bytes) -> Iterator[bytes]:
    size = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), size):
        yield body[start : start + size]

"""A mail server and a Slack webhook on this machine, which keep what they are sent."""

from __future__ import annotations

import base64
import datetime as dt
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Letter:
    """One mail as it went over the wire."""

    sender: str
    recipients: list[str]
    login: str | None
    was_encrypted: bool
    content: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def text(self) -> str:
        """The HTML part, decoded."""
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP as a client needs: EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA."""

    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.tls = tls
        self.letters: list[Letter] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _MailHandler(socketserver.StreamRequestHandler):
    server: MailServer

    def setup(self) -> None:
        super().setup()
        self.sender, self.login = "", None
        self.recipients: list[str] = []
        self.is_encrypted = False

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline():
            word, _, rest = line.decode().strip().partition(" ")
            if word.upper() == "QUIT":
                self._say("221 bye")
                return
            getattr(self, f"_on_{word.lower()}", self._on_other)(rest)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _on_other(self, rest: str) -> None:
        self._say("250 ok")

    def _on_ehlo(self, rest: str) -> None:
        if self.server.tls is not None and not self.is_encrypted:
            self._say("250-test\r\n250 STARTTLS")
        else:
            self._say("250-test\r\n250 AUTH PLAIN")

    def _on_starttls(self, rest: str) -> None:
        assert self.server.tls is not None
        self._say("220 go ahead")
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.is_encrypted = True

    def _on_auth(self, rest: str) -> None:
        _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        self.login = f"{user}:{password}"
        self._say("235 welcome")

    def _on_mail(self, rest: str) -> None:
        self.sender = rest.split("<")[1].split(">")[0]
        self._say("250 ok")

    def _on_rcpt(self, rest: str) -> None:
        self.recipients.append(rest.split("<")[1].split(">")[0])
        self._say("250 ok")

    def _on_data(self, rest: str) -> None:
        self._say("354 send it")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        letter = Letter(
            self.sender, self.recipients, self.login, self.is_encrypted, b"".join(lines)
        )
        self.server.letters.append(letter)
        self._say("250 kept")


@dataclass
class SlackHook:
    """An incoming webhook: what was posted, and how it answers."""

    port: int = 0
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answer: tuple[int, str] = (200, "ok")


@contextmanager
def slack_hook() -> Iterator[SlackHook]:
    """Run a webhook that answers as Slack does."""
    hook = SlackHook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posts.append((self.path, json.loads(body)))
            status, text = hook.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    with _running(server):
        yield hook


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    """Run a mail server; with `tls` it offers STARTTLS and takes a login only after it."""
    server = MailServer(tls)
    with _running(server):
        yield server


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def own_certificate(folder: Path) -> ssl.SSLContext:
    """Return a server's TLS context under a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context

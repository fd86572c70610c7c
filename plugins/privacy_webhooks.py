"""The webhook endpoint: `POST /webhooks/shopify` takes the three privacy webhooks of a shop's app.

Shopify sends `customers/redact`, `customers/data_request` and `shop/redact`, signed with the app's
secret, and again until it is answered with 200. The endpoint checks size and signature and drops
the body, unchanged, into the inbox folder that `maintain_warehouse` works off. It has no rights in
the warehouse, so whoever breaks it reads nothing.

**Settings** `GROUNDSWELL_WEBHOOK_SECRET`, the app's client secret (several separated by commas
while it is rotated, or for several apps); else the password of connection `privacy_webhooks`.
`GROUNDSWELL_PRIVACY_DIR`, or `GROUNDSWELL_DATA_DIR` with its folder `privacy`: must be the same for
the api-server and the workers.

**Answers** 200 stored (or known already), 401 no valid signature (also while no secret is set), 413
more than 64 KiB, 408 a body that takes longer than 10 seconds, 400 unknown topic, no webhook id, a
body of another topic or one that was broken off, 503 the inbox cannot be written.

A webhook's id is the name of its file, so an id that comes again changes nothing; one whose request
is done already is recognised by `maintain_warehouse`. The signature has no date: what was recorded
and is sent again later is one of these two.

Airflow's own pages need a login, this address does not: the signature is the login. Behind a proxy
let only `/webhooks/` be reached from outside.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import functools
import hashlib
import hmac
import json
import logging
import os
import time
import uuid
from pathlib import Path
from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin
from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

# The topics taken, each with the keys its body never has. The signature covers the body alone, so
# without this a recorded data request could be sent again as the order to erase a whole shop.
TOPICS = {
    "customers/redact": {"orders_requested", "data_request"},
    "customers/data_request": {"orders_to_redact"},
    "shop/redact": {"customer", "orders_requested", "orders_to_redact", "data_request"},
}
# A payload names one customer and their orders: a few kilobytes.
MAX_BODY_BYTES = 64 * 1024
# The sender gives up after 5; whoever sends a byte now and then keeps the server waiting.
MAX_BODY_SECONDS = 10.0
SECRET_VARIABLE = "GROUNDSWELL_WEBHOOK_SECRET"
CONNECTION = "privacy_webhooks"

log = logging.getLogger(__name__)
app = FastAPI(
    title="Privacy webhooks",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    redirect_slashes=False,
)


@app.post("/shopify")
async def receive_shopify(request: Request) -> dict[str, str]:
    """Check a webhook and store its body for the next run of `maintain_warehouse`."""
    body = await _read_body(request)
    secrets = await run_in_threadpool(_secrets)
    if not _is_signed(body, request.headers.get("X-Shopify-Hmac-Sha256", ""), secrets):
        raise HTTPException(401, "the signature is missing or wrong")
    topic = request.headers.get("X-Shopify-Topic", "")
    webhook_id = request.headers.get("X-Shopify-Webhook-Id", "")
    if topic not in TOPICS:
        raise HTTPException(400, f"this topic is not taken; allowed: {', '.join(sorted(TOPICS))}")
    if not webhook_id or not _is_payload(topic, body):
        raise HTTPException(400, "X-Shopify-Webhook-Id is missing, or the body is not the topic's")
    try:
        await run_in_threadpool(_store, topic, webhook_id, body)
    except OSError as error:
        log.error("the inbox cannot be written: %s", error)
        raise HTTPException(503, "the inbox cannot be written; send it again later") from None
    return {"status": "stored"}


async def _read_body(request: Request) -> bytes:
    """Return the body; stop reading as soon as it is too long or takes too long.

    The length that was announced is believed only where it is too much.
    """
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        raise HTTPException(413, f"at most {MAX_BODY_BYTES} bytes are taken")
    body = bytearray()
    try:
        async with asyncio.timeout(MAX_BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise HTTPException(413, f"at most {MAX_BODY_BYTES} bytes are taken")
    except TimeoutError:
        raise HTTPException(408, "the body took too long; send it again") from None
    except ClientDisconnect:
        raise HTTPException(400, "the body was broken off; send it again") from None
    return bytes(body)


def _is_signed(body: bytes, signature: str, secrets: tuple[str, ...]) -> bool:
    """Say whether one of the secrets signed the raw body; comparing takes the same time always."""
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    found = [
        hmac.compare_digest(hmac.digest(secret.encode(), body, "sha256"), given)
        for secret in secrets
    ]
    return any(found)


def _secrets() -> tuple[str, ...]:
    """Return the secrets that may sign; none while nothing is set up, then nobody is let in."""
    text = os.environ.get(SECRET_VARIABLE) or _connection_password(int(time.monotonic() // 60))
    return tuple(part.strip() for part in text.split(",") if part.strip())


@functools.lru_cache(maxsize=1)
def _connection_password(minute: int) -> str:
    """Return the connection's password, asked for once a minute: anybody may knock."""
    from airflow.exceptions import AirflowNotFoundException
    from airflow.models.connection import Connection

    try:
        return Connection.get_connection_from_secrets(CONNECTION).password or ""
    except AirflowNotFoundException:
        log.warning("webhooks are refused: set %s or connection %s", SECRET_VARIABLE, CONNECTION)
        return ""


def _is_payload(topic: str, body: bytes) -> bool:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(payload, dict) and not TOPICS[topic] & payload.keys()


def _inbox() -> Path:
    given = os.environ.get("GROUNDSWELL_PRIVACY_DIR")
    if given:
        return Path(given) / "inbox"
    data_dir = os.environ.get("GROUNDSWELL_DATA_DIR")
    root = Path(data_dir) if data_dir else Path(__file__).resolve().parent.parent / ".data"
    return root / "privacy" / "inbox"


def _store(topic: str, webhook_id: str, body: bytes) -> None:
    """Write the body whole or not at all, readable by this user only; a known id is left alone."""
    folder = _inbox() / topic.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = hashlib.sha256(f"{topic} {webhook_id}".encode()).hexdigest()[:32]
    target = folder / f"webhook-{name}.json"
    if target.exists():
        return
    draft = folder / f".{name}.{uuid.uuid4().hex[:8]}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)


class PrivacyWebhooks(AirflowPlugin):
    """Mounts the endpoint in Airflow's api-server; a change needs its restart."""

    name = "privacy_webhooks"
    fastapi_apps: ClassVar = [{"app": app, "url_prefix": "/webhooks", "name": "Privacy webhooks"}]

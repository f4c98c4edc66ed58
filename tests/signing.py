"""Requests signed as a caller would sign them, for tests."""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from proxy.request import Inbound, Query
from proxy.signature import content_digest, sign, signature_base
from proxy.structured import read_signature_input

_NUMBERS = itertools.count(1)


def soon() -> int:
    """A time of signing later than the start of whatever the test has just started."""
    return int(time.time()) + 1


async def after_start() -> None:
    """Wait until what is signed now is later than the second of the gateway's start."""
    await asyncio.sleep(1.05)


def new_nonce() -> str:
    """One that no other call of this run makes."""
    return f"nonce-{next(_NUMBERS):016d}"


def signed(
    method: str,
    url: str,
    key: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    components: Sequence[str] | None = None,
    created: object = None,
    nonce: str | None = None,
    parameters: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """`headers`, and those of a signature over them; `parameters` stand as they are written."""
    sent = dict(headers or {})
    if body is not None:
        sent.setdefault("Content-Digest", content_digest(body).decode())
    covered = components
    if covered is None:
        names = [name.lower() for name in sent if name.lower() != "accept"]
        covered = ["@method", "@path", "@query", *names]
    said = {
        "created": str(soon() if created is None else created),
        "nonce": f'"{nonce or new_nonce()}"',
        "keyid": f'"{key.split("_")[1]}"',
        "alg": '"hmac-sha256"',
        **(parameters or {}),
    }
    listed = " ".join(f'"{name}"' for name in covered)
    field = f"sig1=({listed})" + "".join(f";{k}={v}" for k, v in said.items() if v)
    parts = urlsplit(url)
    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()]
    request = Inbound(
        method, (parts.path or "/").encode(), Query(parts.query.encode()), dict(lines), None,
        lines=lines,
    )  # fmt: skip
    mac = sign(signature_base(request, read_signature_input(field.encode("latin-1"))), key.encode())
    return {**sent, "Signature-Input": field, "Signature": f"sig1=:{mac.decode()}:"}

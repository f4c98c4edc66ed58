import asyncio
import contextlib
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.answers import JSON_TYPE, Refused, refusal

CONTROL_PREFIX = "/sandbox/"
TRANSPORT = "sandbox.transport"  # key of the raw asyncio.Transport in the scope's extensions
FAULT = "sandbox.fault"  # key in the scope of a call that is done, but whose answer is spoiled

FaultKind = Literal[
    "refuse",
    "reset_before_read",
    "reset_after_commit",
    "stall",
    "drip",
    "truncate",
    "html502",
    "garbage",
    "errcode",
    "slow",
    "extra_response",
    "answer",
]
# Kinds that keep the call from being done, unless told otherwise.
_NOT_DONE = frozenset({"reset_before_read", "html502", "errcode", "answer"})
_STALL_S = 3_600.0
_DRIP_S = 0.5
_SLOW_S = 1.0
_EXTRA = b'{"access_token":"92_from_another_answer","expires_in":7200}'
_GARBAGE = b'{"errcode":0,"media_id":\x00\xff\xfe garbage'
_HTML502 = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>\r\n"


class Fault(BaseModel):
    """Something that goes wrong with `count` requests to a path: the next, or here and there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind = Field(description="what goes wrong")
    path: str = Field("*", description="path, or a pattern such as /cgi-bin/draft/*")
    count: int = Field(1, ge=1, description="how often")
    chance: float = Field(1, gt=0, le=1, description="of each request, that it is hit")
    seconds: float | None = Field(
        None,
        gt=0,
        description="refuse: listener closed so long; stall, slow: the wait; drip: a byte each",
    )
    errcode: int = Field(-1, description="of kind errcode")
    status: int = Field(200, ge=200, le=599, description="of kind answer")
    headers: dict[str, str] = Field({}, description="of kind answer")
    body: str = Field("", description="of kind answer; each character is a byte (Latin-1)")
    repeat: int = Field(1, ge=1, description="of kind answer: how often the body is sent")
    commit: bool | None = Field(
        None,
        description="whether the call is done before it fails; None: not for reset_before_read, "
        "html502, errcode and answer",
    )

    @model_validator(mode="after")
    def _check(self) -> "Fault":
        if self.kind == "refuse" and self.path != "*":
            raise ValueError("refuse hits connections, before there is a path: leave path as *")
        if self.kind == "reset_before_read" and self.commit:
            raise ValueError("reset_before_read never commits: use reset_after_commit")
        if self.kind == "reset_after_commit" and self.commit is False:
            raise ValueError("reset_after_commit always commits: use reset_before_read")
        return self

    @property
    def commits(self) -> bool:
        """Whether the call is done before it fails."""
        return self.kind not in _NOT_DONE if self.commit is None else self.commit


class FaultPlan:
    """The faults to come, each used up by its count, and those that happened."""

    def __init__(self, uniform: Callable[[], float] = random.random) -> None:
        self._uniform = uniform
        self._left: list[tuple[Fault, int]] = []
        # By kind and path; a call that a fault kept from the API is counted here alone.
        self.happened: Counter[tuple[str, str]] = Counter()

    def add(self, fault: Fault) -> None:
        """Plan a fault, after those already planned."""
        self._left.append((fault, fault.count))

    def clear(self) -> None:
        """Plan nothing; forget what happened."""
        self._left.clear()
        self.happened.clear()

    def describe(self) -> dict[str, list[dict[str, Any]]]:
        """The faults still to come, `count` being what is left of each, and those past."""
        left = [fault.model_dump() | {"count": count} for fault, count in self._left]
        happened = [
            {"kind": kind, "path": path, "count": count}
            for (kind, path), count in self.happened.items()
        ]
        return {"faults": left, "happened": happened}

    def take(self, path: str) -> Fault | None:
        """The fault for a request to `path`, counted down."""
        return self._take(
            lambda fault: fault.kind != "refuse" and fnmatchcase(path, fault.path), path
        )

    def take_refusal(self) -> bool:
        """Whether a connection that has just been made is to be reset."""
        return self._take(lambda fault: fault.kind == "refuse", "") is not None

    def _take(self, fits: Callable[[Fault], bool], path: str) -> Fault | None:
        for at, (fault, count) in enumerate(self._left):
            if fits(fault) and (fault.chance == 1 or self._uniform() < fault.chance):
                self._left[at : at + 1] = [(fault, count - 1)] if count > 1 else []
                self.happened[fault.kind, path] += 1
                return fault
        return None


def reset(transport: asyncio.Transport) -> None:
    """Close a connection with an RST, as a crashed peer or a middlebox does."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # Event loops hand out wrappers without setsockopt; a duplicate shares the option.
        with socket.socket(fileno=socket.dup(sock.fileno())) as duplicate:
            duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


@dataclass
class _Captured:
    """An answer held back to be spoilt."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")


class FaultLayer:
    """ASGI: lets the planned faults happen to all but the control calls."""

    def __init__(self, app: ASGIApp, plan: FaultPlan) -> None:
        self.app = app
        self.plan = plan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or spoil it."""
        fault = None
        if scope["type"] == "http" and not scope["path"].startswith(CONTROL_PREFIX):
            fault = self.plan.take(scope["path"])
        if fault is None:
            await self.app(scope, receive, send)
            return
        transport: asyncio.Transport = scope["extensions"][TRANSPORT]
        answer = _Captured()
        if fault.kind != "reset_before_read":
            await self._run(fault, scope, receive, answer)
        request = _Request(fault, answer, transport, receive, send)
        await _SPOIL[fault.kind](request)
        await _gone(request)

    async def _run(self, fault: Fault, scope: Scope, receive: Receive, answer: _Captured) -> None:
        if fault.commits:
            await self.app({**scope, FAULT: fault.kind}, receive, answer.send)
            return
        while (await receive()).get("more_body", False):
            pass  # the request is read whole, as a front end does before it fails


@dataclass(frozen=True, slots=True)
class _Request:
    """A request whose answer is to be spoilt."""

    fault: Fault
    answer: _Captured
    transport: asyncio.Transport
    receive: Receive
    send: Send


async def _gone(request: _Request) -> None:
    # uvicorn answers 500 for an app that ends without an answer while the peer seems connected.
    while request.transport.is_closing():
        if (await request.receive())["type"] == "http.disconnect":
            return


async def _reset(request: _Request) -> None:
    reset(request.transport)


async def _late(request: _Request) -> None:
    longest = _STALL_S if request.fault.kind == "stall" else _SLOW_S
    await _wait(request.fault.seconds or longest, request.receive)
    await _answer(request.answer, request.send)


async def _drip(request: _Request) -> None:
    body = request.answer.body
    await _start(request.answer, request.send)
    for at in range(len(body)):
        drop = {"type": "http.response.body", "body": body[at : at + 1], "more_body": True}
        await request.send(drop)
        await _wait(request.fault.seconds or _DRIP_S, request.receive)
    await request.send({"type": "http.response.body", "body": b""})


async def _truncate(request: _Request) -> None:
    answer = request.answer
    request.transport.write(_raw(answer)[: -max(1, len(answer.body) // 2)])
    request.transport.close()


async def _html502(request: _Request) -> None:
    await _answer(_Captured(502, _headers("text/html", _HTML502), _HTML502), request.send)


async def _garbage(request: _Request) -> None:
    await _answer(_Captured(200, _headers(JSON_TYPE, _GARBAGE), _GARBAGE), request.send)


async def _errcode(request: _Request) -> None:
    body = refusal(Refused(request.fault.errcode), time.time()).body
    await _answer(_Captured(200, _headers(JSON_TYPE, body), body), request.send)


async def _say(request: _Request) -> None:
    fault = request.fault
    body = fault.body.encode("latin-1")
    length = b"%d" % (len(body) * fault.repeat)
    said = {name.lower().encode(): value.encode() for name, value in fault.headers.items()}
    headers = {b"content-type": JSON_TYPE.encode(), b"content-length": length} | said
    await _start(_Captured(fault.status, list(headers.items())), request.send)
    for _ in range(fault.repeat):
        await request.send({"type": "http.response.body", "body": body, "more_body": True})
    await request.send({"type": "http.response.body", "body": b""})


async def _extra(request: _Request) -> None:
    await _answer(request.answer, request.send)
    request.transport.write(_raw(_Captured(200, _headers(JSON_TYPE, _EXTRA), _EXTRA)))


_SPOIL: dict[str, Callable[[_Request], Awaitable[None]]] = {
    "reset_before_read": _reset,
    "reset_after_commit": _reset,
    "stall": _late,
    "slow": _late,
    "drip": _drip,
    "truncate": _truncate,
    "html502": _html502,
    "garbage": _garbage,
    "errcode": _errcode,
    "extra_response": _extra,
    "answer": _say,
}


async def _wait(seconds: float, receive: Receive) -> None:
    """Sleep, but not longer than the peer stays."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass


async def _answer(answer: _Captured, send: Send) -> None:
    await _start(answer, send)
    await send({"type": "http.response.body", "body": answer.body})


async def _start(answer: _Captured, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})


def _headers(content_type: str, body: bytes) -> list[tuple[bytes, bytes]]:
    length = str(len(body)).encode()
    return [(b"Content-Type", content_type.encode()), (b"Content-Length", length)]


def _raw(answer: _Captured) -> bytes:
    lines = [b"%s: %s" % header for header in answer.headers]
    return b"\r\n".join([b"HTTP/1.1 %d OK" % answer.status, *lines, b"", answer.body])

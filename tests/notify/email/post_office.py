"""A real SMTP server (aiosmtpd) that keeps what it gets and refuses what a test wants refused."""

import asyncio
import email.policy
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, cast

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from notify.email.settings import MailAccount

PASSWORD = "sqm-code-of-16-chars"
CUT = "cut"  # instead of an answer the connection ends
HANG = "hang"  # no answer ever comes


@dataclass(frozen=True, slots=True)
class Received:
    """A mail as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes = field(repr=False)
    options: tuple[str, ...] = ()

    @property
    def message(self) -> EmailMessage:
        """As a mail program reads it."""
        return email.message_from_bytes(self.data, policy=email.policy.default)


@dataclass
class PostOffice:
    """What the server did, and is to do."""

    port: int = 0
    mails: list[Received] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)  # by step, MAIL, DATA …, or by recipient
    logins: list[bytes] = field(default_factory=list)
    password: str = PASSWORD
    connections: int = 0
    hangs: asyncio.Event = field(default_factory=asyncio.Event)

    def account(self, name: str = "one", **values: Any) -> MailAccount:
        """An account at this server."""
        defaults = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": "plain",
            "timeout_s": 10,
            "address": f"{name}@gate.example",
            "password": PASSWORD,
        }
        return MailAccount(name=name, **{**defaults, **values})

    # What aiosmtpd calls.

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, told: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        if "SIZE" in self.says:
            told = [line for line in told if "SIZE" not in line]
            told.insert(1, f"250-SIZE {self.says['SIZE']}")
        return told

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._answer(server, "MAIL", "250 OK")
        if answer.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        step = address if address in self.says else "RCPT"
        answer = await self._answer(server, step, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_RSET(self, server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        return await self._answer(server, "RSET", "250 OK")

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        said = self.says.get("DATA", "")
        if not said.startswith(("4", "5")):  # whatever becomes of its answer, it has it
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append(
                Received(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    content,
                    tuple(envelope.mail_options),
                )
            )
        return await self._answer(server, "DATA", f"250 OK queued as {len(self.mails)}")

    async def _answer(self, server: SMTP, step: str, usual: str) -> str:
        said = self.says.get(step, usual)
        if said == CUT:
            cut(server)
        if said == HANG:
            await self.hangs.wait()
        return said if said[0].isdecimal() else usual

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        if "AUTH" in self.says:
            return AuthResult(success=False, handled=False, message=self.says["AUTH"])
        return AuthResult(success=data.password == self.password.encode(), handled=False)


def cut(server: SMTP) -> None:
    """End its connection without a word."""
    if server.transport is not None:
        cast(asyncio.Transport, server.transport).abort()


@asynccontextmanager
async def open_post_office(
    *, implicit: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, **more: Any
) -> AsyncIterator[PostOffice]:
    """A server on loopback; `tls` is for STARTTLS."""
    office = PostOffice()
    served: list[SMTP] = []

    def serve() -> SMTP:
        made = SMTP(
            office,
            hostname="mail.example",
            loop=asyncio.get_running_loop(),
            tls_context=tls,
            authenticator=office.authenticate,
            auth_require_tls=False,
            enable_SMTPUTF8=more.get("utf8", False),
            data_size_limit=more.get("most_bytes", 40_000_000),
        )
        served.append(made)
        return made

    loop = asyncio.get_running_loop()
    server = await loop.create_server(serve, "127.0.0.1", more.get("port", 0), ssl=implicit)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        office.hangs.set()
        server.close()
        for each in served:
            cut(each)
        await asyncio.sleep(0.01)


Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def open_odd_server(speak: Speak) -> AsyncIterator[PostOffice]:
    """A server that says what no library would, to one connection after the other."""
    over: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await speak(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield PostOffice(port=server.sockets[0].getsockname()[1])
    finally:
        server.close()
        if over:
            await asyncio.wait(over)


def server_context(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    """What a server of that name shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context

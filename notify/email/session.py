import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import aiosmtplib
from aiosmtplib import SMTPAuthenticationError, SMTPException, SMTPResponseException

from core.secret import MASK, redact
from notify.email.addresses import Address
from notify.email.replies import Refusal, Step, judge
from notify.email.settings import MailAccount
from notify.message import SLOWEST_BYTES_S

_HELLO = "[127.0.0.1]"  # an address literal: our host's name is nobody's business
_BODY_S = 30.0  # to send the content, and longer what is large (notify/message.py)
_ANSWER_S = 30.0  # RFC 5321 has 10 minutes for it, which nobody takes
_CHUNK_BYTES = 65_536
_LOOK_S = 0.01
_REASON_CHARS = 300
_METHODS = ("plain", "login", "cram-md5")


class Refused(Exception):
    """The server took nothing, certainly."""

    def __init__(self, refusal: Refusal, *, broken: bool) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal
        self.broken = broken  # the connection cannot be used any more


class AnswerLost(Exception):
    """All was sent, and no answer came: the server may have taken it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Taken:
    """What a server took over."""

    reference: str  # its words, with which its operator finds the mail
    refused: dict[Address, Refusal] = field(default_factory=dict)


class Session:
    """One connection to the server of an account, logged in. Used by one at a time."""

    def __init__(
        self,
        account: MailAccount,
        context: ssl.SSLContext,
        *,
        deadline: float | None = None,
        body_s: float = _BODY_S,
    ) -> None:
        """By `deadline`, of the event loop's clock, it gets as far as the content or gives up."""
        self._account = account
        self._smtp = aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            timeout=account.timeout_s,
            local_hostname=_HELLO,
            use_tls=account.security == "tls",
            # Never by itself: with `None` the library would go on in the clear where a server, or
            # somebody on the way, does not offer it.
            start_tls=False,
            tls_context=None if account.security == "plain" else context,
        )
        self.sent = 0  # mails
        self.deadline = deadline
        self._body_s = body_s

    @property
    def is_open(self) -> bool:
        """Whether it looks usable; the server may have gone all the same."""
        return self._smtp.is_connected

    async def open(self) -> None:
        """Connect, encrypt as is set, log in. Raises Refused."""
        async with self._step("tls" if self._account.security == "tls" else "connect"):
            async with asyncio.timeout(self._account.timeout_s):
                await self._smtp.connect()
        if self._account.security == "starttls":
            async with self._step("tls"), asyncio.timeout(self._account.timeout_s):
                await self._smtp.starttls()
        async with self._step("hello"):
            await self._smtp.ehlo()
        if self._account.login:
            async with self._step("login"):
                await self._log_in()

    async def _log_in(self) -> None:
        """Once: a wrong password that is tried by one method after the other locks the mailbox."""
        offered = self._smtp.server_auth_methods
        method = next((name for name in _METHODS if name in offered), None)
        if method is None:
            raise SMTPException("the server offers no login: " + (" ".join(offered) or "at all"))
        username, password = self._account.login, self._account.password.get_secret_value()
        match method:
            case "plain":
                await self._smtp.auth_plain(username, password)
            case "login":
                await self._smtp.auth_login(username, password)
            case _:
                await self._smtp.auth_crammd5(username, password)

    async def check(self) -> None:
        """See whether the account may begin a mail, and send none. Raises Refused."""
        async with self._step("sender"):
            await self._smtp.mail(self._account.address)
            await self._smtp.rset()

    async def refresh(self) -> bool:
        """Whether the server still listens; nothing of an earlier mail is left."""
        try:
            await self._smtp.rset()
        except (SMTPException, OSError):
            self.close()
        return self.is_open

    async def send(self, mail: bytes, recipients: Sequence[Address], *, utf8: bool) -> Taken:
        """Hand a mail over, to all whom the server takes. Raises Refused, AnswerLost.

        With `utf8` there are addresses beyond ASCII, in the mail or among the recipients.
        """
        async with self._step("sender"):
            await self._smtp.mail(
                self._account.address,
                options=self._options(mail, utf8=utf8),
                encoding="utf-8" if utf8 else "ascii",
            )
        refused = {}
        for each in recipients:
            if (refusal := await self._offer(each)) is not None:
                refused[each] = refusal
        if len(refused) == len(recipients):
            await self.refresh()
            return Taken("", refused)
        reference = await self._hand_over(mail)
        self.sent += 1
        return Taken(reference, refused)

    def takes_utf8(self) -> bool:
        """Whether it knows addresses beyond ASCII."""
        return self._smtp.supports_extension("smtputf8")

    def most_bytes(self) -> int:
        """The largest mail that it says it takes; 0: it does not say."""
        size = self._smtp.esmtp_extensions.get("size", "").strip()
        return int(size) if size.isascii() and size.isdecimal() and len(size) < 16 else 0

    def _options(self, mail: bytes, *, utf8: bool) -> list[str]:
        options = [f"SIZE={len(mail)}"] if self._smtp.supports_extension("size") else []
        return [*options, "SMTPUTF8"] if utf8 else options

    async def _offer(self, recipient: Address) -> Refusal | None:
        encoding = "utf-8" if recipient.needs_utf8 else "ascii"
        try:
            async with self._step("recipient"):
                await self._smtp.rcpt(str(recipient), encoding=encoding)
        except Refused as exc:
            if exc.broken or exc.refusal.matter != "recipient":
                raise
            return exc.refusal
        return None

    async def _hand_over(self, mail: bytes) -> str:
        """The content, and the server's answer to it.

        Only once the final dot has left can the server have taken it: until then a failure of any
        kind is a certain one. What is on its way in the kernel's buffers then may still be much:
        so what sending it left over of its time is the answer's.
        """
        loop, more_s = asyncio.get_running_loop(), len(mail) / SLOWEST_BYTES_S
        async with self._step("content"):
            answer = await self._smtp.execute_command(b"DATA")
            if answer.code != aiosmtplib.SMTPStatus.start_input:
                raise SMTPResponseException(answer.code, answer.message)
            began = loop.time()
            async with asyncio.timeout(self._body_s + more_s):
                await self._write(_dotted(mail))
        answer_s = _ANSWER_S + max(0.0, more_s - (loop.time() - began))
        protocol = self._smtp.protocol
        if protocol is None or not protocol.is_connected:
            raise self._refused("content", SMTPException("connection lost"))
        try:
            protocol.write(b".\r\n")
            answer = await protocol.read_response(timeout=answer_s)
        except SMTPResponseException as exc:  # it makes no sense
            self.close()
            raise AnswerLost(f"unreadable answer: {exc.message[:80]!r}") from None
        except (SMTPException, OSError) as exc:
            self.close()
            raise AnswerLost(f"no answer after the whole mail was sent: {exc}") from None
        except BaseException:
            self.close()
            raise
        if 200 <= answer.code < 300:
            return self._clean(answer.message)[:_REASON_CHARS]
        if answer.code < 400:
            self.close()
            raise AnswerLost(f"unexpected answer {answer.code}")
        raise self._refused("content", SMTPResponseException(answer.code, answer.message))

    async def _write(self, content: bytes) -> None:
        """Until it has all been given to the network. The library has nothing for that."""
        for start in range(0, len(content), _CHUNK_BYTES):
            if self._smtp.protocol is None:
                raise SMTPException("connection lost")
            self._smtp.protocol.write(content[start : start + _CHUNK_BYTES])
            await self._drained()

    async def _drained(self) -> None:
        while True:
            transport = cast("asyncio.WriteTransport | None", self._smtp.transport)
            if transport is None or transport.is_closing():
                raise SMTPException("connection lost")
            if transport.get_write_buffer_size() == 0:
                return
            await asyncio.sleep(_LOOK_S)

    @asynccontextmanager
    async def _step(self, step: Step) -> AsyncIterator[None]:
        """Turns what fails at a step into Refused; after most faults the connection is closed."""
        try:
            async with asyncio.timeout_at(None if step == "content" else self.deadline):
                yield
        except (SMTPException, OSError, ValueError, TimeoutError) as exc:
            raise self._refused(step, exc) from None
        except BaseException:
            self.close()  # in the middle of a dialogue: nobody can go on with it
            raise

    def _refused(self, step: Step, exc: Exception) -> Refused:
        reason = self._reason(step, exc)
        if isinstance(exc, SMTPResponseException) and 400 <= exc.code < 600:
            refusal = judge(step, exc.code, exc.message, reason)
        else:
            refusal = Refusal("account", final=False, reason=reason)
        # Refusals of a login or a sender are about what we are. After 421 a server hangs up.
        goes_on = step in ("recipient", "content") and isinstance(exc, SMTPResponseException)
        broken = not goes_on or not self.is_open or _code(exc) == 421
        if broken:
            self.close()
        return Refused(refusal, broken=broken)

    def _reason(self, step: Step, exc: Exception) -> str:
        told = _told(exc)
        if isinstance(exc, SMTPAuthenticationError) and exc.code in (530, 534, 535):
            told += (
                " (wrong username or password; many providers want an authorization code 授权码)"
            )
        elif step in ("connect", "tls") and (isinstance(exc, TimeoutError) or "[Errno " in told):
            told += " (host, port 或防火墙 / or a firewall; 云主机多半封了 25 / clouds block 25)"
        return self._clean(f"{step}: {told}")[:_REASON_CHARS]

    def _clean(self, text: str) -> str:
        """Some servers repeat what they do not understand, a login too."""
        username, password = self._account.login, self._account.password.get_secret_value()
        if password:
            both = f"\0{username}\0{password}"
            for secret in (_base64(both), _base64(password), password):
                text = text.replace(secret, MASK)
        shown = text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
        return redact(" ".join(shown.split()))

    async def leave(self) -> None:
        """Say goodbye, if the server listens."""
        try:
            async with asyncio.timeout(1):
                await self._smtp.quit()
        except (SMTPException, OSError, TimeoutError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        self._smtp.close()


def _dotted(mail: bytes) -> bytes:
    """The content as it is sent, without the dot that ends it (RFC 5321, 4.5.2)."""
    stuffed = mail.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _code(exc: Exception) -> int:
    return exc.code if isinstance(exc, SMTPResponseException) else 0


def _told(exc: Exception) -> str:
    if isinstance(exc, SMTPResponseException):
        return f"{exc.code} {exc.message}"
    if isinstance(exc, TimeoutError):
        return "timed out"
    cause = exc.__cause__ or exc
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate not trusted: {cause.verify_message}"
    return str(cause) or type(cause).__name__


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.clock import Clock
from core.tasks import TaskSet
from notify.email.replies import Refusal
from notify.email.session import Refused, Session
from notify.email.settings import MailAccount

# A login is dear: providers count them, and refuse who logs in for each mail.
_KEEP_S = 30.0
_BEGIN_S = 20.0  # to get as far as the content; a notification has a minute in all
_MAILS = 20  # by one connection: NetEase refuses more with 450 MI:DMC


class Connections:
    """The sessions of one account: so many at once, kept for a while for the next mail."""

    def __init__(
        self,
        account: MailAccount,
        *,
        begin_s: float = _BEGIN_S,
        monotonic: Clock = time.monotonic,
    ) -> None:
        self._account = account
        self._begin_s = begin_s
        self._monotonic = monotonic
        self._places = asyncio.Semaphore(account.connections)
        self._idle: list[tuple[float, Session]] = []  # the longest idle first
        self._context: ssl.SSLContext | None = None
        self._tasks = TaskSet()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """One that is logged in and used by nobody else. Raises Refused."""
        deadline = asyncio.get_running_loop().time() + self._begin_s
        await self._place(deadline)
        try:
            session = await self._kept(deadline) or await self._opened(deadline)
            try:
                yield session
            finally:
                self._put_back(session)
        finally:
            self._places.release()

    async def _place(self, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError:
            busy = Refusal("busy", final=False, reason="all its connections are in use")
            raise Refused(busy, broken=False) from None

    async def check(self) -> None:
        """Log in anew, and see whether the account may begin a mail. Raises Refused."""
        session = await self._opened(asyncio.get_running_loop().time() + self._begin_s)
        try:
            await session.check()
        finally:
            await session.leave()

    async def _kept(self, deadline: float) -> Session | None:
        while self._idle:
            _, session = self._idle.pop()
            session.deadline = deadline
            if await session.refresh():
                return session
        return None

    async def _opened(self, deadline: float) -> Session:
        if self._context is None:
            try:
                self._context = await asyncio.to_thread(_trusting, self._account.ca_file)
            except (OSError, ssl.SSLError) as exc:
                reason = f"ca_file: {exc.strerror or exc}"
                raise Refused(Refusal("account", final=False, reason=reason), broken=True) from None
        session = Session(self._account, self._context, deadline=deadline)
        await session.open()
        return session

    def _put_back(self, session: Session) -> None:
        if not session.is_open:
            return
        if session.sent >= _MAILS:
            self._tasks.start(session.leave(), name="mail: leave a server")
            return
        self._idle.append((self._monotonic(), session))
        if len(self._idle) == 1:
            self._tasks.start(self._tidy(), name="mail: close what is idle")

    async def _tidy(self) -> None:
        """Until nothing is idle any more."""
        while self._idle:
            since, session = self._idle[0]
            left_s = since + _KEEP_S - self._monotonic()
            if left_s > 0:
                await asyncio.sleep(left_s)
            else:
                del self._idle[0]
                await session.leave()

    async def aclose(self) -> None:
        """Close them all."""
        await self._tasks.aclose()
        idle, self._idle = self._idle, []
        for _, session in idle:
            await session.leave()


def _trusting(ca_file: str) -> ssl.SSLContext:
    """Certificates and host names are always checked."""
    return ssl.create_default_context(cafile=ca_file or None)

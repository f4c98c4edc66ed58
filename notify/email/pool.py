from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock, next_shanghai_midnight, shanghai_day
from notify.email.replies import Refusal
from notify.email.settings import EmailSettings, MailAccount
from notify.happening import Happening, row_of
from store import happenings
from store import mail_accounts as rows
from store.engine import Database
from store.mail_accounts import MailAccountRow

_LONGEST_PROBE_S = 3_600.0
_PROBING_S = 30.0  # longer than it takes to see whether one is back
_ERROR_CHARS = 500


class NobodyCan(Exception):
    """No account may send now; one may in `wait_s`, and if that is None never."""

    def __init__(self, reason: str, wait_s: float | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Turn:
    """An account that is to send next, and how many recipients were counted for it."""

    account: MailAccount
    day: str
    recipients: int
    failures: int  # that it had before


class Pool:
    """Whose turn it is among the accounts of a channel, for all processes that send by it.

    Turns are by weight: each mail moves its account on by 1/weight, and the hindmost is next. An
    account that was away goes on where the others are; it is not made to catch up. What a day's
    limit counts is taken before a mail is sent, and given back if it certainly was not: so the
    limit holds whoever sends, and whoever dies.
    """

    def __init__(self, settings: EmailSettings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._accounts = {account.name: account for account in settings.accounts}
        self._database = database
        self._clock = clock

    async def take(self, recipients: int, *, but: Collection[str] = ()) -> Turn:
        """Whose turn it is to send to so many, but for those. Raises NobodyCan."""
        now = self._clock()
        async with self._database.write() as connection:
            known = await self._rows(connection, now)
            able = [row for row in known if self._can(row, recipients) and row.name not in but]
            if not able:
                raise self._nobody(known, recipients, now)
            # Where the one who was last began: whoever stands behind was away, or is new.
            front = max(row.turn - self._step(row) for row in known)
            row = min(able, key=lambda row: max(row.turn, front))
            turn = max(row.turn, front) + self._step(row)
            taken = replace(row, sent=row.sent + recipients, turn=turn, updated_at=now)
            await rows.put(connection, taken)
        return Turn(self._accounts[row.name], row.day, recipients, row.failures)

    async def settle(self, turn: Turn, *, reached: int, failed: Refusal | None) -> None:
        """Write down what came of a turn: whom it reached, and what is wrong with the account."""
        if reached == turn.recipients and failed is None and not turn.failures:
            return
        now = self._clock()
        async with self._database.write() as connection:
            row = next(
                row for row in await self._rows(connection, now) if row.name == turn.account.name
            )
            if row.day == turn.day:
                row = replace(row, sent=max(0, row.sent - turn.recipients + reached))
            if failed is not None:
                row = await self._counted(connection, row, failed, now)
            elif reached:
                row = replace(row, failures=0, error=None)
            await rows.put(connection, replace(row, updated_at=now))

    async def due(self, *, whenever: bool = False) -> list[MailAccount]:
        """Disabled accounts that we are to try now; nobody else does meanwhile.

        With `whenever` before their time has come, too.
        """
        now = self._clock()
        until = float("inf") if whenever else now
        async with self._database.read() as connection:
            known = await rows.of_channel(connection, self._settings.name)
        found = []
        for row in known.values():
            if row.name not in self._accounts:
                await self._forget(row, now)
                continue
            if row.probe_at is None or row.probe_at > until:
                continue
            async with self._database.write() as connection:
                mine = await rows.claim_probe(
                    connection, row.channel, row.name, due=until, next_at=now + _PROBING_S
                )
                if mine:
                    found.append(self._accounts[row.name])
        return found

    async def _forget(self, row: MailAccountRow, now: float) -> None:
        """It was taken out of the settings: nobody is to be told of it any more."""
        async with self._database.write() as connection:
            if await rows.forget(connection, row) and row.disabled_at is not None:
                await self._tell(connection, row, now, over=True)

    async def revive(self, account: MailAccount) -> None:
        """It can be used again; the next failure disables it once more."""
        now = self._clock()
        async with self._database.write() as connection:
            await rows.alone(connection, self._settings.name)
            row = (await rows.of_channel(connection, self._settings.name)).get(account.name)
            if row is None or row.disabled_at is None:
                return
            left = min(row.failures, self._settings.max_failures - 1)
            back = replace(row, failures=left, disabled_at=None, probe_at=None, updated_at=now)
            await rows.put(connection, back)
            await self._tell(connection, row, now, over=True)

    async def still_down(self, account: MailAccount, refusal: Refusal) -> None:
        """It was tried and cannot be used yet."""
        async with self._database.write() as connection:
            await rows.alone(connection, self._settings.name)
            row = (await rows.of_channel(connection, self._settings.name)).get(account.name)
            if row is not None and row.disabled_at is not None:
                now, told = self._clock(), refusal.reason[:_ERROR_CHARS]
                at = self._next(row, now)
                await rows.put(connection, replace(row, error=told, probe_at=at, updated_at=now))

    async def _rows(self, connection: AsyncConnection, now: float) -> list[MailAccountRow]:
        """Those of all accounts, in their order, as of today; nobody else changes them."""
        await rows.alone(connection, self._settings.name)
        known = await rows.of_channel(connection, self._settings.name)
        return list(_of_today(self._settings.name, self._accounts, known, shanghai_day(now)))

    def _step(self, row: MailAccountRow) -> float:
        return 1 / self._accounts[row.name].weight

    def _can(self, row: MailAccountRow, recipients: int) -> bool:
        return row.disabled_at is None and self._has_room(row, recipients)

    def _has_room(self, row: MailAccountRow, recipients: int) -> bool:
        limit = self._accounts[row.name].daily_limit
        return not limit or row.sent + recipients <= limit

    def _nobody(self, known: list[MailAccountRow], recipients: int, now: float) -> NobodyCan:
        limits = [account.daily_limit for account in self._accounts.values()]
        if all(0 < limit < recipients for limit in limits):
            return NobodyCan("more recipients than any account may have in a day", None)
        waits = []
        for row in known:
            if not self._has_room(row, recipients):
                waits.append(next_shanghai_midnight(now) - now)
            else:
                waits.append(max(1.0, (row.probe_at or now) - now))
        if all(not self._has_room(row, recipients) for row in known):
            return NobodyCan("today's limit is reached", min(waits))
        told = "; ".join(f"{row.name}: {row.error}" for row in known if row.error)
        reason = "no account can send now" + (f" ({told})" if told else "")
        return NobodyCan(reason[:_ERROR_CHARS], min(waits))

    async def _counted(
        self, connection: AsyncConnection, row: MailAccountRow, failed: Refusal, now: float
    ) -> MailAccountRow:
        failures, most = row.failures + 1, self._settings.max_failures
        if failed.matter == "spent":
            failures = max(failures, most)
        row = replace(row, failures=failures, error=failed.reason[:_ERROR_CHARS])
        if failures < most or row.disabled_at is not None:
            return row
        row = replace(row, disabled_at=now, probe_at=now + self._settings.probe_s)
        await self._tell(connection, row, now, over=False)
        return row

    def _next(self, row: MailAccountRow, now: float) -> float:
        """Twice as late each time, at last once an hour."""
        down_s = now - (row.disabled_at or now)
        return now + min(max(self._settings.probe_s, down_s), _LONGEST_PROBE_S)

    async def _tell(
        self, connection: AsyncConnection, row: MailAccountRow, now: float, *, over: bool
    ) -> None:
        data = {"channel": row.channel, "sender": row.name, "error": row.error}
        key = f"{row.channel}/{row.name}"
        happened = Happening(event="channel.down", key=key, data=data, over=over)
        await happenings.insert(connection, [row_of(happened, now)])


def _of_today(
    channel: str, accounts: Iterable[str], known: dict[str, MailAccountRow], day: str
) -> Iterator[MailAccountRow]:
    for name in accounts:
        row = known.get(name) or MailAccountRow(channel=channel, name=name)
        yield row if row.day == day else replace(row, day=day, sent=0)

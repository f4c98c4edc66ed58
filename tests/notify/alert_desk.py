"""A gateway's alerts in small: happenings are noted, and what is told is gathered."""

from typing import Any

from notify.alerting.alerts import Alerts, Noted
from notify.alerting.care import AlertCare
from notify.alerting.settings import AlertSettings
from store import alerts, happenings, silences
from store.alerts import AlertFilter, AlertRow
from store.engine import Database
from store.happenings import HappeningRow
from tests.store.test_silences import silence_row

SETTINGS = AlertSettings(calm_s=100, reopen_within_s=1_000, escalate_after_s=(600, 1_800))


class Always:
    """Keeps the Protocol Leads."""

    async def term(self) -> int | None:
        return 1


class Desk:
    """One of the processes on a store, its clock in the test's hand."""

    def __init__(self, database: Database, settings: AlertSettings = SETTINGS) -> None:
        self.database = database
        self.settings = settings
        self.now = 1_000.0
        self.accounts = {"main"}
        self.woken = 0
        self.alerts = Alerts(lambda: self.settings)
        self.care = AlertCare(
            *(database, lambda: self.settings),
            accounts=lambda: self.accounts,
            leads=Always(),
            wake=self._wake,
            clock=lambda: self.now,
        )
        self._number = 0

    def _wake(self) -> None:
        self.woken += 1

    async def happens(
        self, event: str = "breaker.open", *, after: float = 0, **values: Any
    ) -> Noted:
        """It happens, and is noted at once."""
        self.now += after
        self._number += 1
        given: dict[str, Any] = {
            "id": f"hpn_{id(self)}_{self._number}",
            "event": event,
            "account": "main",
            "key": "main",
            "data": {},
            "over": False,
            "created_at": self.now,
        }
        row = HappeningRow(**{**given, **values})
        async with self.database.write() as connection:
            return await self.alerts.note(connection, row, self.now)

    async def ends(self, *, after: float = 0, **values: Any) -> Noted:
        return await self.happens(after=after, over=True, **values)

    async def passes(self, seconds: float) -> list[tuple[str, bool]]:
        """So long nothing happens; what the care has people told then: event and over."""
        self.now += seconds
        await self.care.look(self.now)
        return await self.told()

    async def told(self) -> list[tuple[str, bool]]:
        """What waits to be told, all of which is worth it."""
        async with self.database.write() as connection:
            rows = await happenings.take(connection, limit=99)
            await happenings.routed(connection, [row.id for row in rows], self.now)
            noted = [await self.alerts.note(connection, row, self.now) for row in rows]
        assert all(each.tell for each in noted)
        return [(row.event, row.over) for row in rows]

    async def alert(self) -> AlertRow:
        """The newest."""
        return (await self.all())[0]

    async def all(self) -> list[AlertRow]:
        async with self.database.read() as connection:
            return await alerts.page(connection, AlertFilter(), before=None, limit=99)

    async def change(self, **values: Any) -> None:
        """As a person does it."""
        row = await self.alert()
        async with self.database.write() as connection:
            await alerts.change(connection, row.id, **values)

    async def silence(self, seconds: float, **values: Any) -> None:
        """From now on."""
        self._number += 1
        row = silence_row(
            f"sil_{self._number}", starts_at=self.now, ends_at=self.now + seconds, **values
        )
        async with self.database.write() as connection:
            await silences.insert(connection, row)

import asyncio

from store.engine import Database
from tests.handlers.alerting import AlertsDesk
from tests.store.test_alerts import alert_row, put

ID = "alr_06h07z6nxmd948z1se7rzbetyc"


async def test_of_two_who_acknowledge_at_once_one_did(database: Database) -> None:
    await put(database, alert_row(ID))
    desk = AlertsDesk(database)
    async with desk.http:
        answers = await asyncio.gather(
            *(desk.call("POST", f"/alerts/{ID}/acknowledge", who=f"ops{n}") for n in range(4))
        )
        assert len({answer.json()["acknowledged_by"] for answer in answers}) == 1
        assert len(await desk.audited()) == 1

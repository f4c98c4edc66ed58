import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pydantic import SecretStr

from accounts.audit import AuditLog
from accounts.edits import SYSTEM
from accounts.master_key import Sealer, load_master_key
from handlers.channel_desk import ChannelDesk
from notify.channel_forms import read_back, revealed
from notify.happening import Happening, row_of
from notify.kinds import KINDS
from notify.senders.webhook import WebhookSettings
from notify.settings import NotifySettings, Route
from server.app import open_gateway, open_worker
from server.reload import hot
from server.settings import Settings
from server.store import open_store
from store import alerts, happenings, notifications
from store.engine import Database, open_database
from store.migrate import migrate
from store.notifications import NotificationRow
from store.tables import notification
from tests.store.test_alerts import alert_row
from tests.store.test_notifications import notification_row

# A channel that leads nowhere: the guard refuses the address.
OPS = WebhookSettings(
    name="ops",
    type="webhook",
    url=SecretStr("http://127.0.0.1:9/x"),
    secret=SecretStr("whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"),
)


def _settings(data_dir: Path, **more: Any) -> Settings:
    route = Route(events=("job.*",), channels=("ops",))
    return Settings(
        server={"data_dir": str(data_dir), "probe_accounts": False},
        notify=NotifySettings(sweep_s=0.05, retry_after_s=(), routes=(route,)),
        channels=[OPS],
        **more,
    )


async def _until_dead(database: Database) -> NotificationRow:
    async with asyncio.timeout(60):
        while True:
            async with database.read() as connection:
                found = (await connection.execute(notification.select())).all()
            if found and found[0].state == "dead":
                return notifications.row_of(found[0])
            await asyncio.sleep(0.05)


async def _happen(database: Database) -> None:
    async with database.write() as connection:
        row = row_of(Happening(event="job.failed", key="job_1"), time.time())
        await happenings.insert(connection, [row])


async def test_what_happens_is_told_by_a_channel_of_the_file(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    async with open_gateway(settings), open_store(settings) as database:
        await _happen(database)
        row = await _until_dead(database)
    assert (row.event, row.channel, row.attempts) == ("job.failed", "ops", 1)


async def test_a_worker_tells_too(tmp_path: Path, postgres_url: str) -> None:
    settings = _settings(tmp_path, database={"url": postgres_url})
    async with open_database(settings.database, tmp_path) as database:
        await migrate(database)
        async with open_worker(settings):
            await _happen(database)
            assert (await _until_dead(database)).channel == "ops"


async def test_what_an_earlier_process_was_sending_is_seen_to_at_once(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    async with open_store(settings) as database:
        sending: Any = {"lease_owner": "earlier", "attempts": 1, "next_at": time.time() + 9_999}
        async with database.write() as connection:
            await notifications.insert(connection, notification_row(channel="ops", **sending))
    async with open_gateway(settings), open_store(settings) as database:
        assert (await _until_dead(database)).attempts == 1


async def test_the_metrics_of_a_gateway_tell_what_is_unresolved(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    async with open_store(settings) as database, database.write() as connection:
        await alerts.insert(connection, alert_row())
    told = b'wxgate_alerts_open{event="breaker.open",severity="error"} 1.0'
    async with open_gateway(settings) as gateway, asyncio.timeout(30):
        while told not in gateway.metrics.render():
            await asyncio.sleep(0.05)


def test_routes_and_channels_count_without_a_restart(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    changed = settings.model_copy(update={"notify": NotifySettings(burst=3), "channels": ()})
    assert hot(settings, changed) == changed


async def test_a_channel_of_the_store_is_there_before_anything_is_sent(tmp_path: Path) -> None:
    settings = _settings(tmp_path).model_copy(update={"channels": ()})
    sealer = Sealer(key := load_master_key(settings.secrets, tmp_path))
    async with open_store(settings) as database:
        channels: Any = SimpleNamespace(kinds=KINDS, in_file=lambda _name: False)
        audit = AuditLog(database, key, clock=time.time)
        desk = ChannelDesk(database, sealer, audit, channels, clock=time.time)
        await desk.add(read_back(revealed(OPS)), SYSTEM)
        await _happen(database)
        async with open_gateway(settings):
            row = await _until_dead(database)
    assert (row.channel, row.attempts) == ("ops", 1)
    assert "url_forbidden" in (row.error or "")

"""Those who are to be told do not listen, or must not be called: 154."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config

from accounts.master_key import Sealer
from accounts.webhook_secrets import webhook_aad
from core.metrics import Metrics
from core.tasks import TaskSet
from fetch.post import Poster
from fetch.settings import FetchSettings
from jobs.deliver import Deliveries, Way
from jobs.push_settings import WebhookSettings
from jobs.states import State
from sandbox.faults import FaultPlan
from sandbox.listener import Listener
from sandbox.protocol import protocol_with
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from store import deliveries, webhooks
from store.deliveries import DeliveryRow
from store.engine import Database
from tests.jobs.rig import Rig, open_rig
from tests.store.test_webhooks import webhook_row

SEALER = Sealer(bytes(32))


class Receiver:
    """Somebody's server on a real socket."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.got: list[dict[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        self.got.append(dict(request.headers))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        await Response("x" * 100_000, status_code=status)(scope, receive, send)


async def _told(rig: Rig) -> list[DeliveryRow]:
    async with rig.database.read() as connection:
        return await deliveries.page(connection, "whk_1", state=None, before=None, limit=9)


async def _add_hook(rig: Rig, url: str) -> None:
    sealed = SEALER.seal(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", aad=webhook_aad("whk_1"))
    async with rig.database.write() as connection:
        await webhooks.insert(connection, webhook_row(url=url, sealed=sealed))


def _sender(rig: Rig, fetch: FetchSettings) -> tuple[Deliveries, Poster]:
    poster = Poster(fetch, timeout_s=2)
    sender = Deliveries(
        *(rig.database, Way(poster, SEALER, rig.callers, Metrics())),
        settings=WebhookSettings(sweep_s=0.02, retry_after_s=(0.05, 0.05, 0.05, 0.05)),
        keep_events_s=86_400,
        clock=rig.time,
    )
    return sender, poster


async def _run(
    sandbox: RunningSandbox, database: Database, tmp_path: Path, url: str, fetch: FetchSettings
) -> tuple[Any, list[DeliveryRow]]:
    """A job with a webhook at `url`: the job, and its deliveries when they are over."""
    async with open_rig(database, sandbox, tmp_path) as rig:
        await _add_hook(rig, url)
        sender, poster = _sender(rig, fetch)
        async with sender:
            row = await rig.submit()
            ended = await rig.until(row.id)
            async with asyncio.timeout(20):
                while not (told := await _told(rig)) or told[0].state == "pending":
                    await asyncio.sleep(0.02)
        await poster.aclose()
        assert (await rig.get(row.id)).version == ended.version
        return ended, told


async def test_154_a_webhook_that_fails_is_tried_again_and_the_job_stays_as_it_is(
    database: Database, tmp_path: Path
) -> None:
    receiver, tasks = Receiver(), TaskSet()
    receiver.statuses = [500, 503, 200]
    listener = Listener(protocol_with(FaultPlan()), tasks, lambda: 0.0)
    config = Config(receiver, port=0, ws="none", lifespan="off", log_config=None)
    await listener.open(config, tls=None)
    fetch = FetchSettings.model_validate(
        {"allow_networks": ["127.0.0.0/8"], "allow_ports": [listener.port]}
    )
    url = f"http://127.0.0.1:{listener.port}/hook?token=x"
    try:
        async with run_sandbox(SandboxSettings(publish_s=0)) as sandbox:
            ended, (delivery,) = await _run(sandbox, database, tmp_path, url, fetch)
    finally:
        await listener.aclose()
        await tasks.aclose()
    assert ended.state == State.SUCCEEDED
    assert (delivery.state, delivery.attempts) == ("delivered", 3)
    assert {headers["webhook-id"] for headers in receiver.got} == {delivery.id}


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:80/", "url_forbidden"),
        ("http://169.254.169.254/latest/meta-data", "url_forbidden"),
        ("http://[::1]/", "url_forbidden"),
        ("http://10.0.0.1:8080/", "url_forbidden"),
        ("http://user:secret@127.0.0.1/", "url_invalid"),
    ],
)
async def test_154_a_webhook_into_the_own_network_is_not_called(
    database: Database, tmp_path: Path, url: str, error: str
) -> None:
    async with run_sandbox(SandboxSettings(publish_s=0)) as sandbox:
        ended, (delivery,) = await _run(sandbox, database, tmp_path, url, FetchSettings())
    assert ended.state == State.SUCCEEDED
    assert (delivery.state, delivery.error) == ("dead", error)

"""Real clients at work through the gateway, a test each and way in: docs/compatibility.md."""

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.settings import VERIFIED
from tests.compat.clients import Client, lacking, pairs
from tests.compat.columns import Trial
from tests.compat.doors import checks, every_door
from tests.compat.driving import Tool, running
from tests.compat.installing import Installer
from tests.compat.table import Outcome, committed, row
from tests.compat.wirings import Wiring
from tests.e2e.conftest import KEY, Opens
from tests.e2e.website import website
from tests.signing import after_start


@pytest.mark.slow
@pytest.mark.timeout(300)  # the first run installs them
@pytest.mark.parametrize(
    ("client", "wiring"),
    [
        pytest.param(client, wiring, id=f"{client.label}-{wiring.name}".replace(" ", "-"))
        for client, wiring in pairs()
    ],
)
async def test_each_column_is_held(
    client: Client,
    wiring: Wiring,
    installer: Installer,
    open_stand: Opens,
    picture: Path,
    record_property: Callable[[str, object], None],
) -> None:
    started = client.start(installer, client.version)
    async with website() as origin, open_stand(every_door(origin)) as stand:
        if client.version == "signed":
            await after_start()

        @asynccontextmanager
        async def opens(key: str = KEY, app_id: str = VERIFIED.app_id) -> AsyncIterator[Tool]:
            own = {"APP_ID": app_id, "PICTURE": str(picture), "ORIGIN": origin}
            its_way = wiring.environment(stand, key)
            async with running(started, {**own, **its_way}, picture.parent) as tool:
                yield tool

        async with opens() as tool:
            found, errors = await _tried(client, Trial(tool, opens, stand, wiring))
    record_property("compat", json.dumps([client.label, wiring.name, found]))
    if errors:
        raise ExceptionGroup("columns that are not held", errors)
    if not os.environ.get("COMPAT_TABLE"):
        told = row(client.label, wiring.name, found)
        assert told in committed().splitlines(), "docs/compatibility.md is old: make compat"


async def _tried(client: Client, trial: Trial) -> tuple[dict[str, Outcome], list[Exception]]:
    found: dict[str, Outcome] = {}
    errors: list[Exception] = []
    for column, check in checks(trial.wiring).items():
        if column in lacking(client, trial.wiring):
            found[column] = "lacking"
            continue
        try:
            await check(trial)
            found[column] = "passed"
        except Exception as exc:  # noqa: BLE001 (the columns after it are tried all the same)
            exc.add_note(f"column: {column}")
            errors.append(exc)
            found[column] = "failed"
    return found, errors

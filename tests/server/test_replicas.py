from pathlib import Path
from typing import Any

import pytest

from accounts.master_key import Sealer
from server.replicas import ALONE, Place, digest, open_fellowship
from server.roles import Role
from server.settings import Settings
from store.engine import Database

KEY = b"k" * 32


def given(**more: Any) -> Settings:
    return Settings.model_validate({"server": {"listen": "127.0.0.1:8080"}, **more})


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (ALONE, "gate/127.0.0.1:8080"),
        (Place(worker=2), "gate/127.0.0.1:8080#2"),
        (Place(Role.RELAY, 1), "gate/127.0.0.1:8080/relay#1"),
        (Place(Role.WORKER), "gate/worker"),
    ],
)
def test_a_place_has_a_name_that_its_next_process_has_too(place: Place, name: str) -> None:
    assert place.name(given(), "gate") == name


def test_replicas_with_the_same_settings_say_so(tmp_path: Path) -> None:
    one = digest(given())
    assert digest(given(server={"listen": "127.0.0.1:9", "data_dir": str(tmp_path)})) == one
    assert digest(given(limits={"/cgi-bin/x": "1/minute"})) != one
    # It is shown: nobody is to try secrets against it.
    secret, other = ({"redis": {"url": f"redis://:{word}@h/0"}} for word in ("a", "b"))
    assert digest(given(**secret)) == digest(given(**other))


async def test_one_of_several_counts_on_as_many_as_live_or_are_said_to(database: Database) -> None:
    settings = given(redis={"gateways": 3})
    async with open_fellowship(lambda: settings, database, Sealer(KEY), None, ALONE) as us:
        gateways = us.gateways(settings)
        assert gateways() == 3
        us.replicas.serving = 5
        assert gateways() == 5


async def test_it_says_how_it_stands(database: Database) -> None:
    async with open_fellowship(given, database, Sealer(KEY), None, ALONE) as us:
        told = us.bearing()
        assert (told.draining, told.info["jobs"], told.info["redis"]) == (False, 0, "none")
        (row,) = await us.replicas.every()
        assert (row.config, row.role) == (told.config, "all")

from typing import Any

import pytest

from store import silences
from store.engine import Database
from store.silences import SilenceRow


def silence_row(silence_id: str = "sil_1", **values: Any) -> SilenceRow:
    defaults: dict[str, Any] = {
        "id": silence_id,
        "events": ["*"],
        "account": None,
        "key": None,
        "reason": "维护",
        "created_by": "client:ops",
        "created_at": 90.0,
        "starts_at": 100.0,
        "ends_at": 200.0,
    }
    return SilenceRow(**{**defaults, **values})


@pytest.mark.parametrize(
    ("said", "about", "covered"),
    [
        ({}, ("disk.full", None, ""), True),
        ({"events": ["disk.full"]}, ("disk.full", None, "host"), True),
        ({"events": ["disk.near", "disk.fu*"]}, ("disk.full", None, "host"), True),
        ({"events": ["disk.near"]}, ("disk.full", None, "host"), False),
        ({"events": ["disk"]}, ("disk.full", None, "host"), False),
        ({"account": "main"}, ("quota.near", "main", "k"), True),
        ({"account": "main"}, ("quota.near", "other", "k"), False),
        ({"account": "main"}, ("disk.full", None, "k"), False),
        ({"key": "k"}, ("quota.near", "main", "k"), True),
        ({"key": "k"}, ("quota.near", "main", "l"), False),
    ],
)
def test_a_silence_covers_what_it_names(
    *, said: dict[str, Any], about: tuple[str, str | None, str], covered: bool
) -> None:
    assert silence_row(**said).covers(*about) is covered


async def test_it_holds_from_its_beginning_to_its_end(database: Database) -> None:
    async with database.write() as connection:
        await silences.insert(connection, silence_row())
        held = [bool(await silences.at(connection, now)) for now in (99.0, 100.0, 199.0, 200.0)]
        assert held == [False, True, True, False]
        await silences.end(connection, "sil_1", 150.0)
        await silences.end(connection, "sil_1", 160.0)  # too late to change anything
        found = await silences.get(connection, "sil_1", lock=True)
        assert found == silence_row(ends_at=150.0)
        assert await silences.get(connection, "sil_9") is None


async def test_a_list_has_all_or_those_that_have_not_ended(database: Database) -> None:
    async with database.write() as connection:
        await silences.insert(connection, silence_row())
        await silences.insert(connection, silence_row("sil_2", ends_at=300.0))

        async def ids(**wanted: Any) -> list[str]:
            asked: dict[str, Any] = {"ends_after": None, "before": None, "limit": 9, **wanted}
            return [row.id for row in await silences.page(connection, **asked)]

        assert await ids() == ["sil_2", "sil_1"]
        assert await ids(ends_after=200.0) == ["sil_2"]
        assert await ids(before="sil_2", limit=1) == ["sil_1"]
        assert await silences.purge(connection, before=201.0) == 1
        assert await ids() == ["sil_2"]

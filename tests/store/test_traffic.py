import asyncio
from typing import Any

from store import traffic
from store.engine import Database
from store.traffic import TrafficRow


def traffic_row(account: str = "main", at: int = 300, **values: Any) -> TrafficRow:
    defaults: dict[str, Any] = {"calls": 1, "errors": 0, "slow": 0, "took_ms": 10.0}
    return TrafficRow(account=account, at=at, **{**defaults, **values})


async def test_what_several_processes_counted_is_added_up(database: Database) -> None:
    async def tell(order: int) -> None:
        rows = [traffic_row(name, calls=2, errors=1) for name in ("a", "b", "c")]
        async with database.write() as connection:
            await traffic.add(connection, rows[::order])

    await asyncio.gather(*(tell(order) for order in (1, -1) * 4))
    async with database.write() as connection:
        await traffic.add(connection, [])
        await traffic.add(connection, [traffic_row("a", 600, slow=3, took_ms=0.5)])
        found = {row.account: row for row in await traffic.since(connection, 300)}
        assert found["a"] == traffic_row("a", calls=17, errors=8, slow=3, took_ms=80.5)
        assert found["b"] == traffic_row("b", calls=16, errors=8, took_ms=80.0)
        assert [row.account for row in await traffic.since(connection, 301)] == ["a"]


async def test_calls_are_found_by_span(database: Database) -> None:
    async with database.write() as connection:
        rows = [traffic_row(at=at, calls=at) for at in (300, 600, 900, 1_200, 1_500)]
        await traffic.add(connection, [*rows, traffic_row("b", 900)])
        found = await traffic.calls_in(connection, [(300, 900), (1_200, 1_500), (5_000, 6_000)])
        assert found == {"main": {300: 900, 1_200: 1_200}}
        assert await traffic.first(connection) == {"main": 300, "b": 900}


async def test_the_oldest_is_forgotten(database: Database) -> None:
    async with database.write() as connection:
        await traffic.add(connection, [traffic_row(at=300), traffic_row(at=600)])
        assert await traffic.purge(connection, before=600) == 1
        assert await traffic.first(connection) == {"main": 600}

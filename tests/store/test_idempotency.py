import asyncio

from store import idempotency, jobs
from store.engine import Database
from store.idempotency import UsedKey
from tests.store.rows import job_row


def _used(**values: str) -> UsedKey:
    defaults = {"client_id": "blog", "route": "articles", "key": "k", "body_hash": "h"}
    return UsedKey(**{**defaults, "job_id": "job_1", **values}, created_at=100.0)


async def test_of_many_at_once_one_takes_the_key(database: Database) -> None:
    async def submit(number: int) -> bool:
        async with database.write() as connection:
            row = job_row(f"job_{number}")
            await jobs.insert(connection, row)
            return await idempotency.take(connection, _used(job_id=row.id))

    assert sum(await asyncio.gather(*(submit(number) for number in range(20)))) == 1


async def test_a_key_belongs_to_its_client_and_route(database: Database) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row())
        assert await idempotency.take(connection, _used())
        assert await idempotency.take(connection, _used(client_id="other"))
        assert await idempotency.take(connection, _used(route="batches"))
        assert await idempotency.find(connection, "blog", "articles", "k") == _used()
        assert await idempotency.find(connection, "blog", "articles", "K") is None


async def test_old_keys_are_forgotten(database: Database) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row())
        await idempotency.take(connection, _used())
        assert await idempotency.purge(connection, before=100) == 0
        assert await idempotency.purge(connection, before=101) == 1
        assert await idempotency.find(connection, "blog", "articles", "k") is None

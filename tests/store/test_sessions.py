import asyncio

from store import sessions as rows
from store.engine import Database
from store.sessions import RefreshRow, SessionRow


def session(name: str = "ses_1", expires_at: float = 100.0) -> SessionRow:
    return SessionRow(name, "shop", "digest", 1.0, expires_at)


async def opened(database: Database) -> None:
    async with database.write() as connection:
        await rows.insert(connection, session())
        await rows.insert_refresh(connection, RefreshRow("refresh", "ses_1", 1.0))


async def test_a_session_is_found_by_its_refresh_token(database: Database) -> None:
    await opened(database)
    async with database.read() as connection:
        assert await rows.of_refresh(connection, "refresh") == session()
        assert await rows.of_refresh(connection, "other") is None
        assert await rows.find(connection, "ses_1") == session()
        assert await rows.find(connection, "ses_2") is None


async def test_of_two_who_use_a_refresh_token_at_once_one_succeeds(database: Database) -> None:
    await opened(database)

    async def use() -> bool:
        async with database.write() as connection:
            return await rows.use_refresh(connection, "refresh", 5.0)

    assert sorted(await asyncio.gather(*(use() for _ in range(4)))) == [False, False, False, True]


async def test_a_session_ends_once_and_is_listed_from_then_on(database: Database) -> None:
    await opened(database)
    async with database.write() as connection:
        assert await rows.revoke(connection, "ses_1", 7.0)
        assert not await rows.revoke(connection, "ses_1", 8.0)
        assert not await rows.revoke(connection, "ses_2", 8.0)
        assert await rows.revoked(connection, since=7.0) == {"ses_1"}
        assert await rows.revoked(connection, since=7.5) == set()


async def test_what_has_ended_by_itself_is_forgotten_with_its_tokens(database: Database) -> None:
    await opened(database)
    async with database.write() as connection:
        await rows.insert(connection, session("ses_2", expires_at=200.0))
        await rows.purge(connection, before=150.0)
        assert await rows.find(connection, "ses_1") is None
        assert await rows.of_refresh(connection, "refresh") is None
        assert await rows.find(connection, "ses_2") is not None

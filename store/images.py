from typing import Literal, Protocol

from sqlalchemy import delete, func, select
from sqlalchemy.sql.expression import ColumnElement

from core.clock import Clock
from store.engine import Database
from store.tables import uploaded_image
from store.upsert import insert_for

# article: the value is a URL on WeChat's host; of the others a permanent media_id.
Kind = Literal["article", "material", "cover", "thumb"]


class CountsEvents(Protocol):
    """Told what happens in a cache; `cache.stats.CacheStats` is one."""

    def count(self, event: Literal["hit", "miss", "set", "eviction"], account: str) -> None:
        """Note one event of `account`."""
        ...


class UploadedImages:
    """Remembers which picture WeChat already has, by account and content, across restarts."""

    def __init__(self, database: Database, stats: CountsEvents, *, clock: Clock) -> None:
        self._database = database
        self._stats = stats
        self._clock = clock

    async def get(self, account: str, sha256: str, kind: Kind) -> str | None:
        """The URL or media_id of the picture at WeChat, if it was uploaded before."""
        query = select(uploaded_image.c.value).where(*_is(account, sha256, kind))
        async with self._database.read() as connection:
            value: str | None = await connection.scalar(query)
        self._stats.count("miss" if value is None else "hit", account)
        return value

    async def put(self, account: str, sha256: str, kind: Kind, value: str) -> None:
        """Remember an upload; the newest value of a picture counts."""
        now = self._clock()
        async with self._database.write() as connection:
            statement = insert_for(connection, uploaded_image).values(
                account=account, sha256=sha256, kind=kind, value=value, created_at=now
            )
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["account", "sha256", "kind"],
                    set_={"value": value, "created_at": now},
                )
            )
        self._stats.count("set", account)

    async def forget(self, account: str, value: str) -> None:
        """WeChat has that URL or media_id no more: the next use uploads the picture again."""
        statement = delete(uploaded_image).where(
            uploaded_image.c.account == account, uploaded_image.c.value == value
        )
        async with self._database.write() as connection:
            await connection.execute(statement)
        self._stats.count("eviction", account)

    async def clear(self, account: str) -> None:
        """Forget all pictures of the account; their next use uploads them again."""
        statement = delete(uploaded_image).where(uploaded_image.c.account == account)
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def entries(self) -> dict[str, int]:
        """How many pictures are remembered, by account."""
        query = select(uploaded_image.c.account, func.count().label("entries"))
        async with self._database.read() as connection:
            rows = await connection.execute(query.group_by(uploaded_image.c.account))
            return {row.account: row.entries for row in rows}


def _is(account: str, sha256: str, kind: Kind) -> tuple[ColumnElement[bool], ...]:
    return (
        uploaded_image.c.account == account,
        uploaded_image.c.sha256 == sha256,
        uploaded_image.c.kind == kind,
    )

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from core.errors import GatewayError, Text

SQLITE_FILE = "wxgate.db"
_BUSY_TIMEOUT_MS = 5_000
_TURN_S = 5.0
_POOL_TIMEOUT_S = 10
_POSTGRES_CONNECT_TIMEOUT_S = 5
_POSTGRES_COMMAND_TIMEOUT_S = 30
# A SQLite connection is a thread: one writer at a time, and a few readers beside it.
_SQLITE_CONNECTIONS = 4
_POSTGRES_CONNECTIONS = 10
_WRITE = "wxgate_write"


class DatabaseSettings(BaseModel):
    """`[database]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr = Field(
        SecretStr(""),
        description="postgresql://user:password@host/name; empty: SQLite, data_dir/wxgate.db",
    )

    @field_validator("url")
    @classmethod
    def _names_a_postgresql(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not _is_postgresql(url.get_secret_value()):
            raise ValueError(
                "应形如 postgresql://user:password@host/name / "
                "must look like postgresql://user:password@host/name"
            )
        return url


def _is_postgresql(url: str) -> bool:
    try:
        return make_url(url).get_backend_name() in ("postgresql", "postgres")
    except (ArgumentError, ValueError):  # a port that is no number
        return False


class StorageUnavailable(GatewayError):
    """The database cannot be read or written now; nothing was sent to WeChat because of it."""

    status = 503
    code = "storage_unavailable"
    category = "system"
    level = "critical"
    retryable = True
    message = Text("数据库暂不可用：{reason}", "the database is unavailable: {reason}")
    hint = Text(
        "检查 data_dir 所在磁盘的空间与权限，或 [database] url 指向的 PostgreSQL",
        "check space and permissions of data_dir, or the PostgreSQL of [database] url",
    )


class Database:
    """Transactions on the one durable store. Both kinds raise StorageUnavailable."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        # SQLite has one writer; waiting here is fair and free, its own waiting is by sleeping.
        self._turn = asyncio.Lock() if self.is_sqlite else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that changes nothing."""
        with _translated():
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end of the block; after that it survives a crash."""
        with _translated():
            async with self._my_turn(), self._engine.connect() as connection:
                await connection.execution_options(**{_WRITE: True})
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        """A bounded wait: behind a file that another program has locked the queue has no end."""
        if self._turn is None:
            yield
            return
        try:
            async with asyncio.timeout(_TURN_S):
                await self._turn.acquire()
        except TimeoutError:
            raise StorageUnavailable(reason="database is locked") from None
        try:
            yield
        finally:
            self._turn.release()

    async def ping(self) -> None:
        """Raises StorageUnavailable unless the database can be written to."""
        async with self.write() as connection:
            # Something is really written: a full disk lets one begin and end all the same.
            if self.is_sqlite:
                await connection.execute(text("PRAGMA user_version = 0"))
                return
            # What is hosted elsewhere is made read-only when its disk is full.
            query = text("SELECT current_setting('transaction_read_only') FROM txid_current()")
            if await connection.scalar(query) == "on":
                raise StorageUnavailable(reason="it is read-only")


@asynccontextmanager
async def open_database(settings: DatabaseSettings, data_dir: Path) -> AsyncIterator[Database]:
    """Open the configured store; SQLite's file is made in `data_dir` if there is none."""
    url = settings.url.get_secret_value()
    engine = _postgres(make_url(url)) if url else _sqlite(data_dir / SQLITE_FILE)
    try:
        yield Database(engine)
    finally:
        await engine.dispose()


def _postgres(url: URL) -> AsyncEngine:
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        pool_size=_POSTGRES_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_S,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "timeout": _POSTGRES_CONNECT_TIMEOUT_S,
            "command_timeout": _POSTGRES_COMMAND_TIMEOUT_S,
        },
    )


def _sqlite(path: Path) -> AsyncEngine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=_SQLITE_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_S,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # Without this the driver begins transactions by its own rules, never IMMEDIATE ones.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            f"busy_timeout = {_BUSY_TIMEOUT_MS}",
            "foreign_keys = ON",
            # In WAL mode NORMAL may lose the last commits at a power cut. One of them may be
            # the intent to publish, and without it the article would be published again.
            "synchronous = FULL",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "invalidate")
    def _let_go(connection: Any, _record: object, _exc: object) -> None:
        # A task that is cancelled within a statement costs the connection. Closing it leaves the
        # write lock to that statement for as long as a traceback holds it: for minutes.
        with suppress(asyncio.CancelledError, sqlite3.Error):
            connection.rollback()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that later writes can fail at once, whatever busy_timeout says.
        write = connection.get_execution_options().get(_WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


class _translated:  # noqa: N801 - reads as a statement
    """Turns the drivers' many ways to say "not now" into StorageUnavailable."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, exc: BaseException | None, _traceback: object) -> None:
        if isinstance(exc, IntegrityError | ProgrammingError | DataError):
            return  # a bug, or a conflict that the caller expects
        if isinstance(exc, DBAPIError | PoolTimeout | OSError):
            # Only the driver's own first line: it names the fault, never the data.
            cause = getattr(exc, "orig", None) or exc
            raise StorageUnavailable(reason=str(cause).split("\n", 1)[0][:200]) from exc

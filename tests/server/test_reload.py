import asyncio
import contextlib
from pathlib import Path
from typing import Any

from accounts.audit import AuditEntry
from accounts.clients import Enhance
from core.errors import Text
from server.app import open_gateway
from server.faults import BadConfigurationError, Fault
from server.reload import ConfigFile, InForce, Reloadable, Reloader, Stamp, differences, hot
from server.settings import Settings
from store.engine import StorageUnavailable
from tests.e2e.conftest import KEY

ACCOUNT = {"name": "main", "app_id": "wx0000000000000001", "app_secret": "CANARYSECRET"}
CLIENT = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["draft"]}


def given(**sections: Any) -> Settings:
    return Settings(**{"accounts": [ACCOUNT], "clients": [CLIENT], **sections})


def test_only_what_can_count_at_once_is_hot() -> None:
    new = given(
        server={"listen": "127.0.0.1:1", "headers": {"x-a": "1"}},
        auth={"max_skew_s": 900, "failures_per_minute": 7},
        relay={"unknown_paths": "forward", "prefixes": ["/gate"], "enhance_timeout_s": 3},
        limits={"/cgi-bin/menu/get": "3/minute"},
        log={"level": "error", "format": "json"},
        clients=[],
        accounts=[],
    )
    old = given()
    now = hot(old, new)
    assert list(differences(old, now)) == [
        *("server.headers", "auth.failures_per_minute", "relay.unknown_paths"),
        *("relay.enhance_timeout_s", "log.level"),
        *("accounts.main", "clients.blog", "limits"),
    ]
    assert list(differences(now, new)) == [
        *("server.listen", "auth.max_skew_s", "relay.prefixes", "log.format"),
    ]


def test_differences_are_keys_and_names_never_values() -> None:
    other = {**CLIENT, "id": "other", "key": KEY.replace("blog", "other")}
    changed = given(
        accounts=[{**ACCOUNT, "app_secret": "OTHERSECRET"}],
        clients=[other, {**CLIENT, "scopes": ["stats"]}],
    )
    assert list(differences(given(), changed)) == [
        *("accounts.main", "clients.blog", "clients.other"),
    ]
    # Their order means nothing.
    turned = given(clients=[CLIENT, other]), given(clients=[other, CLIENT])
    assert list(differences(*turned)) == []


def test_a_file_and_the_secrets_that_it_names_are_looked_at(tmp_path: Path) -> None:
    config, secret = tmp_path / "gate.toml", tmp_path / "secret"
    secret.write_text("s")
    config.write_text(
        f'[[accounts]]\nname = "main"\napp_id = "wx0000000000000001"\napp_secret_file = "{secret}"\n'
    )
    source = ConfigFile(config)
    source.load()
    assert set(source.look()) == {config, secret}
    assert source.is_loaded(source.look())
    for change in (lambda: secret.write_text("other"), secret.unlink, config.unlink):
        change()
        assert not source.is_loaded(source.look())
        with contextlib.suppress(BadConfigurationError):
            source.load()
        assert source.is_loaded(source.look())


class Script:
    """A ConfigFile that is in the states that it is told to be in, one a look."""

    def __init__(self, *states: int) -> None:
        self.states = list(states)
        self.now = self.loaded = states[0]
        self.loads: list[int] = []
        self.over = asyncio.Event()

    def look(self) -> dict[Path, Stamp]:
        if self.states:
            self.now = self.states.pop(0)
        else:
            self.over.set()
        return {Path("x"): (self.now, 0, 0, 0)}

    def is_loaded(self, state: dict[Path, Stamp]) -> bool:
        return state == {Path("x"): (self.loaded, 0, 0, 0)}

    def load(self) -> Settings:
        self.loads.append(self.now)
        self.loaded = self.now
        raise BadConfigurationError([Fault("server.listen", Text("坏", "bad"))])


class Nowhere:
    """A store that is away."""

    async def note(self, entry: AuditEntry) -> None:
        raise StorageUnavailable(reason=entry.action)


def reloader(in_force: InForce, reached: Any = None) -> Reloader:
    return Reloader(in_force, reached, Nowhere())  # type: ignore[arg-type]


async def test_a_change_counts_once_two_looks_found_the_same() -> None:
    source, in_force = Script(1, 1, 2, 3, 4, 4, 4, 5, 5), InForce(given())
    following = reloader(in_force).follow(source, asyncio.Event(), interval_s=0)  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as group:
        task = group.create_task(following)
        await source.over.wait()
        task.cancel()
    assert source.loads == [4, 5]
    finding = in_force.finding()
    assert (finding.status, "server.listen: bad" in finding.found.en) == ("warn", True)


async def test_who_asks_need_not_wait() -> None:
    source, asked = Script(1, 2), asyncio.Event()
    asked.set()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(
            reloader(InForce(given())).follow(source, asked, interval_s=60)  # type: ignore[arg-type]
        )
        async with asyncio.timeout(20):
            while not source.loads:
                await asyncio.sleep(0)
        task.cancel()
    assert source.loads == [1]


class Reached:
    """What a configuration is put into."""

    def __init__(self) -> None:
        self.put_in: list[Settings] = []

    def put(self, _before: Settings, settings: Settings, _now: float) -> None:
        self.put_in.append(settings)


async def test_a_store_that_is_away_stops_no_reload() -> None:
    in_force, reached = InForce(given()), Reached()
    await reloader(in_force, reached).reload(lambda: given(clients=[]))
    assert in_force.settings.clients == ()
    assert reached.put_in == [in_force.settings]
    # The same again changes nothing, and what waits for a restart is told.
    await reloader(in_force, reached).reload(lambda: given(clients=[], jobs={"concurrency": 3}))
    assert (len(reached.put_in), in_force.waiting) == (1, ["jobs.concurrency"])
    assert "jobs.concurrency" in in_force.finding().found.zh
    await reloader(in_force, reached).reload(lambda: given(clients=[]))
    assert in_force.finding().status == "ok"


async def test_only_a_new_secret_drops_the_accounts_token(tmp_path: Path) -> None:
    server = {"data_dir": str(tmp_path), "listen": "127.0.0.1:0"}
    forgotten: list[str] = []
    async with open_gateway(given(server=server)) as gateway:
        reached = gateway.reloader._reached
        assert isinstance(reached, Reloadable)
        tokens = reached.names.tokens

        def forget(app_id: str, *, before: float) -> None:
            del before
            forgotten.append(app_id)

        tokens.forget = forget  # type: ignore[method-assign]
        for secret in ("CANARYSECRET", "OTHER", "OTHER"):
            account = {**ACCOUNT, "app_secret": secret, "rate_limit": f"{len(forgotten) + 1}/day"}
            settings = given(server=server, accounts=[account])
            await gateway.reloader.reload(lambda settings=settings: settings)  # type: ignore[misc]
    assert forgotten == ["wx0000000000000001"]


async def test_care_for_drafts_is_set_anew_without_a_restart(tmp_path: Path) -> None:
    server = {"data_dir": str(tmp_path), "listen": "127.0.0.1:0"}
    async with open_gateway(given(server=server)) as gateway:
        reached = gateway.reloader._reached
        assert isinstance(reached, Reloadable)
        changed = given(
            server=server,
            relay={"enhance_timeout_s": 3},
            clients=[{**CLIENT, "enhance": ["lint"]}],
        )
        await gateway.reloader.reload(lambda: changed)
        assert reached.care.timeout_s == 3
        client = reached.names.clients.by_id("blog")
        assert client is not None
        assert client.enhance == {Enhance.LINT}

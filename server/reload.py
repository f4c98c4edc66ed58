"""The configuration file, followed while the gateway runs."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Never, Protocol

import structlog
from pydantic import BaseModel

from accounts.audit import AuditEntry, AuditLog
from accounts.clients import Client, Clients
from accounts.official import Accounts, OfficialAccount
from core.awake import is_set_within
from core.clock import Clock
from core.errors import Text
from core.logging import set_level
from core.tasks import TaskSet
from handlers.areas import Segments
from handlers.enhance import RelayCare
from handlers.relay import Relay
from jobs.disk import DiskWatch
from notify.channel_settings import ChannelSettings
from proxy.lockout import Lockout
from proxy.routing import Router
from proxy.rulebook import Rulebook
from proxy.tokens import TokenService
from server.faults import BadConfigurationError, Fault
from server.findings import Finding, ok, warn
from server.layers import Layers, relay_segments
from server.notifying import Notifying
from server.routes import Parts
from server.settings import Settings, load_settings
from server.signals import reload_signal
from store.engine import StorageUnavailable
from wechat.catalogue import load_catalogue

log = structlog.get_logger(__name__)

_INTERVAL_S = 1.0  # a client that is taken out of the file is refused within 5 s
_NAME = "configuration"

# What tells one state of a file from another; None: it is not there. Symlinks are followed.
Stamp = tuple[int, int, int, int] | None


class ConfigFile:
    """Where settings come from: the file, the files of secrets that it names, the environment."""

    def __init__(
        self, path: Path | None, adjust: Callable[[Settings], Settings] = lambda settings: settings
    ) -> None:
        """`adjust` is what the command line puts over the file."""
        self._path = path
        self._adjust = adjust
        self._files: frozenset[Path] = frozenset() if path is None else frozenset({path})
        self._loaded: dict[Path, Stamp] = {}

    def load(self) -> Settings:
        """The settings as they stand there now. Raises BadConfigurationError."""
        # Looked at before it is read: what changes in between counts as a change afterwards.
        before = self.look()
        read: set[Path] = set()
        try:
            return self._adjust(load_settings(self._path, read=read))
        finally:
            self._files = frozenset(read)
            self._loaded = {path: before.get(path) or _stamp(path) for path in read}

    def look(self) -> dict[Path, Stamp]:
        """The state of each file."""
        return {path: _stamp(path) for path in self._files}

    def is_loaded(self, state: dict[Path, Stamp]) -> bool:
        """Whether that is the state that was loaded last."""
        return state == self._loaded


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class Reached(Protocol):
    """What a changed configuration reaches while a process runs."""

    def put(self, before: Settings, settings: Settings, now: float) -> None:
        """Let `settings` count from now on; calls under way keep what they have."""
        ...


@dataclass(frozen=True)
class Names:
    """Clients, accounts, channels of the file: all that a process goes by which only does jobs."""

    clients: Clients
    accounts: Accounts
    tokens: TokenService
    notifying: Notifying

    def put(self, before: Settings, settings: Settings, now: float) -> None:
        """Let those of `settings` count; tokens of an earlier AppSecret are dropped."""
        self.accounts.replace_file(settings.accounts)
        self.clients.replace_file(settings.clients)
        self.notifying.put(settings)
        known = {account.app_id: account.app_secret for account in before.accounts}
        for account in settings.accounts:
            if known.get(account.app_id) != account.app_secret:
                self.tokens.forget(account.app_id, before=now)


@dataclass(frozen=True)
class Reloadable:
    """What a changed configuration reaches while the gateway runs."""

    names: Names
    rulebook: Rulebook
    lockout: Lockout
    relay: Relay
    care: RelayCare
    segments: Segments
    layers: Layers
    disk: DiskWatch
    set_log_level: Callable[[str], None]

    def put(self, before: Settings, settings: Settings, now: float) -> None:
        """Let `settings` count from now on; calls under way keep what they have."""
        router = Router(settings.relay, load_catalogue())  # whatever could fail comes first
        self.names.put(before, settings, now)
        self.rulebook.replace_limits(settings.limits)
        if before.auth != settings.auth:
            self.lockout.replace_limits(settings.auth)
        self.segments.replace(relay_segments(settings))
        self.relay.router = router
        self.care.timeout_s = settings.relay.enhance_timeout_s
        self.layers.replace_headers(settings)
        self.disk.settings = settings.disk
        self.set_log_level(settings.log.level)


class InForce:
    """The settings that this process goes by, and how they stand to those on disk."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults: list[Fault] = []  # why those on disk are not in force
        self.waiting: list[str] = []  # keys that a restart would change

    def get(self) -> Settings:
        """The settings."""
        return self.settings

    def finding(self) -> Finding:
        """For the doctor."""
        if self.faults:
            zh, en = ("; ".join(f"{key}: {text[at]}" for key, text in self.faults) for at in (0, 1))
            return warn(
                _NAME,
                Text(
                    f"磁盘上的配置没有生效：{zh}",
                    f"the configuration on disk is not the one in force: {en}",
                ),
                Text("改好后保存，会自动生效", "mend and save the file; it is then taken up"),
            )
        if self.waiting:
            keys = ", ".join(self.waiting)
            return warn(
                _NAME,
                Text(
                    f"磁盘上的配置没有全部生效：{keys}",
                    f"the configuration on disk is not all in force: {keys}",
                ),
                Text("这些键要重启后才生效", "these keys need a restart"),
            )
        return ok(_NAME, "与磁盘上的一致", "the one on disk")


class Reloader:
    """Takes a changed configuration up, whole or not at all.

    One that cannot be used changes nothing. Of one that can, `hot` says what counts at once.
    """

    def __init__(
        self,
        in_force: InForce,
        reached: Reached,
        audit: AuditLog,
        *,
        clock: Clock = time.time,
    ) -> None:
        self._in_force = in_force
        self._reached = reached
        self._audit = audit
        self._clock = clock

    async def reload(self, load: Callable[[], Settings]) -> None:
        """Take up what `load` gives; a BadConfigurationError leaves all as it is."""
        now = self._in_force
        try:
            found = await asyncio.to_thread(load)
        except BadConfigurationError as exc:
            now.faults, now.waiting = exc.faults, []
            for key, problem in exc.faults:
                log.error("configuration not taken up", key=key, problem=problem.en)  # noqa: TRY400
            return
        settings = hot(now.settings, found)
        changed = list(differences(now.settings, settings))
        now.faults, now.waiting = [], list(differences(settings, found))
        if now.waiting:
            log.warning("configuration needs a restart", keys=now.waiting)
        if not changed:
            return
        before, now.settings = now.settings, settings
        self._reached.put(before, settings, self._clock())
        log.info("configuration taken up", keys=changed)
        await self._write_down(changed, **keys_changed(before.clients, settings.clients))

    async def _write_down(self, changed: list[str], **clients: list[str]) -> None:
        detail = {"keys": changed, **clients}
        entry = AuditEntry(actor="system", action="config.reload", subject=_NAME, detail=detail)
        try:
            await self._audit.note(entry)
        except StorageUnavailable:
            log.exception("reload not written down")

    async def follow(
        self, source: ConfigFile, asked: asyncio.Event, *, interval_s: float = _INTERVAL_S
    ) -> Never:
        """Look again and again, and at once when `asked`.

        A change counts when two looks found the same: who writes in steps may finish.
        """
        earlier: dict[Path, Stamp] | None = None
        while True:
            at_once = await is_set_within(asked, interval_s)
            asked.clear()
            state = source.look()
            if at_once or (state == earlier and not source.is_loaded(state)):
                try:
                    await self.reload(source.load)
                except Exception:
                    log.exception("configuration not taken up")
            earlier = state


def make_reloader(
    in_force: InForce, parts: Parts, tokens: TokenService, layers: Layers
) -> Reloader:
    """What takes a changed configuration up, for a gateway of these `parts`."""
    callers = parts.callers
    reached = Reloadable(
        names=Names(callers.clients, parts.accounts, tokens, parts.notifying),
        rulebook=parts.limiter.rulebook,
        lockout=callers.lockout,
        relay=parts.relay,
        care=parts.work.relay_care,
        segments=parts.relay_segments,
        layers=layers,
        disk=parts.work.disk,
        set_log_level=set_level,
    )
    return Reloader(in_force, reached, parts.audit)


@asynccontextmanager
async def following_file(reloader: Reloader, source: ConfigFile) -> AsyncIterator[None]:
    """Follow the file, and SIGHUP, until the block ends."""
    tasks = TaskSet()
    with reload_signal() as asked:
        tasks.start(reloader.follow(source, asked), name="configuration")
        try:
            yield
        finally:
            await tasks.aclose()


def hot(old: Settings, new: Settings) -> Settings:
    """`old` with what of `new` can count without a restart.

    Not auth.max_skew_s: with a larger one, requests would be taken again whose nonces were
    forgotten by the smaller.
    """
    failures = new.auth.model_copy(update={"max_skew_s": old.auth.max_skew_s})
    at_once = ("rules", "unknown_paths", "enhance_timeout_s")
    relayed = {name: getattr(new.relay, name) for name in at_once}
    return old.model_copy(
        update={
            "accounts": new.accounts,
            "alerts": new.alerts,
            "clients": new.clients,
            "channels": new.channels,
            "notify": new.notify,
            "limits": new.limits,
            "disk": new.disk,
            "auth": failures,
            "relay": old.relay.model_copy(update=relayed),
            "server": old.server.model_copy(update={"headers": new.server.headers}),
            "log": old.log.model_copy(update={"level": new.log.level}),
        }
    )


def differences(old: BaseModel, new: BaseModel, under: str = "") -> Iterator[str]:
    """The keys whose values differ, such as server.listen or clients.blog; never a value."""
    for name in type(old).model_fields:
        key, before, after = f"{under}{name}", getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if isinstance(before, BaseModel):
            yield from differences(before, after, f"{key}.")
        elif name in ("accounts", "clients", "channels"):
            yield from (f"{key}.{each}" for each in _changed(_by_name(before), _by_name(after)))
        else:
            yield key


def keys_changed(before: Iterable[Client], after: Iterable[Client]) -> dict[str, list[str]]:
    """The clients whose keys came into the file, and those whose keys went; neither if none."""
    old, new = ({client.id: client.key for client in clients} for clients in (before, after))
    made = sorted(name for name in new if new[name] != old.get(name))
    revoked = sorted(name for name in old if old[name] != new.get(name))
    said = {"keys_made": made, "keys_revoked": revoked}
    return {name: clients for name, clients in said.items() if clients}


def _by_name(
    entries: Iterable[OfficialAccount | Client | ChannelSettings],
) -> dict[str, BaseModel]:
    return {entry.id if isinstance(entry, Client) else entry.name: entry for entry in entries}


def _changed(before: dict[str, BaseModel], after: dict[str, BaseModel]) -> list[str]:
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )

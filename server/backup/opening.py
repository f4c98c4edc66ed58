from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.clock import Clock
from core.metrics import Metrics
from jobs.executor import Executor
from notify.happening import Tell
from server.backup.clockwork import DUTY, Clockwork, Plan
from server.backup.making import Target, read_passphrase
from server.backup.switched_off import SwitchedOff
from server.following import in_background
from server.settings import Settings
from store.engine import Database
from store.leader import Leader

_HOUR_S = 3_600.0
_LEASE_S = 900.0  # longer than a backup takes


@asynccontextmanager
async def backing_up(
    settings: Settings,
    database: Database,
    tell: Tell,
    metrics: Metrics,
    *,
    works: bool,
    clock: Clock,
) -> AsyncIterator[None]:
    """Backups are made at their time until the end of the block, where that is wanted.

    Only by a process that `works`; `clock` must agree with those of the others. Where they are not
    wanted, what failed of them is no alert any more.
    """
    if not works:
        yield
        return
    if not settings.backup.every_h:
        switched_off = SwitchedOff(database, clock=clock)
        async with in_background(switched_off.run(), name="alerts of backups"):
            yield
        return
    owner = Executor(alone=database.is_sqlite).id
    leader = Leader(database, DUTY, owner, lease_s=_LEASE_S, clock=clock)
    clockwork = Clockwork(*(database, leader, _plan(settings), tell, metrics), clock=clock)
    async with in_background(clockwork.run(), name="backup"):
        yield


def _plan(settings: Settings) -> Plan:
    backup = settings.backup
    return Plan(backup.every_h * _HOUR_S, backup.keep, lambda: target_of(settings))


def target_of(
    settings: Settings,
    *,
    folder: Path | None = None,
    passphrase_file: str = "",
    config: Path | None = None,
) -> Target:
    """Where backups go; what is given here counts before the settings. Raises BackupFailed."""
    data_dir = settings.server.data_dir
    passphrase = read_passphrase(passphrase_file or settings.backup.passphrase_file)
    into = folder or Path(settings.backup.folder or data_dir / "backup")
    return Target(into, passphrase, dict(_files(settings, config)))


def _files(settings: Settings, config: Path | None) -> list[tuple[str, Path]]:
    """What it takes, beside the store, to go on elsewhere; all of it is secret."""
    data_dir = settings.server.data_dir
    key = Path(settings.secrets.master_key_file or data_dir / "master.key")
    found = [("master.key", key)]
    found += [(f"ca/{path.name}", path) for path in sorted((data_dir / "ca").glob("*.pem"))]
    if config is not None:
        found.append(("config.toml", config))
    return [(name, path) for name, path in found if path.is_file()]

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from core.clock import SHANGHAI, rfc3339
from core.errors import GatewayError, Text
from server.backup.container import MIN_PASSPHRASE_CHARS, writing
from store.dump import dump
from store.engine import Database
from store.migrate import HEAD

FORMAT = 1
_PREFIX, _SUFFIX = "wxgate-", ".backup"


class BackupFailed(GatewayError):
    """No backup was made."""

    code = "backup_failed"
    category = "system"
    level = "critical"
    message = Text("没有备份成：{zh}", "no backup was made: {en}")
    hint = Text(
        "检查目标目录的空间与权限，以及口令文件",
        "check the folder's space and permissions, and the passphrase",
    )


@dataclass(frozen=True, slots=True)
class Made:
    """A backup."""

    path: Path
    size: int  # bytes
    rows: int
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Target:
    """Where a backup goes, and what beside the store it holds."""

    folder: Path
    passphrase: str = ""  # empty: not encrypted, and without `files`
    files: Mapping[str, Path] = field(default_factory=dict)  # by their names in the backup


async def make_backup(database: Database, target: Target, *, now: float) -> Made:
    """Write the whole store, as it is at one moment, to a new file. Raises BackupFailed.

    The store goes on to be written to. Secrets in it are sealed under the master key, which a
    backup holds only where it is encrypted.
    """
    moment = datetime.fromtimestamp(now, SHANGHAI).strftime("%Y%m%d-%H%M%S")
    path = target.folder / f"{_PREFIX}{moment}{_SUFFIX}"
    try:
        target.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with writing(path, target.passphrase) as file:
            rows = await _write(database, target, file, now)
        return Made(path, path.stat().st_size, rows, bool(target.passphrase))
    except FileExistsError:
        raise BackupFailed(zh=f"{path} 已存在", en=f"{path} is there already") from None
    except OSError as exc:
        raise BackupFailed(zh=f"{path}：{exc.strerror}", en=f"{path}: {exc.strerror}") from None
    except GatewayError as exc:
        raise BackupFailed(zh=str(exc), en=str(exc)) from None


async def _write(database: Database, target: Target, file: BinaryIO, now: float) -> int:
    counts: Counter[str] = Counter()
    head = {"wxgate_backup": FORMAT, "schema": HEAD, "created_at": rfc3339(now)}
    await asyncio.to_thread(file.write, _line(head))
    for name, path in target.files.items() if target.passphrase else ():
        data = base64.b64encode(await asyncio.to_thread(path.read_bytes)).decode()
        await asyncio.to_thread(file.write, _line({"file": name, "data": data}))
    async with database.read() as connection:
        async for table, rows in dump(connection):
            counts[table] += len(rows)
            # Compressed and sealed beside the event loop, which has others to serve.
            await asyncio.to_thread(_put, file, table, rows)
    await asyncio.to_thread(file.write, _line({"end": dict(counts)}))
    return counts.total()


def _put(file: BinaryIO, table: str, rows: list[dict[str, Any]]) -> None:
    file.writelines(_line({"table": table, "row": row}) for row in rows)


def _line(value: Mapping[str, Any]) -> bytes:
    # ASCII: halves of surrogate pairs, which an article may hold, have no UTF-8.
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def read_passphrase(path: str) -> str:
    """What stands in that file; "" without one. Raises BackupFailed."""
    if not path:
        return ""
    try:
        passphrase = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        said = getattr(exc, "strerror", None) or "not UTF-8"
        raise BackupFailed(zh=f"读不了 {path}：{said}", en=f"cannot read {path}: {said}") from None
    if len(passphrase) < MIN_PASSPHRASE_CHARS:
        raise BackupFailed(
            zh=f"{path} 里的口令不足 {MIN_PASSPHRASE_CHARS} 个字符",
            en=f"the passphrase in {path} is under {MIN_PASSPHRASE_CHARS} characters",
        )
    return passphrase


def remove_old(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups in `folder`; which were removed. Raises OSError."""
    old = sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))[:-keep]
    for path in old:
        path.unlink(missing_ok=True)
    return old

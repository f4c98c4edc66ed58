"""`.wxgate.json`: what became of the files of a folder, by gateway and account."""

import json
import os
import secrets
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NAME = ".wxgate.json"
_VERSION = 1
_LOCK_STALE_S = 10.0  # a write takes milliseconds: who held it for so long is gone
_LOOK_AGAIN_S = 0.02


class MemoryUnusable(Exception):
    """`.wxgate.json` is none that we can read, or a newer one; says why in both languages."""

    def __init__(self, path: Path, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = f"{path}：{zh}", f"{path}: {en}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What became of a file, or of several in one draft."""

    hash: str  # of text, options and pictures, as they were sent
    job: str
    state: str  # of the job when it was seen last
    after: str = ""  # the job before this one
    mode: str = ""  # draft, published, draft_ready, mass_sent; "" until the job has a result
    media_id: str = ""
    url: str = ""
    publish_at: str = ""  # and how late at most, as Wish.when has it

    @property
    def is_pending(self) -> bool:
        """Whether its job went on when it was seen last."""
        return self.state in ("waiting", "scheduled", "accepted", "running")

    @property
    def is_undone(self) -> bool:
        """Whether its job ended without success: the same is to be handed in again."""
        return self.state in ("failed", "cancelled", "partly_failed", "needs_review")

    @property
    def is_draft(self) -> bool:
        """Whether there is a draft to update: one that was published is a draft no more."""
        return bool(self.media_id) and self.mode in ("draft", "draft_ready")


def root_of(path: Path) -> Path:
    """The folder whose `.wxgate.json` tells of `path`: the nearest that has one.

    Looked for from the file or folder upwards, within its repository; without one it is the
    folder itself.
    """
    start = (path if path.is_dir() else path.parent).absolute()
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder
        if (folder / ".git").exists():
            break
    return start


class Memory:
    """The entries of one gateway and account in one folder's `.wxgate.json`.

    Another run may write the same file: saving changes nothing but what this run has learnt.
    """

    def __init__(self, root: Path, gateway: str, account: str) -> None:
        self.root = root
        self._file = root / NAME
        self._place = (gateway.rstrip("/"), account)
        self._entries = _entries(_read(self._file), self._place)
        self._learnt: dict[str, Entry | None] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def name(self, path: Path) -> str:
        """What a file is remembered by: its path below the root, the same on every system."""
        relative = os.path.relpath(path.absolute(), self.root)
        return unicodedata.normalize("NFC", Path(relative).as_posix())

    def get(self, name: str) -> Entry | None:
        """What is known of a file."""
        return self._entries.get(name)

    def put(self, name: str, entry: Entry) -> None:
        """Learn what became of a file; `save` writes it down."""
        self._entries[name] = self._learnt[name] = entry

    def move(self, before: str, name: str) -> None:
        """Learn that a file has another name now."""
        self.put(name, self._entries.pop(before))
        self._learnt[before] = None

    def save(self) -> None:
        """Write down what was learnt, if anything was. Raises OSError, MemoryUnusable."""
        if not self._learnt:
            return
        with _locked(self._file):
            whole = _read(self._file)
            known = whole["gateways"].setdefault(self._place[0], {}).setdefault(self._place[1], {})
            for name, entry in self._learnt.items():
                if entry is None:
                    known.pop(name, None)
                else:
                    known[name] = {key: said for key, said in asdict(entry).items() if said}
            _write(self._file, whole)
        self._learnt.clear()


def only_account(root: Path, gateway: str) -> str:
    """The account that is remembered for a gateway, if it is one; else ""."""
    known = _read(root / NAME)["gateways"].get(gateway.rstrip("/"), {})
    return str(next(iter(known))) if len(known) == 1 else ""


def _read(file: Path) -> dict[str, Any]:
    try:
        whole = json.loads(file.read_text("utf-8"))
        version = whole["version"]
        gateways = whole["gateways"]
    except FileNotFoundError:
        return {"version": _VERSION, "gateways": {}}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise MemoryUnusable(
            file,
            "不是 wxgate 的记录；移走它会重新记录，但已建的草稿会再建一遍",
            "is no record of wxgate's; without it all drafts are made once more",
        ) from None
    if version != _VERSION or not _are_tables(gateways):
        raise MemoryUnusable(
            file,
            f"版本为 {version}，请升级 wxgate",
            f"is of version {version}: use a newer wxgate",
        )
    return {"version": _VERSION, "gateways": gateways}


def _are_tables(gateways: Any) -> bool:
    """Whether it holds accounts by gateway, and files by account."""
    return isinstance(gateways, dict) and all(
        isinstance(accounts, dict) and all(isinstance(files, dict) for files in accounts.values())
        for accounts in gateways.values()
    )


def _entries(whole: dict[str, Any], place: tuple[str, str]) -> dict[str, Entry]:
    known = whole["gateways"].get(place[0], {}).get(place[1], {})
    fields = Entry.__dataclass_fields__
    entries = {}
    for name, said in known.items():
        with suppress(TypeError, AttributeError):  # what somebody cut by hand counts as none
            kept = {key: value for key, value in said.items() if key in fields}
            if all(isinstance(value, str) for value in kept.values()):
                entries[name] = Entry(**kept)
    return entries


def _write(file: Path, whole: dict[str, Any]) -> None:
    """Whole or not at all. A line an entry and in order, so that versions of it merge well."""
    text = json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}.tmp")
    try:
        draft.write_text(text, "utf-8")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """One run at a time, on every system: a file that only one of them can make."""
    lock = file.with_name(file.name + ".lock")
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            with suppress(FileNotFoundError):
                if time.time() - lock.stat().st_mtime > _LOCK_STALE_S:
                    lock.unlink()
            time.sleep(_LOOK_AGAIN_S)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)

"""What is handed in as a batch, read from a file or a folder."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wxgate_client import calls
from wxgate_client.calls import Call
from wxgate_client.local_article import LocalArticle, is_named_as_picture
from wxgate_client.session import Selection, UsageFault

from server.cli.rows import read_bytes, read_rows

_IMAGES = "images.upload"
_ARTICLES = "articles"
# What a gateway takes at once; it has 20 MB for all of a request.
_MAX_ITEMS, _MAX_BYTES = 1_000, 16_000_000


@dataclass(frozen=True)
class Order:
    """A batch as it is sent, and the pictures that have to be there first."""

    said: dict[str, Any]  # the body of POST …/batches; with an archive: its query
    pictures: dict[str, Path] = field(default_factory=dict)  # by SHA-256
    archive: bytes | None = None  # the folder itself, as ZIP
    part: int = 0  # of an order that is too long for one request

    def call(self, account: str, *, again: str = "", dry_run: bool = False) -> Call:
        """Handing it in: the same order is the same job, unless `again` is another."""
        said = {**self.said, "dry_run": True} if dry_run else self.said
        packed = None if self.archive is None else hashlib.sha256(self.archive).hexdigest()
        key = "" if dry_run else calls.idempotency_key(account, said, packed, self.part, again)
        return calls.batch(account, said, archive=self.archive, key=key)

    def parts(self) -> Iterator["Order"]:
        """The same in orders that a gateway takes, one after the other."""
        if self.archive is not None:
            yield self
            return
        for part, items in enumerate(_parts(self.said["items"])):
            yield replace(self, said={**self.said, "items": items}, part=part)


def _parts(items: Iterable[Any]) -> Iterator[list[Any]]:
    """The items in order, each part small enough for one request; one, if there are none."""
    part: list[Any] = []
    size = 0
    for item in items:
        its_size = len(json.dumps(item))
        if part and (len(part) == _MAX_ITEMS or size + its_size > _MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += its_size
    yield part


@dataclass(frozen=True)
class Wanted:
    """What options say; "" and None: as the file says, else as the gateway has it."""

    kind: str = ""
    action: str = ""  # draft, publish
    concurrency: int | None = None
    stop_on_error: bool = False


def read_order(path: Path, wanted: Wanted) -> Order:
    """The batch that a file or a folder means. Raises UsageFault."""
    if path.suffix.lower() == ".zip" and not path.is_dir():
        return Order(_packed(wanted), archive=read_bytes(path))
    if path.is_dir() or path.suffix.lower() in (".md", ".markdown"):
        order = _pictures_of(path) if wanted.kind == _IMAGES else _articles_of(path)
    else:
        said = read_rows(path)
        whole = {"items": said} if isinstance(said, list) else said
        if not isinstance(whole.get("items"), list):
            raise UsageFault(f"{path}：没有 items 数组", f"{path}: has no list of items")
        whole["items"] = [_object(path, n, each) for n, each in enumerate(whole["items"])]
        order = _with_pictures(whole, wanted.kind, path.parent)
    return _as_wanted(order, wanted)


def _object(path: Path, index: int, item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise UsageFault(
            f"{path}：items[{index}] 应为对象", f"{path}: items[{index}] has to be an object"
        )
    return item


def _articles_of(path: Path) -> Order:
    """A folder of Markdown with the pictures it names."""
    folder = path if path.is_dir() else path.parent
    items, pictures = [], dict[str, Path]()
    for draft in Selection((str(path),)).drafts():
        assert isinstance(draft, LocalArticle)  # noqa: S101 - no bundle was asked for
        by_hash = {name: _sha256(local) for name, local in draft.pictures.items()}
        pictures |= {by_hash[name]: local for name, local in draft.pictures.items()}
        item = {"name": draft.path.relative_to(folder).as_posix(), **draft.fields("")}
        items.append({**item, "files": by_hash} if by_hash else item)
    return Order({"kind": _ARTICLES, "items": items}, pictures)


def _pictures_of(folder: Path) -> Order:
    """A folder of pictures, without those in folders that are hidden."""
    found = [file for file in sorted(folder.rglob("*")) if _is_picture(file, folder)]
    if not found:
        raise UsageFault(f"{folder}：没有图片", f"{folder}: has no pictures")
    items = [{"file": file.relative_to(folder).as_posix()} for file in found]
    return _with_pictures({"kind": _IMAGES, "items": items}, _IMAGES, folder)


def _is_picture(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return not hidden and is_named_as_picture(file.name) and file.is_file()


def _with_pictures(said: dict[str, Any], kind: str, folder: Path) -> Order:
    """Of pictures to upload: those that the items name by their paths in `folder`."""
    pictures: dict[str, Path] = {}
    if (kind or said.get("kind")) != _IMAGES:
        return Order(said)
    items = []
    for item in said["items"]:
        name = item.get("file")
        if isinstance(name, str) and "sha256" not in item:
            local = _inside(folder, name)
            sha256 = _sha256(local)
            pictures[sha256] = local
            items.append({**item, "sha256": sha256})
        else:
            items.append(item)
    return Order({**said, "items": items}, pictures)


def _inside(folder: Path, name: str) -> Path:
    """A file below the folder: nothing else of the disk is sent, whatever a list names."""
    local = folder / name
    if not local.resolve().is_relative_to(folder.resolve()):
        raise UsageFault(f"不在 {folder} 之内：{name}", f"not inside of {folder}: {name}")
    return local


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        where = f"{path}: {exc.strerror}"
        raise UsageFault(f"读不了文件：{where}", f"cannot read: {where}") from None


def _packed(wanted: Wanted) -> dict[str, Any]:
    """What the query says of a folder in an archive, over what its batch.json says."""
    said = {
        "kind": wanted.kind,
        "action": wanted.action,
        "concurrency": wanted.concurrency,
        "on_error": "stop" if wanted.stop_on_error else "",
    }
    return {name: value for name, value in said.items() if value}


def _as_wanted(order: Order, wanted: Wanted) -> Order:
    said = {"kind": _ARTICLES, **order.said}
    if wanted.kind:
        said["kind"] = wanted.kind
    if wanted.action:
        if said["kind"] != _ARTICLES:
            raise UsageFault("--action 只用于 articles", "--action is for articles alone")
        said["items"] = _each_with(said["items"], wanted.action)
    if wanted.concurrency is not None:
        said["concurrency"] = wanted.concurrency
    if wanted.stop_on_error:
        said["on_error"] = "stop"
    return Order(said, order.pictures)


def _each_with(items: Iterable[dict[str, Any]], action: str) -> list[dict[str, Any]]:
    return [{**item, "action": action} for item in items]

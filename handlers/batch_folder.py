"""A folder that came as an archive, as the batch that it stands for."""

from collections.abc import Mapping
from typing import Any

import orjson

from content.refusals import ArchiveInvalid
from core.errors import Text
from handlers.bodies import FieldInvalid, WithFiles

_TOLD = "batch.json"
_MARKDOWN = (".md", ".markdown")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".svg", ".avif", ".heic", ".tiff")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def batch_of_folder(files: Mapping[str, bytes], query: Mapping[str, str]) -> WithFiles:
    """The batch in JSON, and the files that its items may name.

    What it is to be says `batch.json`, and before that the query. Without `items` each Markdown
    file is one, or for `images.upload` each picture. Raises ArchiveInvalid, FieldInvalid.
    """
    files = _without_root(files)
    said = {**_told(files), **_asked(query)}
    if "items" not in said:
        said["kind"] = said.get("kind", "articles")
        said["items"] = _items(files, said)
    return WithFiles(_as_json(said), files)


def _as_json(said: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(said)
    except orjson.JSONEncodeError:  # it reads deeper nesting than it writes
        raise _refusal(_TOLD, Text("嵌套过深", "nested too deep")) from None


def _without_root(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Paths within the folder, whether it was packed itself or only what is in it."""
    roots = {path.partition("/")[0] for path in files}
    if len(roots) == 1 and not files.keys() & roots:
        return {path.partition("/")[2]: data for path, data in files.items()}
    return dict(files)


def _told(files: Mapping[str, bytes]) -> dict[str, Any]:
    if _TOLD not in files:
        return {}
    try:
        said = orjson.loads(files[_TOLD])
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise _refusal(_TOLD, Text("不是 JSON 对象", "not a JSON object"))
    return said


def _asked(query: Mapping[str, str]) -> dict[str, Any]:
    """The query in the types of JSON; what is none of them is refused with the rest."""
    asked: dict[str, Any] = dict(query)
    if (number := asked.get("concurrency", "")).isdecimal():
        asked["concurrency"] = int(number[:9])
    if (flag := asked.get("dry_run")) is not None:
        asked["dry_run"] = _TRUTH.get(flag, flag)
    if (tags := asked.get("tags")) is not None:
        asked["tags"] = tags.split(",")
    return asked


def _items(files: Mapping[str, bytes], said: dict[str, Any]) -> list[dict[str, Any]]:
    """An item for each file that can be one; takes from `said` what is the same for all."""
    kind, paths = said["kind"], sorted(files)
    names, suffixes = (
        (("target",), _PICTURES) if kind == "images.upload" else (("action",), _MARKDOWN)
    )
    if kind not in ("articles", "images.upload"):
        reason = f"items of kind {str(kind)[:40]} have to stand in {_TOLD}"
        raise FieldInvalid(field="items", reason=reason)
    same = {name: said.pop(name) for name in names if name in said}
    own = [path for path in paths if path.lower().endswith(suffixes)]
    if not own:
        raise FieldInvalid(field="items", reason=f"no file ends with one of {' '.join(suffixes)}")
    if kind == "images.upload":
        return [{"file": path, **same} for path in own]
    return [{"name": path, "markdown": _text(path, files[path]), **same} for path in own]


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal(path, Text("不是 UTF-8 编码", "not in UTF-8")) from None


def _refusal(path: str, why: Text) -> ArchiveInvalid:
    return ArchiveInvalid(entry=path, zh=why.zh, en=why.en)

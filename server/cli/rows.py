"""Items as they stand in a file: JSON, YAML, JSON lines or CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wxgate_client.session import UsageFault


def read_rows(path: Path) -> Any:
    """What stands in a JSON, YAML, JSON lines or CSV file. Raises UsageFault."""
    readers: dict[str, Callable[[str], Any]] = {
        ".json": json.loads,
        ".jsonl": _lines,
        ".ndjson": _lines,
        ".csv": lambda text: list(_table(text)),
        ".yaml": _yaml,
        ".yml": _yaml,
    }
    if not path.exists():
        raise UsageFault(f"读不了：没有 {path}", f"cannot read: no such file {path}")
    reader = readers.get(path.suffix.lower())
    if reader is None:
        known = " ".join(readers)
        raise UsageFault(f"{path}：只认识 {known}", f"{path}: has to be one of {known}")
    try:
        found = reader(_text(path))
    except ValueError as exc:
        raise UsageFault(f"{path} 读不懂：{exc}", f"{path} cannot be read: {exc}") from None
    if not isinstance(found, list | dict):
        raise UsageFault(f"{path}：应为对象或数组", f"{path}: has to be an object or a list")
    return found


def _text(path: Path) -> str:
    """Of a text file, UTF-8 or as spreadsheets in China save it. Raises UsageFault, ValueError."""
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def read_bytes(path: Path) -> bytes:
    """Of a file. Raises UsageFault."""
    try:
        return path.read_bytes()
    except OSError as exc:
        where = f"{path}: {exc.strerror}"
        raise UsageFault(f"读不了文件：{where}", f"cannot read: {where}") from None


def _lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _yaml(text: str) -> Any:
    import yaml

    try:
        return json.loads(json.dumps(yaml.safe_load(text), default=str))  # dates as ISO 8601
    except yaml.YAMLError as exc:
        raise ValueError(str(exc)) from None


def _table(text: str) -> Iterator[dict[str, Any]]:
    """A row an item: "a.b" is b within a, an empty cell says nothing, [ and { begin JSON."""
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in rows:
            if None in row:
                raise ValueError(f"line {rows.line_num}: more cells than columns")
            item: dict[str, Any] = {}
            for name, cell in row.items():
                if name and cell:
                    _put(item, name.strip(), _cell(cell))
            if item:
                yield item
    except csv.Error as exc:
        raise ValueError(f"line {rows.line_num}: {exc}") from None


def _put(item: dict[str, Any], name: str, value: Any) -> None:
    outer, dot, inner = name.partition(".")
    if not dot:
        item[name] = value
        return
    within = item.setdefault(outer, {})
    if not isinstance(within, dict):
        raise ValueError(f"both {outer} and {name} are given")  # noqa: TRY004 - the file's fault
    _put(within, inner, value)


def _cell(text: str) -> Any:
    if text[0] in "[{":
        try:
            return json.loads(text)
        except ValueError:  # such as Markdown that begins with a link
            return text
    return text

"""Templates and their values as they lie on disk."""

from pathlib import Path
from typing import Any

from wxgate_client.session import UsageFault

from server.cli.order import Order
from server.cli.rows import read_rows

_FORM = ("kind", "description", "variables")


def read_template(path: Path, declared: Path | None) -> dict[str, Any]:
    """The form of a template: its text, and what `declared`, or a file beside it, says of it.

    That file holds the variables, or an object with `variables`, `kind` and `description`, as
    `GET /v1/templates/{name}` answers. Raises UsageFault.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageFault(f"读不了文件：{exc}", f"cannot read: {exc}") from None
    beside = (path.with_suffix(suffix) for suffix in (".json", ".yaml", ".yml"))
    found = declared or next((file for file in beside if file.is_file()), None)
    said = read_rows(found) if found is not None else {}
    if isinstance(said, list):
        said = {"variables": said}
    return {"text": text} | {name: said[name] for name in _FORM if name in said}


def read_values(path: Path | None, settings: list[str]) -> list[dict[str, Any]]:
    """The values for one article after the other; `settings` are for all. Raises UsageFault."""
    said = read_rows(path) if path is not None else {}
    rows = said if isinstance(said, list) else [said]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise UsageFault(f"{path}：应为一行一篇", f"{path}: has to have a row an article")
    common = dict(map(_setting, settings))
    return [{**row, **common} for row in rows]


def articles_of(template: str, rows: list[dict[str, Any]], action: str) -> Order:
    """An article of each row."""
    items = [{"template": template, "variables": row, "action": action} for row in rows]
    return Order({"kind": "articles", "items": items})


def _setting(said: str) -> tuple[str, str]:
    name, equals, value = said.partition("=")
    if not (name and equals):
        raise UsageFault(f"--set 应为 名称=值：{said}", f"--set takes name=value: {said}")
    return name, value

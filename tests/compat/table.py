"""What passes, as the table of docs/compatibility.md."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from core.errors import Text
from tests.compat.clients import CLIENTS, pairs
from tests.compat.columns import COLUMNS

Outcome = Literal["passed", "failed", "lacking", "missing"]
Results = dict[tuple[str, str], dict[str, Outcome]]  # by client and wiring: by column

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
_PART = re.compile(r"(<!-- compat: results -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_SHOWN: dict[Outcome, str] = {"passed": "✓", "failed": "✗", "lacking": "–", "missing": "?"}


def row(client: str, wiring: str, found: Mapping[str, Outcome]) -> str:
    """What came of one client over one wiring."""
    cells = (_SHOWN[found.get(column, "missing")] for column in COLUMNS)
    return f"| {client} | {wiring} | " + " | ".join(cells) + " |"


def markdown(results: Results) -> str:
    """A row for each client and wiring that was tried, and why some columns are empty."""
    lines = [
        "| 客户端 / client | 接法 / wiring | " + " | ".join(COLUMNS) + " |",
        "| --- | --- |" + " --- |" * len(COLUMNS),
        *(row(client, wiring, found) for (client, wiring), found in _ordered(results)),
    ]
    reasons = [
        f"- {name}，{column}：{why.zh} / {name}, {column}: {why.en}"
        for name, lacks in _lacking().items()
        for column, why in lacks.items()
    ]
    return "\n".join([*lines, "", *reasons]) + "\n"


def committed(page: Path = PAGE) -> str:
    """The table as the page has it."""
    found = _PART.search(page.read_text("utf-8"))
    assert found is not None
    return found[2]


def write(results: Results, page: Path = PAGE) -> bool:
    """Put the table into the page, unless some of it was not tried; whether it was."""
    if set(results) != set(_rows()) or "missing" in _outcomes(results):
        return False
    text = page.read_text("utf-8")
    page.write_text(_PART.sub(lambda found: found[1] + markdown(results) + found[3], text), "utf-8")
    return True


def _lacking() -> dict[str, Mapping[str, Text]]:
    of_wirings = {wiring.name: wiring.lacks for _, wiring in pairs()}
    return of_wirings | {client.label: client.lacks for client in CLIENTS}


def _rows() -> list[tuple[str, str]]:
    return [(client.label, wiring.name) for client, wiring in pairs()]


def _ordered(results: Results) -> Iterable[tuple[tuple[str, str], dict[str, Outcome]]]:
    return ((name, results[name]) for name in _rows() if name in results)


def _outcomes(results: Results) -> set[Outcome]:
    return {found.get(column, "missing") for found in results.values() for column in COLUMNS}

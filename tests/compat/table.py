"""What passes, as the table of docs/compatibility.md."""

import re
from pathlib import Path
from typing import Literal

from tests.compat.clients import CLIENTS, WIRINGS

Outcome = Literal["passed", "failed", "skipped"]
Results = dict[tuple[str, str, str], Outcome]  # by client, wiring, check

CHECKS = ("token", "upload", "draft", "publish", "40001", "20 cold", "hint")
_PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
_PART = re.compile(r"(<!-- compat: results -->\n).*?(<!-- end -->)", re.DOTALL)
_SHOWN: dict[Outcome, str] = {"passed": "✓", "failed": "✗", "skipped": "?"}
_NO_SUCH_CALL = "–"


_ALL = {(client.label, wiring.name) for client in CLIENTS for wiring in WIRINGS}

RESULTS: Results = {}


def markdown(results: Results) -> str:
    """A row for each client and wiring that was tried, a column for each check."""
    rows = dict.fromkeys((client, wiring) for client, wiring, _ in results)
    lines = [
        "| 客户端 / client | 接法 / wiring | " + " | ".join(CHECKS) + " |",
        "| --- | --- |" + " --- |" * len(CHECKS),
    ]
    for client, wiring in rows:
        cells = (_cell(results.get((client, wiring, check))) for check in CHECKS)
        lines.append(f"| {client} | {wiring} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(outcome: Outcome | None) -> str:
    return _NO_SUCH_CALL if outcome is None else _SHOWN[outcome]


def write(results: Results, page: Path = _PAGE) -> None:
    """Put the table into the page, unless only some of the checks were run."""
    rows = {(client, wiring) for client, wiring, _ in results}
    if rows != _ALL or {check for *_, check in results} != set(CHECKS):
        return
    text = page.read_text("utf-8")
    page.write_text(_PART.sub(lambda found: found[1] + markdown(results) + found[2], text), "utf-8")

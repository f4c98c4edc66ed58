import json
from collections.abc import Iterable, Mapping
from typing import Any

import typer

_WIDE = 4_000  # nothing is cut for grep and awk


def print_table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """The rows under their head; Chinese counts as wide as it is, and a terminal wraps it."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(_shown, row))
    console.print(table, markup=False, highlight=False)


def _shown(cell: object) -> str:
    """Yes is a tick; no, and nothing at all, is a dash."""
    if cell is True:
        return "✓"
    return "-" if cell is None or cell is False or cell == "" else str(cell)


def print_json(said: Any) -> None:
    """As other programs read it."""
    typer.echo(json.dumps(said, ensure_ascii=False, indent=2))


def print_list(
    told: Any, head: Iterable[str], rows: Iterable[Iterable[object]], *, as_json: bool
) -> None:
    """What was told as it came, or the rows that a person reads of it."""
    if as_json:
        print_json(told)
    else:
        print_table(head, rows)


def print_facts(facts: Mapping[str, object]) -> None:
    """A line each, where there is something to say."""
    for name, value in facts.items():
        if value not in (None, "", [], ()):
            typer.echo(f"{name}: {_shown(value)}")

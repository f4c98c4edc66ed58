"""The templates that come with wxgate: each a text and, beside it, what it declares."""

import json
from functools import cache
from pathlib import Path

from templates.variables import Variable
from templates.version import Version

_FOLDER = Path(__file__).parent / "starters"


@cache
def load_builtin() -> dict[str, Version]:
    """All of them by name."""
    return {path.stem: _load(path) for path in sorted(_FOLDER.glob("*.md"))}


def _load(path: Path) -> Version:
    said = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return Version(
        name=path.stem,
        kind=said["kind"],
        number=1,
        text=path.read_text("utf-8"),
        variables=tuple(Variable(**each) for each in said["variables"]),
        description=said["description"],
        builtin=True,
    )

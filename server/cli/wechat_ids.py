"""WeChat's ids as arguments: one in sixty-four begins with a hyphen, like an option."""

import re
from typing import Any

from typer.core import TyperCommand

# No option of ours is so long, and no value is written right behind its letter.
_ID = re.compile(r"-[A-Za-z0-9_][A-Za-z0-9_-]{38,}")
_HELD = "\N{WORD JOINER}"


class IdCommand(TyperCommand):
    """A command that takes ids as they were shown, without `--` before them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Click's, which does not see the hyphens."""
        rest = super().parse_args(
            ctx, [f"{_HELD}{arg}" if _ID.fullmatch(arg) else arg for arg in args]
        )
        ctx.params = {name: _restored(value) for name, value in ctx.params.items()}
        return rest


def _restored(value: Any) -> Any:
    if isinstance(value, str):
        return value.removeprefix(_HELD)
    return [_restored(each) for each in value] if isinstance(value, list | tuple) else value

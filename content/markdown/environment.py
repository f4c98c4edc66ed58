from collections.abc import MutableMapping
from typing import Any

from content.manuscript import Manuscript
from content.options import RenderOptions

Env = MutableMapping[str, Any]


def manuscript_of(env: Env) -> Manuscript | None:
    """The article that is being parsed; None when the parser is used without one."""
    return env.get("manuscript")


def options_of(env: Env) -> RenderOptions:
    """The article's options; what is usual when the parser is used without an article."""
    manuscript = manuscript_of(env)
    return RenderOptions() if manuscript is None else manuscript.options

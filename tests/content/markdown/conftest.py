from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from content.manuscript import Manuscript
from content.markdown.budget import Budget
from content.markdown.code import Highlighter
from content.markdown.syntax import use_syntax
from content.options import RenderOptions
from content.steps.markdown import open_parser

Html = Callable[..., str]


@pytest.fixture(scope="package")
def html() -> Html:
    """Markdown → HTML by our parser, with the options named."""
    md = open_parser()
    use_syntax(md)
    highlighter = Highlighter("default")

    def render(text: str, made: Manuscript | None = None, **options: Any) -> str:
        made = made or Manuscript(text=text, is_markdown=True, options=RenderOptions(**options))
        env = {
            "manuscript": made,
            "highlighter": highlighter,
            "budget": Budget(1, process_time, chars=1_000_000),
        }
        return str(md.render(text, env))

    return render

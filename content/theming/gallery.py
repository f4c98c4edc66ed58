from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from content.pipeline import Pipeline
from content.theming.codes import PALETTES
from content.theming.library import Theme, Themes
from content.theming.problems import PROBLEMS

# What the list of themes shows of each: small, and still of every kind.
_PREVIEW = """## 标题 Heading

正文有**重点**与`代码`，读来舒服。

> 引文一句。

- 列表
"""
_CODE_PREVIEW = '''```python
@cached
def greet(name: str, times: int = 2) -> str:
    """问好"""
    return f"你好，{name}" * times  # 注释
```
'''


class Gallery:
    """The themes, seen over an article; works in a worker process."""

    def __init__(self, folder: str = "") -> None:
        """`folder`: the operator's own themes; empty: none."""
        self._folder = folder
        self._themes = Themes()
        self._pipeline = Pipeline()

    def themes(self) -> list[Theme]:
        """The article themes."""
        return self._themes.list(Path(self._folder) if self._folder else None)

    def sample(self, *, theme: str = "default", code_theme: str = "default") -> str:
        """The whole sample article."""
        text = resources.files("content.theming").joinpath("sample.md").read_text("utf-8")
        return self._render(text, theme, code_theme)

    def code_sample(self, code_theme: str) -> str:
        """A block of code."""
        return self._render(_CODE_PREVIEW, "default", code_theme)

    def listing(self) -> Iterator[dict[str, Any]]:
        """Each theme with a small preview, then each code theme of ours."""
        for theme in self.themes():
            yield {
                "name": theme.name,
                "kind": "article",
                "own": theme.own,
                "title": theme.title,
                "description": theme.description,
                "problems": self._problems(theme.name),
                "preview": self._render(_PREVIEW, theme.name, "default"),
            }
        for name, palette in PALETTES.items():
            yield {
                "name": name,
                "kind": "code",
                "own": False,
                "title": palette.title,
                "description": ("", ""),
                "problems": [],
                "preview": self.code_sample(name),
            }

    def _problems(self, name: str) -> list[dict[str, Any]]:
        folder = Path(self._folder) if self._folder else None
        return [
            {"line": one.line, "column": one.column, "what": one.what, "told": PROBLEMS[one.code]}
            for one in self._themes.sheet(name, folder).problems
        ]

    def _render(self, markdown: str, theme: str, code_theme: str) -> str:
        made = self._pipeline.run(
            {
                "markdown": markdown,
                "html": None,
                "defaults": {},
                "given": {"title": "样张", "theme": theme, "code_theme": code_theme},
                "default_options": {},
                "options": {},
                "length_rule": "text",
                "max_images": 10,
                "lexicon": "",
                "themes_dir": self._folder,
            }
        )
        html: str = made["content"]
        return html

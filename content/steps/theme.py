from pathlib import Path

from css_inline import CSSInliner

from content.manuscript import Manuscript
from content.refusals import ThemeUnknown
from content.theming.fold import Folder
from content.theming.library import Themes
from content.theming.selectors import ROOT


class Theming:
    """Writes a theme's stylesheet into style attributes, all that WeChat keeps of it.

    An article that came as HTML brings its own looks: its `<style>` is written in, no theme.
    """

    def __init__(self) -> None:
        # Never fetches: a stylesheet named by the article is not read, from the net or from disk.
        self._inliner = CSSInliner(
            load_remote_stylesheets=False,
            inline_style_tags=True,
            keep_style_tags=False,
            keep_link_tags=False,
            minify_css=True,
        )
        self._themes = Themes()
        self._folder = Folder()

    def apply(self, manuscript: Manuscript) -> None:
        """Give every element its style; raises ThemeUnknown."""
        css = self._css(manuscript.string("theme"), manuscript.themes_dir)
        html = manuscript.html
        if not manuscript.is_markdown:
            manuscript.html = self._inliner.inline_fragment(html, "")
            return
        # WeChat drops the styles of the outermost element: the theme's own stand on the second.
        wrapped = f'<section><section class="{ROOT[1:]}">{html}</section></section>'
        manuscript.html = self._folder.fold(self._inliner.inline_fragment(wrapped, css))

    def _css(self, name: str, themes_dir: str) -> str:
        folder = Path(themes_dir) if themes_dir else None
        try:
            return self._themes.sheet(name, folder).css
        except KeyError:
            known = ", ".join(self._themes.names(folder))
            raise ThemeUnknown(field="theme", name=name[:40], known=known) from None

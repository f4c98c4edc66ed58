from importlib import resources

from css_inline import CSSInliner

from content.manuscript import Manuscript
from content.refusals import ThemeUnknown


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
        folder = resources.files("content.themes")
        self._themes = {
            entry.name.removesuffix(".css"): entry.read_text("utf-8")
            for entry in folder.iterdir()
            if entry.name.endswith(".css")
        }

    def apply(self, manuscript: Manuscript) -> None:
        """Give every element its style; raises ThemeUnknown."""
        theme = manuscript.string("theme")
        if theme not in self._themes:
            known = ", ".join(sorted(self._themes))
            raise ThemeUnknown(field="theme", name=theme[:40], known=known)
        html = manuscript.html
        if not manuscript.is_markdown:
            manuscript.html = self._inliner.inline_fragment(html, "")
            return
        wrapped = f'<section class="article">{html}</section>'
        manuscript.html = self._inliner.inline_fragment(wrapped, self._themes[theme])

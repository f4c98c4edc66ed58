from html import escape

from content.theming.codes import PALETTES
from content.theming.gallery import Gallery
from sandbox.darkmode import darken

# ruff: noqa: E501 - a stylesheet
_HEAD = """<!doctype html>
<html lang="zh"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>wxgate themes</title>
<style>
body { margin: 0; padding: 24px; background: #e9ebee; font: 16px/1.6 system-ui, sans-serif; color: #222 }
main { display: flex; flex-wrap: wrap; gap: 24px; align-items: flex-start }
figure { margin: 0; width: 375px }
figcaption { margin: 0 0 8px; font-size: 14px }
figcaption b { font-size: 16px }
.phone { box-sizing: border-box; width: 375px; padding: 20px 16px; overflow: hidden; border-radius: 12px }
.light { background: #fff; color: #191919 }
.dark { background: #191919; color: #a3a3a3; display: none }
#night { position: fixed; top: 16px; right: 24px }
body:has(#night:checked) .light { display: none }
body:has(#night:checked) .dark { display: block }
label { position: fixed; top: 12px; right: 48px; font-size: 14px }
</style>
<label for="night">深色模式 / dark mode</label><input type="checkbox" id="night">
"""


def themes_page(gallery: Gallery) -> str:
    """One HTML page with all themes over the sample article, and all code themes of ours.

    Holds all it needs; dark mode as WeChat's app makes it.
    """
    articles = [
        _figure(theme.name, theme.title, theme.description, gallery.sample(theme=theme.name))
        for theme in gallery.themes()
    ]
    codes = [
        _figure(name, palette.title, ("", ""), gallery.code_sample(name))
        for name, palette in PALETTES.items()
    ]
    return (
        f"{_HEAD}<h1>主题 / themes</h1><main>{''.join(articles)}</main>"
        f"<h1>代码配色 / code themes</h1><main>{''.join(codes)}</main></html>\n"
    )


def _figure(name: str, title: tuple[str, str], about: tuple[str, str], html: str) -> str:
    zh, en = (" — ".join(filter(None, pair)) for pair in zip(title, about, strict=True))
    return (
        f"<figure><figcaption><b>{escape(name)}</b><br>{escape(zh)}<br>{escape(en)}</figcaption>"
        f'<div class="phone light">{html}</div>'
        f'<div class="phone dark">{darken(html)}</div></figure>'
    )

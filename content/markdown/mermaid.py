"""Mermaid diagrams, drawn by merman (the extra `mermaid`)."""

import base64
import json
import re
from collections.abc import MutableMapping
from functools import cache
from typing import Any

from css_inline import CSSInliner
from markdown_it import MarkdownIt

from content.manuscript import Manuscript
from content.markdown.budget import TimeUp
from content.markdown.cjk import is_cjk
from content.markdown.code import render_code, use_fence
from content.markdown.fence import Fence

_MAX_CHARS = 10_000
_DIAGRAM_S = 0.3
_REASON_CHARS = 120
# "constrained" is for input that nobody trusts; "resvg-safe" writes text without foreignObject.
_OPTIONS = json.dumps(
    {"version": 2, "resources": {"profile": "constrained"}, "svg": {"pipeline": "resvg-safe"}}
)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_LABEL = re.compile(
    r'<defs><g id="([\w-]+-foreignobject-label-\d+)"[^>]*><svg[^>]*>(.*?)</svg></g></defs>',
    re.DOTALL,
)
_USE = re.compile(r'<use x="0" y="0" href="#([\w-]+-foreignobject-label-\d+)"[^>]*/>')
_BOX = re.compile(r'viewBox="(-?[\d.]+) (-?[\d.]+) ([\d.]+) ([\d.]+)"')
_NOT_DRAWN = re.compile(r' (?:class|role|aria-[\w-]+|data-[\w-]+)="[^"]*"')
_MIDDLE = "margin:1em 0;text-align:center"

Env = MutableMapping[str, Any]


class MermaidMissing(Exception):
    """The package merman is not installed."""


def use_mermaid(md: MarkdownIt) -> None:
    """Draw fences of the language `mermaid` as `options.mermaid` says."""
    use_fence(md, "mermaid", render_diagram)


def render_diagram(source: str, env: Env) -> str:
    """A diagram; as it was typed, with a warning, where it cannot be drawn."""
    manuscript: Manuscript = env["manuscript"]
    html = None if manuscript.options.mermaid == "off" else _drawn(source, env)
    return render_code(source, Fence("mermaid"), env) if html is None else html


def _drawn(source: str, env: Env) -> str | None:
    manuscript: Manuscript = env["manuscript"]
    reason = ""
    try:
        client, inliner = _load()
        with env["budget"].at_most(_DIAGRAM_S):
            svg, width = _draw(client, inliner, source)
    except MermaidMissing:
        manuscript.warn(
            "mermaid_extra_missing",
            "没有安装图表组件，Mermaid 按源码显示；安装后重启网关：pip install 'wxgate[mermaid]'",
            "diagrams are shown as typed; to draw them, and restart: pip install 'wxgate[mermaid]'",
        )
        return None
    except TimeUp:
        reason = "too many or too complex"
    except Exception as error:  # noqa: BLE001 - a parser of diagrams, and any text
        reason = str(getattr(error, "message", "") or "too large")
    else:
        html = _as_svg(svg, width) if manuscript.options.mermaid == "svg" else _picture(svg, width)
        if env["budget"].take_room(html):
            _check_font(manuscript, source)
            return html
        reason = "too many"
    reason = " ".join(reason.split())[:_REASON_CHARS]
    manuscript.warn(
        "diagram_not_drawn",
        f"有 Mermaid 图无法绘制，按源码显示：{reason}",
        f"a Mermaid diagram cannot be drawn and is shown as typed: {reason}",
    )
    return None


@cache
def _load() -> tuple[Any, CSSInliner]:
    try:
        import merman
    except ImportError:
        raise MermaidMissing from None
    return merman.Merman(), CSSInliner(load_remote_stylesheets=False, minify_css=True)


def _draw(client: Any, inliner: CSSInliner, source: str) -> tuple[str, float]:
    """The diagram with its styles in attributes, and its width in px."""
    if len(source) > _MAX_CHARS:
        raise ValueError
    drawn = _with_labels(client.render_svg(source, _OPTIONS))
    svg = inliner.inline_fragment(_STYLE.sub("", drawn), "".join(_STYLE.findall(drawn)))
    box = _BOX.search(svg)
    if box is None:
        raise ValueError
    x, y, width, height = box.groups()
    root, inner = _NOT_DRAWN.sub("", svg).replace("&nbsp;", "\u00a0").split(">", 1)
    ground = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="#fff"/>'
    return f"{root}>{ground}{inner}", float(width)


def _with_labels(svg: str) -> str:
    """`svg` with its labels in place; as a `<use>` WeChat would drop them.

    Without the `<svg>` around each, too: it cuts off what is wider than merman's narrow font.
    """
    labels = dict(_LABEL.findall(svg))
    return _USE.sub(lambda use: f"<g>{labels.get(use[1], '')}</g>", _LABEL.sub("", svg))


def _picture(svg: str, width: float) -> str:
    """An `<img>` that the picture steps take on from here."""
    src = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    image = f'<img src="{src}" alt="Mermaid" style="width:{width:.0f}px">'
    return f'<section class="diagram" style="{_MIDDLE}">{image}</section>\n'


def _as_svg(svg: str, width: float) -> str:
    root, inner = svg.split(">", 1)
    box = _BOX.search(root)
    assert box is not None  # noqa: S101 - as it was drawn
    style = f"width:{width:.0f}px;max-width:100%;height:auto"
    return (
        f'<section class="diagram" style="{_MIDDLE}"><svg {box[0]} style="{style}">{inner}'
        "</section>\n"
    )


def _check_font(manuscript: Manuscript, source: str) -> None:
    from content.pictures.fonts import chinese_font

    if manuscript.options.mermaid == "png" and any(map(is_cjk, source)) and not chinese_font():
        manuscript.warn(
            "diagram_font_missing",
            "系统没有中文字体，图中的中文会缺失；请安装 Noto Sans CJK 或文泉驿",
            "the system has no font for Chinese: install Noto Sans CJK, or Chinese in diagrams is"
            " missing",
        )

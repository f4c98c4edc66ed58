import re
from collections.abc import Iterable

import tinycss2
from tinycss2.ast import Declaration, FunctionBlock, Node, StringToken, URLToken, WhitespaceToken

from content.manuscript import Body, Manuscript
from content.pictures.source import source_kind, tidy_source
from content.refusals import TooManyImages
from content.theming.style import LEADS_OUTSIDE, background

_SHOWS_PICTURE = frozenset({"background", "background-image"})
# As the step before writes it. Text that only looks so costs a look at the tree.
_STYLE = re.compile(r' style="([^"]*+)"')
_IMAGE_SETS = frozenset({"image-set", "-webkit-image-set"})


def list_backgrounds(manuscript: Manuscript) -> None:
    """List the pictures in `style` attributes, each then named as `background` says.

    What else leads outside in a style is left out. Raises TooManyImages.
    """
    if not any(map(LEADS_OUTSIDE.search, set(_STYLE.findall(manuscript.html)))):
        return
    body = Body(manuscript.html)
    styles = _Styles([image["src"] for image in manuscript.images])
    for node in body.css("[style]"):
        style = node.attributes.get("style") or ""
        if LEADS_OUTSIDE.search(style):
            node.attrs["style"] = styles.rewrite(style)
    _tell(manuscript, styles)
    manuscript.html = body.serialize()
    new = list(styles.numbers)[len(manuscript.images) :]
    manuscript.images += [{"src": src, "alt": "", "place": "background"} for src in new]
    if len(manuscript.images) > manuscript.max_images:
        count = len(manuscript.images)
        raise TooManyImages(field="images", count=count, limit=manuscript.max_images)


def _tell(manuscript: Manuscript, styles: "_Styles") -> None:
    if styles.used:
        manuscript.warn(
            "background_unconfirmed",
            "样式中的背景图会上传到微信；微信是否保留背景图未经官方证实，发布前请预览",
            "background pictures are uploaded; whether WeChat keeps them is not documented: look"
            " at the preview",
        )
    if styles.dropped:
        manuscript.warn(
            "style_url_removed",
            "样式中无法使用的外部资源已移除",
            "resources named in styles that cannot be used were removed",
        )


class _Styles:
    """Rewrites style attributes, each different one once."""

    def __init__(self, pictures: Iterable[str]) -> None:
        self.numbers = {src: number for number, src in enumerate(pictures)}
        self.used = False
        self.dropped = False
        self._rewritten: dict[str, str] = {}

    def rewrite(self, style: str) -> str:
        """`style` with its pictures in their one spelling, without all else that leads outside."""
        if style not in self._rewritten:
            self._rewritten[style] = self._read(style)
        return self._rewritten[style]

    def _read(self, style: str) -> str:
        try:
            parsed = tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
            return ";".join(filter(None, map(self._declaration, parsed)))
        except (RecursionError, ValueError):  # brackets in brackets, numbers without end
            self.dropped = True
            return ""

    def _declaration(self, node: Node) -> str:
        if not isinstance(node, Declaration):
            self.dropped = True
            return ""
        try:
            if node.lower_name in _SHOWS_PICTURE:
                value = "".join(map(self._written, node.value))
            else:
                value = tinycss2.serialize(node.value)
                _refuse_outside(value)
        except ValueError:
            self.dropped = True
            return ""
        return f"{node.lower_name}:{value.strip()}" + (" !important" if node.important else "")

    def _written(self, token: Node) -> str:
        """`token` as CSS; raises ValueError for one that leads outside."""
        if (named := _named_picture(token)) is not None:
            number = self.numbers.setdefault(_canonical(named), len(self.numbers))
            self.used = True
            return background(number)
        written: str = token.serialize()
        _refuse_outside(written)
        if '"' in written:  # a name within a function of days to come
            raise ValueError(written)
        return written


def _named_picture(token: Node) -> str | None:
    """The picture that `token` is; None if it is something else. ValueError: a bad one."""
    if isinstance(token, URLToken):
        return str(token.value)
    if not isinstance(token, FunctionBlock):
        return None
    arguments = [inner for inner in token.arguments if not isinstance(inner, WhitespaceToken)]
    if token.lower_name == "url":
        if len(arguments) != 1 or not isinstance(arguments[0], StringToken):
            raise ValueError(token)
        return str(arguments[0].value)
    if token.lower_name in _IMAGE_SETS:
        return next(filter(None, map(_candidate, arguments)), "")
    return None


def _candidate(token: Node) -> str | None:
    return str(token.value) if isinstance(token, StringToken) else _named_picture(token)


def _canonical(named: str) -> str:
    """`named` as it can stand between quotes; raises ValueError for a source of no kind."""
    src = tidy_source(named).replace("\\", "/").replace('"', "%22")
    if source_kind(src) is None or not src.isprintable():
        raise ValueError(src)
    return src


def _refuse_outside(value: str) -> None:
    if LEADS_OUTSIDE.search(value):
        raise ValueError(value)

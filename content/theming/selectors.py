"""Selectors of other editors' stylesheets, turned into ours.

Editors wrap an article into a root of their own (`#nice h1`, `#wenyan p`, `.markdown-body li`).
Here the stylesheet meets nothing but the article, so the root falls away, and where it stands
alone it is the article's own section.
"""

import re

ROOT = ".article"

_ROOTS = re.compile(
    r"(?:(?:section|div|body|html)?(?:#(?:nice|wenyan|write|output|markdown|article|content|app)"
    r"|\.(?:article|container|markdown-body|wechat-content|rich_media_content))|section#[\w-]+"
    r"|:root|body|html|container)(?![\w-])\s*"
)
# Where others' markup differs by name alone.
_SAME = (
    (re.compile(r"(?<![\w-])(h[1-6])\s+\.content(?![\w-])"), r"\1"),  # mdnice's spans in headings
    (re.compile(r"\.codespan\b|:not\(pre\)\s*>\s*code\b"), "code"),
    (re.compile(r"\.listitem\b"), "li"),
    (re.compile(r"\.multiquote-1\b"), "blockquote"),
    (re.compile(r"\.table-container\b"), ".table"),
    (re.compile(r"(?:pre)?(?:\.(?:code__pre|custom|hljs)(?![\w-]))+"), "pre"),
    (re.compile(r"\.footnote-(?:word|ref)\b"), ".reference"),
    (re.compile(r"\.footnotes-sep\b"), ".references"),
)
_PSEUDO_ELEMENT = re.compile(r"::[\w-]+|:(?:before|after|first-line|first-letter|marker)\b")
_PSEUDO_CLASS = re.compile(r":([\w-]+)")
# What the tree alone decides; `:hover` would need a reader.
_DECIDED = frozenset(
    {
        "first-child", "last-child", "only-child", "nth-child", "nth-last-child", "first-of-type",
        "last-of-type", "only-of-type", "nth-of-type", "nth-last-of-type", "not", "empty",
    }
)  # fmt: skip
_NAME = re.compile(r"[.#][\w-]+")


class SelectorLost(ValueError):
    """The selector can never reach an element; its argument is the code of the problem."""


def ours(selector: str, known: frozenset[str]) -> str:
    """`selector` for our markup; raises SelectorLost. `known`: the classes our markup has."""
    if _PSEUDO_ELEMENT.search(selector):
        raise SelectorLost("pseudo_element")
    stripped = selector.strip()
    if any(name not in _DECIDED for name in _PSEUDO_CLASS.findall(stripped) if name != "root"):
        raise SelectorLost("pseudo_class")
    rooted = False
    while found := _ROOTS.match(stripped):
        rooted = True
        stripped = stripped[found.end() :]
    if rooted and (not stripped or stripped[0] in ">+~"):
        stripped = f"{ROOT} {stripped}".strip()
    for theirs, mine in _SAME:
        stripped = theirs.sub(mine, stripped)
    if any(name not in known for name in _NAME.findall(stripped)):
        raise SelectorLost("selector")
    return stripped

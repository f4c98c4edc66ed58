from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from content.kinds import ArticleType
from content.options import RenderOptions
from content.plain_yaml import Plain
from content.words.entries import Level
from content.words.hits import WordHit
from wechat.limits import LengthRule

if TYPE_CHECKING:
    from markdown_it.token import Token

_BLOCKS = "p, li, section, div, blockquote, br, hr, dt, dd, tr, img"


@dataclass(slots=True)
class Manuscript:
    """An article on its way through the pipeline; each step changes its part."""

    text: str  # what the caller sent; front matter is taken away from it
    is_markdown: bool
    length_rule: LengthRule = "text"
    max_images: int = 100
    fields: dict[str, Any] = field(default_factory=dict)  # title, author, theme …
    defaults: dict[str, str | bool] = field(default_factory=dict)  # for fields nobody gave
    front_matter: dict[str, Plain] = field(default_factory=dict)  # all of it, as written
    options: RenderOptions = field(default_factory=RenderOptions)
    given_options: dict[str, object] = field(default_factory=dict)  # by caller or front matter
    source: str = ""  # what the caller sent, all of it
    sent: frozenset[str] = frozenset()  # the fields that stood beside it
    digest_from_text: bool = False
    lexicon: str = ""  # the name of the word lists that hold for it
    themes_dir: str = ""  # the operator's own stylesheets; empty: none
    extensions: tuple[str, ...] = ()  # the operator's own rules for Markdown
    article_type: ArticleType = "news"
    named_images: list[str] = field(default_factory=list)  # of a newspic, beside its text
    crops: dict[str, list[float]] = field(default_factory=dict)  # of the cover, by ratio
    products: list[dict[str, Any]] = field(default_factory=list)
    tokens: Sequence["Token"] = ()  # what Markdown was read as; none for HTML
    html: str = ""  # of a newspic plain text in the end
    images: list[dict[str, str]] = field(default_factory=list)  # {src, alt}, one for each src
    warnings: list[dict[str, Any]] = field(default_factory=list)
    words: list[WordHit] = field(default_factory=list)  # of the lists, the first of them
    word_counts: dict[Level, int] = field(default_factory=dict)
    wants_keywords: bool = False
    keywords: list[str] = field(default_factory=list)
    stats: dict[str, int] = field(default_factory=dict)

    def string(self, name: str) -> str:
        """The field `name`, empty when nobody gave it."""
        return str(self.fields.get(name) or "")

    def warn(self, code: str, zh: str, en: str, *, field: str | None = None) -> None:
        """Tell the author something that does not stop the article; once for each code."""
        if all(warning["code"] != code for warning in self.warnings):
            self.warnings.append({"code": code, "message": (zh, en), "field": field})


class Body(LexborHTMLParser):
    """The HTML as a tree, for the steps that rearrange it."""

    def __init__(self, html: str) -> None:
        super().__init__(html, is_fragment=True)

    def serialize(self) -> str:
        """The tree as HTML again; attribute values in double quotes, escaped."""
        return self.html or ""

    def plain(self) -> str:
        """The text that readers see."""
        return self.text()

    def words(self) -> str:
        """The text on one line, with a space between blocks; changes the tree."""
        for block in self.css(_BLOCKS):
            block.insert_after(" ")
        return " ".join(self.text().split())

    def rename(self, node: LexborNode, tag: str) -> None:
        """Put a `tag` with the same class, style and children in the place of `node`."""
        renamed = self.create_node(tag)
        for name, value in node.attributes.items():
            if name in ("class", "style"):
                renamed.attrs[name] = value
        node.insert_before(renamed, move=True)
        child = node.first_child
        while child is not None:
            following = child.next
            renamed.insert_child(child, move=True)
            child = following
        node.decompose()

    def append(self, section: LexborNode) -> None:
        """Put `section` after everything else."""
        last = self.root
        while last is not None and last.next is not None:
            last = last.next
        if last is not None:
            last.insert_after(section, move=True)

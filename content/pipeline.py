"""The way from a Markdown text to an article for WeChat: an ordered list of small steps.

Runs in a worker process. A new step is a file in steps/ and a line here.
"""

from collections.abc import Callable, Iterator
from typing import Any

from content.lint.page import Page
from content.lint.registry import examine, warn_of_findings
from content.manuscript import Body, Manuscript
from content.options import RenderOptions
from content.refusals import MarkdownTooComplex
from content.steps.backgrounds import list_backgrounds
from content.steps.code_shape import keep_code_shape
from content.steps.digest import add_digest
from content.steps.drawings import tidy_drawings
from content.steps.fields import tidy_fields, use_defaults
from content.steps.front_matter import take_front_matter
from content.steps.images import list_images
from content.steps.kind import choose_kind
from content.steps.lengths import check_lengths
from content.steps.links import number_links
from content.steps.lists import flatten_lists
from content.steps.markdown import MarkdownRenderer
from content.steps.mend import mend_fields
from content.steps.nesting import bound_nesting
from content.steps.newspic import write_newspic
from content.steps.old_markup import use_old_markup
from content.steps.plain_tags import use_plain_tags
from content.steps.products import place_products
from content.steps.sanitize import Sanitizer
from content.steps.sections import use_sections
from content.steps.statistics import count_text
from content.steps.styles import bound_styles
from content.steps.tables import wrap_tables
from content.steps.theme import Theming
from content.steps.title import take_title
from content.steps.words import WordCheck
from core.errors import GatewayError

Step = Callable[[Manuscript], None]
TreeStep = Callable[[Manuscript, Body], None]


class Pipeline:
    """The steps, with what they keep between articles (parsers, themes)."""

    def __init__(self) -> None:
        self._words = WordCheck()
        self._reading: tuple[Step, ...] = (
            take_front_matter,  # its fields, unless the caller sent them
            use_defaults,  # the gateway's, for what is still open
            choose_kind,  # news or newspic
            MarkdownRenderer().render,  # Markdown → HTML, code in colour; skipped for HTML
            bound_nesting,  # before a tree is made of it
        )
        self._news: tuple[Step, ...] = (
            add_digest,  # the beginning of the text, unless one was given
            rearrange,  # the tree: title, sections, lists, tables, links, pictures
            Theming().apply,  # the theme's stylesheet → style attributes
            list_backgrounds,  # the pictures in them
            use_plain_tags,  # no figures and definition lists
            Sanitizer().clean,  # an allow-list of what WeChat keeps
            tidy_fields,  # one line, no control characters
            self._words.check,  # of the lists: refused, told, replaced; in what will be sent
            mend_fields,  # what is too long, where that is wanted
            count_text,
            check_lengths,  # WeChat's limits, before anything is uploaded
            place_products,
        )
        self._newspic: tuple[Step, ...] = (
            write_newspic,  # its pictures, and the text in lines
            tidy_fields,
            self._words.check,
            mend_fields,
            count_text,
            check_lengths,
            place_products,
        )

    def run(self, arguments: dict[str, Any], lists: bytes = b"") -> dict[str, Any]:
        """Take a request of `Renderer` through all steps; raises GatewayErrors.

        Asks for the word lists that the request names, unless they come with it or are known.
        """
        if not self._has_words(arguments["lexicon"], lists):
            return {"wants_lists": True}
        manuscript = _manuscript(arguments)
        for step in self._steps(manuscript):
            step(manuscript)
        warn_of_findings(manuscript)
        return _result(manuscript)

    def lint(self, arguments: dict[str, Any], lists: bytes = b"") -> dict[str, Any]:
        """Take it through all steps, whatever they raise, and tell all that is wrong."""
        if not self._has_words(arguments["lexicon"], lists):
            return {"wants_lists": True}
        manuscript = _manuscript(arguments)
        refusals = []
        for step in self._steps(manuscript):
            try:
                step(manuscript)
            except MarkdownTooComplex:
                raise  # what comes after it could take for ever
            except GatewayError as refusal:
                refusals.append(refusal)
        files = arguments["files"]
        page = Page(manuscript, None if files is None else frozenset(files))
        found = examine(page, refusals)
        return {"findings": [each.as_json() for each in found], "stats": manuscript.stats}

    def _steps(self, manuscript: Manuscript) -> Iterator[Step]:
        yield from self._reading
        yield from self._newspic if manuscript.article_type == "newspic" else self._news

    def _has_words(self, lexicon: str, lists: bytes) -> bool:
        if lists:
            self._words.learn(lexicon, lists)
        return self._words.knows(lexicon)


_TREE_STEPS: tuple[TreeStep, ...] = (
    bound_styles,
    take_title,
    use_old_markup,
    use_sections,
    keep_code_shape,
    flatten_lists,
    wrap_tables,
    number_links,
    list_images,
    tidy_drawings,
)


def rearrange(manuscript: Manuscript) -> None:
    """Parse the HTML once, run the steps that work on its tree, and write it again."""
    body = Body(manuscript.html)
    try:
        for step in _TREE_STEPS:
            step(manuscript, body)
    finally:
        manuscript.html = body.serialize()  # a lint goes on with it after a refusal


def _manuscript(arguments: dict[str, Any]) -> Manuscript:
    markdown = arguments["markdown"]
    text = arguments["html"] if markdown is None else markdown
    return Manuscript(
        text=text,
        source=text,
        is_markdown=markdown is not None,
        length_rule=arguments["length_rule"],
        max_images=arguments["max_images"],
        fields=arguments["given"],
        sent=frozenset(arguments["given"]),
        lexicon=arguments["lexicon"],
        wants_keywords=arguments.get("keywords", False),
        defaults=arguments["defaults"],
        options=RenderOptions.model_validate(arguments["default_options"]),
        given_options=arguments["options"],
        themes_dir=arguments.get("themes_dir", ""),
        extensions=tuple(arguments.get("extensions", ())),
    )


def _result(manuscript: Manuscript) -> dict[str, Any]:
    return {
        "title": manuscript.string("title"),
        "author": manuscript.string("author"),
        "digest": manuscript.string("digest"),
        "content": manuscript.html,
        "cover": manuscript.string("cover") or None,
        "content_source_url": manuscript.string("content_source_url"),
        "need_open_comment": bool(manuscript.fields.get("need_open_comment")),
        "only_fans_can_comment": bool(manuscript.fields.get("only_fans_can_comment")),
        "images": manuscript.images,
        "words": [hit.plain() for hit in manuscript.words],
        "word_counts": manuscript.word_counts,
        "warnings": manuscript.warnings,
        "keywords": manuscript.keywords,
        "stats": manuscript.stats,
        "options": manuscript.options.model_dump(),
        "article_type": manuscript.article_type,
        "crops": manuscript.crops,
        "products": manuscript.products,
        "digest_from_text": manuscript.digest_from_text,
    }

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import tinycss2
from tinycss2.ast import Declaration, Node

from content.theming.properties import KEPT, LOST_VALUE
from content.theming.selectors import ROOT, SelectorLost, ours
from content.theming.values import ValueLost, literal

MAX_CHARS = 65_536
_MAX_SELECTORS = 400  # each is held against each element of an article
_MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a stylesheet that no reader will see."""

    line: int
    column: int
    code: str  # a name in problems.py
    what: str  # the piece of CSS


@dataclass(frozen=True, slots=True)
class Sheet:
    """A stylesheet of literal values for our markup."""

    css: str
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Rule:
    selectors: list[str]
    declarations: list[tuple[str, Node]]


@dataclass(slots=True)
class _Reading:
    known: frozenset[str]
    properties: dict[str, str]  # custom ones, by name; a later stylesheet's win
    rules: list[_Rule] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    selectors: int = 0

    def problem(self, node: Any, code: str, what: str) -> None:
        if len(self.problems) < _MAX_PROBLEMS:
            what = " ".join(what.split())[:80]
            self.problems.append(Problem(node.source_line, node.source_column, code, what))


def compile_sheet(css: str, *, base: str = "", known: frozenset[str] = frozenset()) -> Sheet:
    """`css` on top of `base`, with what WeChat drops left out and reported.

    `known`: the classes our markup has, as `.name`. Broken CSS is a problem, never an error.
    """
    try:
        return _compiled(css, base, known)
    except (RecursionError, ValueError):  # brackets in brackets, numbers of thousands of digits
        return Sheet(_compiled("", base, known).css, (Problem(1, 1, "unreadable", ""),))


def _compiled(css: str, base: str, known: frozenset[str]) -> Sheet:
    below = _Reading(known, {})
    _read(below, base)
    reading = _Reading(known, dict(below.properties))
    _read(reading, css[:MAX_CHARS])
    if len(css) > MAX_CHARS:
        reading.problems.append(Problem(1, 1, "too_large", f"{len(css)}"))
    below.properties = reading.properties
    text = "\n".join([*_written(below), *_written(reading)])
    return Sheet(text, tuple(sorted(reading.problems, key=lambda one: (one.line, one.column))))


def class_names(css: str) -> frozenset[str]:
    """The classes that `css` speaks of, as `.name`."""
    names = set()
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        tokens = rule.prelude if rule.type == "qualified-rule" else []
        for before, after in pairwise(tokens):
            if before == "." and after.type == "ident":
                names.add(f".{after.value}")
    return frozenset(names)


def _read(reading: _Reading, css: str) -> None:
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            _read_rule(reading, rule)
        elif rule.type == "at-rule":
            reading.problem(rule, "at_rule", f"@{rule.at_keyword}")
        else:
            reading.problem(rule, "syntax", rule.message)


def _read_rule(reading: _Reading, rule: Any) -> None:
    selectors = list(_selectors(reading, rule))
    declarations = []
    for node in tinycss2.parse_blocks_contents(
        rule.content, skip_comments=True, skip_whitespace=True
    ):
        if node.type != "declaration":
            reading.problem(node, "syntax", getattr(node, "message", node.type))
        elif node.name.startswith("--"):
            if ROOT in selectors:
                reading.properties[node.name] = tinycss2.serialize(node.value).strip()
            else:
                reading.problem(node, "custom_property", node.name)
        elif node.lower_name not in KEPT:
            reading.problem(node, "property", node.lower_name)
        else:
            declarations.append((node.lower_name, node))
    reading.selectors += len(selectors)
    if reading.selectors > _MAX_SELECTORS:
        reading.problem(rule, "too_many", tinycss2.serialize(rule.prelude))
    elif selectors and declarations:
        reading.rules.append(_Rule(selectors, declarations))


def _selectors(reading: _Reading, rule: Any) -> Iterator[str]:
    for part in _split(rule.prelude):
        selector = tinycss2.serialize(part).strip()
        try:
            yield ours(selector, reading.known)
        except SelectorLost as lost:
            reading.problem(part[0] if part else rule, str(lost), selector)


def _split(prelude: list[Node]) -> Iterator[list[Node]]:
    part: list[Node] = []
    for piece in prelude:
        if piece == ",":
            yield part
            part = []
        elif part or piece.type != "whitespace":
            part.append(piece)
    yield part


def _written(reading: _Reading) -> Iterator[str]:
    for rule in reading.rules:
        body = ";".join(_declarations(reading, rule))
        if body:
            yield f"{','.join(rule.selectors)}{{{body}}}"


def _declarations(reading: _Reading, rule: _Rule) -> Iterator[str]:
    for name, node in rule.declarations:
        assert isinstance(node, Declaration)  # noqa: S101 - nothing else was put there
        try:
            value = literal(tinycss2.serialize(node.value), reading.properties)
        except ValueLost:
            reading.problem(node, "variable", f"{name}:{tinycss2.serialize(node.value)}")
            continue
        if not value or LOST_VALUE.search(value):
            reading.problem(node, "value", f"{name}:{value}")
            continue
        yield f"{name}:{value}{'!important' if node.important else ''}"

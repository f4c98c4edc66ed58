"""Jinja as templates get it. For worker processes alone: it reads what anybody may have written.

Nothing is reachable but values, a short list of their attributes, and the filters of filters.py.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, TemplateNotFound, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import BlockReference, Context, LoopContext, Macro, markup_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from templates.filters import FILTERS

_MAX_RANGE = 1_000
_MAX_NUMBER = 10**15
_MAX_TEXT_CHARS = 100_000
_MAX_EXPONENT = 64
_DATE_PARTS = frozenset({"year", "month", "day", "hour", "minute", "second"})
_ATTRIBUTES: tuple[tuple[type, frozenset[str]], ...] = (
    (date, _DATE_PARTS),  # datetime is one
    (dict, frozenset({"items", "keys", "values", "get"})),
    (
        LoopContext,
        frozenset(
            {
                *("index", "index0", "revindex", "revindex0", "first", "last", "length"),
                *("depth", "depth0", "previtem", "nextitem", "cycle", "changed"),
            }
        ),
    ),
)


class Texts(BaseLoader):
    """Finds templates among the texts that came with the request, and nowhere else."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Jinja's way to ask; raises TemplateNotFound."""
        del environment
        if template not in self._texts:
            raise TemplateNotFound(template)
        return self._texts[template], file_of(template), lambda: True


def file_of(template: str) -> str:
    """What tracebacks call a template's file."""
    return f"<template {template}>"


class _Compiler(CodeGenerator):
    """Has `~` done by the sandbox, as its other operators are."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class Sandbox(ImmutableSandboxedEnvironment):
    """Templates that touch nothing, and make nothing very large."""

    code_generator_class = _Compiler
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "**", "%"})

    def __init__(self, texts: Mapping[str, str], *, finalize: Callable[[Any], Any]) -> None:
        """`finalize` is told each value that is written. What is plain text is known."""
        super().__init__(
            loader=Texts(texts),
            undefined=StrictUndefined,
            autoescape=True,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.filters = dict(FILTERS)
        self.globals = {"range": _range, "namespace": Namespace}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only what is listed."""
        del value
        if isinstance(obj, Namespace | TemplateModule):
            return not attr.startswith("_")  # a template's own variables and macros
        return any(isinstance(obj, kind) and attr in names for kind, names in _ATTRIBUTES)

    def is_safe_callable(self, obj: Any) -> bool:
        """Macros, blocks, the two globals, and the listed methods."""
        own = (Macro, BlockReference, LoopContext, Undefined)  # which says what is undefined
        if isinstance(obj, own) or obj is _range or obj is Namespace:
            return True
        owner = getattr(obj, "__self__", None)
        return self.is_safe_attribute(owner, getattr(obj, "__name__", ""), obj)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Of a mapping its entry before its method: an entry may be called `items`."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Jinja's way to call; its own refusal would tell addresses of this process."""
        if not self.is_safe_callable(obj):
            raise SecurityError("this cannot be called")
        return super().call(context, obj, *args, **kwargs)

    def joined(self, parts: tuple[Any, ...]) -> str:
        """The operator ~."""
        text = markup_join(parts)
        if len(text) > _MAX_TEXT_CHARS:
            raise SecurityError("the text grows too long")
        return text

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Sums of numbers of a bounded size; of texts nothing but +."""
        del context
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "+" and not numbers:
            if isinstance(left, str | list) and len(left) + len(right) > _MAX_TEXT_CHARS:
                raise SecurityError("the text grows too long")
            return left + right
        if isinstance(left, date | datetime) or isinstance(right, date | datetime):
            raise SecurityError("dates are reckoned with the filter days")
        if not numbers:
            raise SecurityError(f"{operator} is for numbers")
        if operator == "**" and abs(right) > _MAX_EXPONENT:
            raise SecurityError("the exponent is too large")
        result = self.binop_table[operator](left, right)
        if isinstance(result, complex) or abs(result) >= _MAX_NUMBER:
            raise SecurityError("the number grows too large")
        return result


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _MAX_RANGE:
        raise SecurityError(f"a range has at most {_MAX_RANGE} numbers")
    return numbers

"""Templates and values in, text out. For worker processes alone."""

import signal
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from types import TracebackType
from typing import Any, NamedTuple, cast

from jinja2 import Template, TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from core.clock import SHANGHAI
from templates.errors import TemplateFailed
from templates.filters import Raw
from templates.marks import Marks, TooMuch
from templates.sandbox import Sandbox

MAX_OUTPUT_CHARS = 100_000
_WORK_S = 0.5  # of processor time; a quarter of a second before the process itself is ended
# What Jinja and Python raise for a text that is no template, or one nested without end.
UNREADABLE = (TemplateSyntaxError, SyntaxError, ValueError, OverflowError, RecursionError)


class Filled(NamedTuple):
    """A template's output, and the values whose marks stand in it."""

    text: str
    marks: Marks


def fill(request: Mapping[str, Any]) -> Filled:
    """Fill the template `entry` of `texts` with `values`; raises TemplateFailed.

    `types` are those of the values, `at` is the Unix time that the template calls now.
    """
    marks = Marks(MAX_OUTPUT_CHARS)
    entry = request["entry"]
    sandbox = Sandbox(request["texts"], finalize=marks.mark)
    try:
        with time_limit(_WORK_S):
            template = sandbox.get_template(entry)
            return Filled(_output(template, _context(request)), marks)
    except Exception as exc:  # noqa: BLE001 - whatever a template may do
        name, line = _place(exc, entry)
        zh, en = _reason(exc)
        raise TemplateFailed(template=name, line=line, zh=zh, en=en) from None


def _context(request: Mapping[str, Any]) -> dict[str, Any]:
    now = datetime.fromtimestamp(request["at"], SHANGHAI)
    values = {
        name: _revived(value, request["types"][name]) for name, value in request["values"].items()
    }
    return {**values, "now": now, "today": now.date(), "account": request["account"]}


def _revived(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "datetime":
        return datetime.fromisoformat(value).astimezone(SHANGHAI)
    return Raw(value) if kind == "markdown" else value


def _output(template: Template, values: dict[str, Any]) -> str:
    pieces, size = [], 0
    running = cast(
        Generator[str, None, None], template.root_render_func(template.new_context(values))
    )
    for piece in running:
        size += len(piece)
        if size > MAX_OUTPUT_CHARS:
            running.throw(TooMuch())  # in the template, so that its line is known
        pieces.append(piece)
    return "".join(pieces)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooMuch in the block when it has used so much processor time."""

    def ring(_signal: int, _frame: object) -> None:
        raise TooMuch

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _place(exc: Exception, entry: str) -> tuple[str, int]:
    """The template and the line that the error comes from."""
    if isinstance(exc, TemplateSyntaxError):
        return exc.name or entry, exc.lineno
    place, step = (entry, 1), exc.__traceback__
    while step is not None:
        place = _template_at(step) or place
        step = step.tb_next
    return place


def _template_at(step: TracebackType) -> tuple[str, int] | None:
    template: Template | None = step.tb_frame.f_globals.get("__jinja_template__")
    if template is None:
        return None
    return template.name or "", template.get_corresponding_lineno(step.tb_lineno)


def _reason(exc: Exception) -> tuple[str, str]:
    """What went wrong, in both languages."""
    if isinstance(exc, TooMuch):
        return "输出过长，或用时过久", "it writes too much, or works too long"
    if isinstance(exc, RecursionError):
        return "嵌套过深或无止境的递归", "it is nested too deep, or without end"
    if isinstance(exc, TemplateNotFound):
        return f"没有模板 {exc.name}", f"there is no template {exc.name}"
    said = reason_of(exc)
    if isinstance(exc, UndefinedError):
        return f"没有定义：{said}", said
    if isinstance(exc, SecurityError):
        return f"不允许：{said}", f"not allowed: {said}"
    return said, said


def reason_of(exc: Exception) -> str:
    """What Jinja or Python says of it, in short; of other errors than theirs the kind too."""
    said = str(getattr(exc, "message", None) or exc).split("\n", 1)[0][:200]
    return said if isinstance(exc, TemplateError) else f"{type(exc).__name__}: {said}"

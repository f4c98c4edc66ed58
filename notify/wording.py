import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.errors import Language
from notify.events import EVENTS, EventName


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """What a message says, in the forms that channels can show."""

    subject: str
    text: str
    markdown: str
    html: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)  # for text messages
    template: str | None = None
    template_version: int | None = None


class Words(Protocol):
    """Finds the words for what is to be told."""

    async def of_event(
        self, event: EventName, data: Mapping[str, Any], language: Language
    ) -> Worded:
        """Those of the event's template; never fails: plain words stand in for a broken one."""
        ...

    async def of_template(
        self, reference: str, variables: Mapping[str, Any], language: Language
    ) -> Worded:
        """Those of a message template, `name` or `name@2`.

        Raises TemplateMissing, TemplateKindWrong, VariableInvalid, TemplateFailed, RenderingBusy.
        """
        ...


# What data says for programs alone.
FOR_PROGRAMS = frozenset({"key", "over", "url", "severity"})


def title_of(event: EventName, language: Language, *, over: bool = False) -> str:
    """What happened or, with `over`, that it is so no more."""
    title = EVENTS[event].title
    if language == "zh":
        return f"已解除：{title.zh}" if over else title.zh
    return f"Over: {title.en}" if over else title.en


def plain_words(event: EventName, data: Mapping[str, Any], language: Language) -> Worded:
    """The title and what is known, a line each: for where no template can be had."""
    subject = title_of(event, language, over=bool(data.get("over")))
    lines = [
        f"{name}: {_shown(value)}"
        for name, value in data.items()
        if value not in (None, "") and name not in FOR_PROGRAMS - {"url"}
    ]
    text = "\n".join([subject, *lines])
    return Worded(subject=subject, text=text, markdown="\n\n".join([f"**{subject}**", *lines]))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

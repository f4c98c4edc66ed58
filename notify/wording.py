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


def plain_words(event: EventName, data: Mapping[str, Any], language: Language) -> Worded:
    """The title and what is known, a line each: for where no template can be had."""
    title = EVENTS[event].title
    subject = title.zh if language == "zh" else title.en
    lines = [f"{name}: {_shown(value)}" for name, value in data.items() if value not in (None, "")]
    text = "\n".join([subject, *lines])
    return Worded(subject=subject, text=text, markdown="\n\n".join([f"**{subject}**", *lines]))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

from collections.abc import Mapping
from typing import Any

import structlog

from content.template_work import TemplateWork
from core.clock import Clock
from core.errors import GatewayError, Language
from notify.advice import ADVICE
from notify.events import EVENTS, EventName
from notify.labels import facts_of
from notify.wording import FOR_PROGRAMS, Worded, plain_words, title_of
from store.engine import Database
from templates.errors import TemplateMissing
from templates.shelf import Bundle, find_bundle

log = structlog.get_logger(__name__)

_ABOUT = ("title", "account", "client", "host", "channel")  # the first that is known


class TemplateWords:
    """Words for messages, from message templates.

    An event's are of the template called after it, such as `event-job-failed` or
    `event-job-failed-en`; while nobody has saved one, of `event` or `event-en`.
    """

    def __init__(self, database: Database, work: TemplateWork, *, clock: Clock) -> None:
        self._database = database
        self._work = work
        self._clock = clock

    async def of_event(
        self, event: EventName, data: Mapping[str, Any], language: Language
    ) -> Worded:
        """Those of the event's template; plain words where that does not do."""
        try:
            bundle = await self._of_event(event, language)
            return await self._written(bundle, _known(bundle, event, data, language), data)
        except GatewayError as exc:
            log.warning("no words from a template", told_event=event, reason=str(exc))
            return plain_words(event, data, language)

    async def of_template(
        self, reference: str, variables: Mapping[str, Any], language: Language
    ) -> Worded:
        """Those of a message template, in whatever language it is written."""
        del language
        async with self._database.read() as connection:
            bundle = await find_bundle(connection, reference, kind="message")
        return await self._written(bundle, variables, variables)

    async def _of_event(self, event: EventName, language: Language) -> Bundle:
        suffix = "" if language == "zh" else "-en"
        own = f"event-{event.replace('.', '-').replace('_', '-')}{suffix}"
        async with self._database.read() as connection:
            try:
                return await find_bundle(connection, own, kind="message")
            except TemplateMissing:
                return await find_bundle(connection, f"event{suffix}", kind="message")

    async def _written(
        self, bundle: Bundle, given: Mapping[str, Any], data: Mapping[str, Any]
    ) -> Worded:
        account = str(data.get("account") or "")
        request = bundle.request(given, at=self._clock(), account=account)
        made = await self._work.write(request)
        return Worded(
            **made,
            variables={name: _flat(value) for name, value in request["values"].items()},
            template=bundle.entry.name,
            template_version=bundle.entry.number,
        )


def _known(
    bundle: Bundle, event: EventName, data: Mapping[str, Any], language: Language
) -> dict[str, Any]:
    """What the template declares of what is known: the event's data, and what every event has."""
    about, advice = EVENTS[event], ADVICE.get(event)
    at = 0 if language == "zh" else 1
    over = bool(data.get("over"))
    known = {
        **data,
        "title": title_of(event, language, over=over),
        # Good news is not urgent, however bad it was.
        "severity": "info" if over else data.get("severity", about.severity),
        "about": next((str(data[name]) for name in _ABOUT if data.get(name)), ""),
        "facts": facts_of({k: v for k, v in data.items() if k not in FOR_PROGRAMS}, language),
        "advice": "" if advice is None or over else advice[at],
    }
    declared = {variable.name for variable in bundle.variables}
    return {name: value for name, value in known.items() if name in declared}


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_flat(item) for item in value)
    if isinstance(value, dict):
        return ": ".join(_flat(item) for item in value.values())
    return "" if value is None else str(value)

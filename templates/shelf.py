from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from store import templates as rows
from templates.builtin import load_builtin
from templates.errors import TemplateInvalid, TemplateKindWrong, TemplateMissing
from templates.names import Reference, parse_reference
from templates.values import values_of
from templates.variables import Variable
from templates.version import TemplateKind, Version, version_of

MAX_DEPTH = 8
MAX_TEMPLATES = 32

Pins = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A template with all that it names, and those name: what it takes to fill it in."""

    entry: Version
    parts: Mapping[str, Version]  # by the reference as it is written, the entry's own among them

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The entry's, and what its parts declare beside them."""
        found = {variable.name: variable for variable in self.entry.variables}
        for part in self.parts.values():
            for variable in part.variables:
                found.setdefault(variable.name, variable)
        return tuple(found.values())

    @property
    def pins(self) -> dict[str, int]:
        """The version of each that was named without one."""
        return {name: part.number for name, part in self.parts.items() if name == part.name}

    def request(
        self, given: Mapping[str, Any], *, at: float, account: str, examples: bool = False
    ) -> dict[str, Any]:
        """What a worker process is asked; raises VariableInvalid."""
        variables = self.variables
        values = values_of(variables, given, template=self.entry.name, at=at, examples=examples)
        return {
            "kind": self.entry.kind,
            "entry": next(name for name, part in self.parts.items() if part == self.entry),
            "texts": {name: part.text for name, part in self.parts.items()},
            "values": values,
            "types": {variable.name: variable.type for variable in variables},
            "at": at,
            "account": account,
        }


async def find_bundle(
    connection: AsyncConnection,
    reference: str,
    pins: Pins | None = None,
    *,
    kind: TemplateKind | None = None,
) -> Bundle:
    """The template with its parts; `pins`: the versions of those named without one.

    Raises TemplateMissing, TemplateKindWrong and, where they name each other, TemplateInvalid.
    """
    entry = await _part(connection, reference, pins or {})
    if kind is not None and entry.kind != kind:
        raise TemplateKindWrong(field="template", template=entry.name, kind=entry.kind, wanted=kind)
    return await with_parts(connection, reference, entry, pins)


async def with_parts(
    connection: AsyncConnection, reference: str, entry: Version, pins: Pins | None = None
) -> Bundle:
    """`entry`, which is called `reference`, with all that it names, to a bounded depth."""
    parts = {reference: entry}
    waiting: list[tuple[str, tuple[str, ...]]] = [(used, (entry.name,)) for used in entry.uses]
    while waiting:
        used, above = waiting.pop()
        name = used.partition("@")[0]
        if name in above:
            _refuse(above[-1], f"与 {name} 互相引用", f"it and {name} name each other")
        if len(above) >= MAX_DEPTH or len(parts) >= MAX_TEMPLATES:
            _refuse(entry.name, "引用的模板过多或过深", "it names too many, or too deep")
        part = parts.get(used) or await _part(connection, used, pins or {})
        parts[used] = part
        waiting += [(further, (*above, name)) for further in part.uses]
    return Bundle(entry, parts)


async def _part(connection: AsyncConnection, reference: str, pins: Pins) -> Version:
    """The version that is named; raises TemplateMissing."""
    found = parse_reference(reference)
    if found is not None:
        number = found.number or pins.get(found.name)
        version = await find_version(connection, Reference(found.name, number))
        if version is not None:
            return version
    raise TemplateMissing(field="template", template=reference[:80])


async def find_version(connection: AsyncConnection, reference: Reference) -> Version | None:
    """The version that is named; of a built-in template that is the first, for good."""
    name, number = reference
    template = await rows.find(connection, name)
    row = None if template is None else await rows.version(connection, name, number)
    if template is not None and row is not None:
        return version_of(row, template.kind)
    is_first = number == 1 or (template is None and number is None)
    return load_builtin().get(name) if is_first else None


def _refuse(template: str, zh: str, en: str) -> None:
    raise TemplateInvalid(template=template, line=1, zh=zh, en=en)

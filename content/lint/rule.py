from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from core.errors import GatewayError, Text

Level = Literal["error", "warning", "info"]

_SHOWN_CHARS = 60


class Position(NamedTuple):
    """A place in the source as it was sent, both counted from 1."""

    line: int
    column: int | None = None  # None: somewhere on that line


class Edit(NamedTuple):
    """What mends a finding in the source: its characters from `start` to `end` become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One fact that articles are held against."""

    id: str
    level: Level
    message: Text  # may hold {names}
    fix: Text
    source: str  # where the fact is from
    mended: bool = False  # while rendering, or by `options.mend`
    refusal: type[GatewayError] | None = None  # what the gateway refuses such an article with

    def at(
        self,
        position: Position | None = None,
        *,
        field: str | None = None,
        edit: Edit | None = None,
        **values: Any,
    ) -> "Finding":
        """A finding of this rule; `values` fill its texts."""
        return Finding(self, values, field, position, edit)


def refusal_rule(refusal: type[GatewayError], source: str, *, mended: bool = False) -> Rule:
    """The rule that is a refusal elsewhere: same id, same texts."""
    return Rule(refusal.code, "error", refusal.message, refusal.hint, source, mended, refusal)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that an article breaks, and where."""

    rule: Rule
    values: dict[str, Any] = field(default_factory=dict)
    field: str | None = None
    position: Position | None = None
    edit: Edit | None = None

    def texts(self, text: Text) -> tuple[str, str]:
        """`text` filled in, Chinese and English."""
        values = {**self.values, "field": self.field}
        return text.fill("zh", values), text.fill("en", values)

    def refuse(self) -> None:
        """Raise what the gateway refuses such an article with, if it does."""
        if self.rule.refusal is not None:
            raise self.rule.refusal(field=self.field, **self.values)

    def as_json(self) -> dict[str, Any]:
        """What a worker answers of it."""
        return {
            "rule": self.rule.id,
            "level": self.rule.level,
            "message": self.texts(self.rule.message),
            "fix": self.texts(self.rule.fix),
            "field": self.field,
            "position": self.position,
            "mendable": self.rule.mended or self.edit is not None,
            "edit": self.edit,
        }


def refused(error: GatewayError) -> Finding:
    """What a step raised, as a finding."""
    return Finding(refusal_rule(type(error), ""), error.values, error.field)


def clip(text: str) -> str:
    """`text` as it may stand in a message: short and printable."""
    plain = "".join(char if char.isprintable() else " " for char in text[: _SHOWN_CHARS + 1])
    return plain if len(plain) <= _SHOWN_CHARS else plain[:_SHOWN_CHARS] + "…"

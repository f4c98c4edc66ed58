import keyword
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import SchemaError, SchemaValidator, core_schema

VariableType = Literal[
    "string",
    "text",
    "markdown",
    "integer",
    "number",
    "boolean",
    "date",
    "datetime",
    "list",
    "enum",
    "image",
    "url",
]

# What every template knows of by itself, and what Jinja uses for itself.
BUILT_IN = frozenset({"now", "today", "account"})
_TAKEN = BUILT_IN | {
    *("loop", "self", "super", "caller", "varargs", "kwargs", "range", "namespace"),
    *("true", "false", "none"),
}
_MAX_CHOICES = 100
_MAX_PATTERN_CHARS = 200


class Variable(BaseModel):
    """A variable that a template declares."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1, max_length=64, description="as the template writes it")
    type: VariableType = Field(
        "string",
        description="string: one line as typed; text: several; markdown: taken as Markdown; list:"
        " of texts, numbers or flat objects",
    )
    required: bool = Field(True, description="must be given, unless it has a default")
    default: Any = Field(None, description='in place of what is not given; dates: "today", "now"')
    example: Any = Field(None, description="for previews, and for people who fill it in")
    description: str = Field("", max_length=200)
    pattern: str | None = Field(
        None, max_length=_MAX_PATTERN_CHARS, description="of the whole text; linear-time regex"
    )
    min: float | None = Field(None, description="of a number; characters of a text; items")
    max: float | None = Field(None, description="of a number; characters of a text; items")
    choices: tuple[str, ...] | None = Field(
        None, min_length=1, max_length=_MAX_CHOICES, description="of an enum"
    )

    @field_validator("name")
    @classmethod
    def _can_be_written(cls, name: str) -> str:
        if not name.isidentifier() or name.startswith("_") or keyword.iskeyword(name):
            raise ValueError("letters, digits and _, beginning with a letter")
        if name.lower() in _TAKEN:
            raise ValueError(f"{name} means something else already")
        return name

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                matcher(pattern)
            except SchemaError:
                raise ValueError("no regular expression (of Rust's crate regex)") from None
        return pattern

    @model_validator(mode="after")
    def _has_choices(self) -> Self:
        if (self.type == "enum") != (self.choices is not None):
            raise ValueError("an enum has choices, and nothing else has")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is over max")
        return self


def matcher(pattern: str) -> SchemaValidator:
    """What tells whether a whole text fits; takes linear time, whatever the pattern.

    Raises SchemaError for what is no pattern.
    """
    return SchemaValidator(core_schema.str_schema(pattern=f"^(?:{pattern})$"))

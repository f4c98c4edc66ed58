from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from templates.names import TemplateName
from templates.variables import Variable
from templates.version import TemplateKind

MAX_TEXT_BYTES = 65_536
_MAX_LINES = 2_000
_MAX_VARIABLES = 100


def _readable(text: str) -> str:
    """Nothing that no text holds: control characters, halves, and what is for private use."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode, without lone surrogates") from None
    if size > MAX_TEXT_BYTES or text.count("\n") >= _MAX_LINES:
        raise ValueError(f"must not be over {MAX_TEXT_BYTES} bytes or {_MAX_LINES} lines")
    if any((char < " " and char not in "\t\n\r") or char >= "\U000f0000" for char in text):
        raise ValueError("must not hold control or private characters")
    return text.replace("\r\n", "\n")


def _distinct(variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
    names = [variable.name for variable in variables]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is declared twice")
    return variables


_Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
TemplateText = Annotated[
    str,
    Field(description="Jinja in Markdown, with front matter (article) or plain text (message)"),
    AfterValidator(_readable),
]
Variables = Annotated[
    tuple[Variable, ...], Field(max_length=_MAX_VARIABLES), AfterValidator(_distinct)
]


class TemplateForm(BaseModel):
    """What is saved as a version of a template."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: TemplateKind = Field("article", description="what it makes; of a template for good")
    text: TemplateText
    variables: Variables = Field((), description="what it may be given")
    description: _Line = Field("", description="what it is for")
    note: _Line = Field("", description="what this version changes")


class NewTemplate(TemplateForm):
    """A template under a new name."""

    name: TemplateName


class TemplateChanges(BaseModel):
    """What is to be different in the next version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: TemplateText | None = None
    variables: Variables | None = None
    description: _Line | None = None
    note: _Line = ""

    def said(self) -> dict[str, Any]:
        """What is named, but for the note."""
        names = self.model_fields_set - {"note"}
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

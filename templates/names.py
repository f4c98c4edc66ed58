"""How templates are named: `weekly` is the version in use, `weekly@3` the third."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import StringConstraints

_NAME = "[a-z0-9][a-z0-9-]{0,63}"
_REFERENCE = re.compile(rf"({_NAME})(?:@([1-9][0-9]{{0,5}}))?")

TemplateName = Annotated[str, StringConstraints(pattern=f"^{_NAME}$")]
TemplateReference = Annotated[str, StringConstraints(pattern=f"^{_REFERENCE.pattern}$")]


class Reference(NamedTuple):
    """A template, at one version or at the one in use."""

    name: str
    number: int | None

    def __str__(self) -> str:
        """As it is written."""
        return self.name if self.number is None else f"{self.name}@{self.number}"


def parse_reference(text: str) -> Reference | None:
    """What `text` names; None if nothing can be named so."""
    found = _REFERENCE.fullmatch(text)
    if found is None:
        return None
    name, number = found.groups()
    return Reference(name, None if number is None else int(number))


def named_by(fields: Mapping[str, Any]) -> list[str]:
    """The references that an article, or the articles of a draft, are to be made from."""
    articles = (fields, *(fields.get("articles") or ()))
    return [article["template"] for article in articles if article.get("template")]


def is_name(text: str) -> bool:
    """Whether a template can be called that."""
    return re.fullmatch(_NAME, text) is not None

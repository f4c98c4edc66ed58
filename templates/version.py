from dataclasses import dataclass
from typing import Literal

from store.templates import VersionRow
from templates.variables import Variable

TemplateKind = Literal["article", "message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a template says at one version."""

    name: str
    kind: TemplateKind
    number: int
    text: str
    variables: tuple[Variable, ...] = ()
    description: str = ""
    uses: tuple[str, ...] = ()  # templates it names
    note: str = ""
    author: str = ""  # as the audit log names actors; "" of one that came with wxgate
    created_at: float = 0.0
    builtin: bool = False

    @property
    def reference(self) -> str:
        """What names exactly this."""
        return f"{self.name}@{self.number}"


def version_of(row: VersionRow, kind: str) -> Version:
    """What the store keeps, with its variables read."""
    return Version(
        name=row.name,
        kind="message" if kind == "message" else "article",
        number=row.number,
        text=row.text,
        variables=tuple(Variable(**each) for each in row.variables),
        description=row.description,
        uses=tuple(row.uses),
        note=row.note,
        author=row.author,
        created_at=row.created_at,
    )

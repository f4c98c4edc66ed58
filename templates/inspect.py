"""What a template is made of, told from its text alone. For worker processes alone."""

from typing import Any

from jinja2 import TemplateSyntaxError, meta, nodes

from templates.errors import TemplateInvalid
from templates.fill import UNREADABLE, reason_of, time_limit
from templates.marks import TooMuch
from templates.sandbox import Sandbox

_READING_S = 0.5
_NAMING = (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)


def inspect(name: str, text: str) -> dict[str, Any]:
    """The templates it names, the variables it reads, by line, and those it sets itself.

    Raises TemplateInvalid.
    """
    sandbox = Sandbox({name: text}, finalize=str)
    try:
        with time_limit(_READING_S):
            tree = sandbox.parse(text, name)
            sandbox.compile(text, name)
            free = meta.find_undeclared_variables(tree)
    except UNREADABLE as exc:
        line = exc.lineno if isinstance(exc, TemplateSyntaxError) else 1
        said = reason_of(exc)
        raise TemplateInvalid(template=name, line=line, zh=said, en=said) from None
    except TooMuch:
        zh, en = "过于复杂", "it is too complex"
        raise TemplateInvalid(template=name, line=1, zh=zh, en=en) from None
    uses = _uses(name, tree)
    reads: dict[str, int] = {}
    assigned = set()
    for found in tree.find_all(nodes.Name):
        if found.ctx != "load":
            assigned.add(found.name)
        elif found.name in free:
            reads.setdefault(found.name, found.lineno)
    return {"uses": uses, "reads": reads, "assigned": sorted(assigned)}


def _uses(name: str, tree: nodes.Template) -> list[str]:
    for found in tree.find_all(_NAMING):
        said = getattr(found, "template")  # noqa: B009 - each of the four has one
        parts = said.items if isinstance(said, nodes.Tuple | nodes.List) else [said]
        if any(
            not isinstance(part, nodes.Const) or not isinstance(part.value, str) for part in parts
        ):
            zh, en = "模板名要直接写出", "a template is named by a literal"
            raise TemplateInvalid(template=name, line=found.lineno, zh=zh, en=en)
    return sorted(used for used in set(meta.find_referenced_templates(tree)) if used is not None)

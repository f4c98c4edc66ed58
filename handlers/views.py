from typing import Any

from pydantic import BaseModel

from core.clock import rfc3339


def view_of(form: type[BaseModel], row: object, /, **told: object) -> dict[str, Any]:
    """The fields of `form` by name: as they are `told`, else as `row` has them, times in RFC 3339.

    Nothing is checked: what a store holds was checked when it came.
    """
    return {
        name: told[name] if name in told else _plain(name, getattr(row, name))
        for name in form.model_fields
    }


def _plain(name: str, value: Any) -> Any:
    return rfc3339(value) if name.endswith("_at") and value is not None else value

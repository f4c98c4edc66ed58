"""What a tool takes, as models read it: each field in both languages."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from handlers.mcp.words import FIELDS


def input_schema(takes: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of `takes`, with the Chinese beside each description.

    The titles that pydantic makes of the names go: models read, and pay for, every word.
    """
    schema = takes.model_json_schema()
    for name, field in fields_in(schema):
        field.pop("title", None)
        if name in FIELDS:
            field["description"] = f"{field['description']} / {FIELDS[name]}"
    return schema


def fields_in(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of it, those of inner objects too."""
    if isinstance(schema, list):
        for each in schema:
            yield from fields_in(each)
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for each in schema.values():
            yield from fields_in(each)

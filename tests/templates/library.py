"""A book of templates on a store, with what inspects texts in this process."""

from typing import Any

from accounts.audit import AuditLog
from accounts.edits import Editor
from store.engine import Database
from templates.book import TemplateBook
from templates.forms import NewTemplate, TemplateForm
from templates.inspect import inspect

NOW = 1_795_000_000.0  # 2026-11-18 21:06:40 in Shanghai
ALICE = Editor("client:alice")


async def inspect_here(name: str, text: str) -> dict[str, Any]:
    return inspect(name, text)


def book_of(database: Database) -> TemplateBook:
    audit = AuditLog(database, b"k" * 32, clock=lambda: NOW)
    return TemplateBook(database, audit, inspect_here, clock=lambda: NOW)


def new(name: str, text: str, *variables: dict[str, Any], **more: Any) -> NewTemplate:
    return NewTemplate.model_validate({"name": name, "text": text, "variables": variables, **more})


def form(text: str, *variables: dict[str, Any], **more: Any) -> TemplateForm:
    return TemplateForm.model_validate({"text": text, "variables": variables, **more})

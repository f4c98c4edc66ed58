from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.audit import AuditLog, Detail
from accounts.edits import Editor, StaleEdit, check_version
from core.clock import Clock
from store import templates as rows
from store.engine import Database
from store.templates import TemplateRow, VersionRow
from templates.builtin import load_builtin
from templates.errors import (
    TemplateExists,
    TemplateInUse,
    TemplateInvalid,
    TemplateKindWrong,
    TemplateUnknown,
)
from templates.forms import NewTemplate, TemplateChanges, TemplateForm
from templates.names import Reference, is_name
from templates.shelf import Bundle, find_version, with_parts
from templates.users import users_of
from templates.values import check_default
from templates.variables import BUILT_IN
from templates.version import Version, version_of

# Tells what a text is made of, as templates/inspect.py does; raises TemplateInvalid.
Inspect = Callable[[str, str], Awaitable[Mapping[str, Any]]]

_GLOBALS = BUILT_IN | {"range", "namespace"}


class TemplateBook:
    """The templates of the store: shown, saved as new versions, removed.

    Each change is one transaction with its entry in the audit log. Saving what is there already
    makes no version.
    """

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        inspect: Inspect,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._audit = audit
        self._inspect = inspect
        self._clock = clock

    async def page(
        self, *, kind: str | None, search: str, after: str, limit: int
    ) -> tuple[list[Version], str | None]:
        """Templates at the version in use, by name, and the cursor of the next page."""
        async with self._database.read() as connection:
            found = await rows.page(
                connection, kind=kind, search=search, after=after, limit=limit + 1
            )
        views = {row.name: version_of(row, template.kind) for template, row in found}
        for name, builtin in load_builtin().items():
            shown = kind in (None, builtin.kind) and name > after
            if shown and search.lower() in f"{name}\n{builtin.description}".lower():
                views.setdefault(name, builtin)
        names = sorted(views)
        items = [views[name] for name in names[:limit]]
        return items, names[limit - 1] if len(names) > limit else None

    async def get(self, name: str, number: int | None = None) -> Version:
        """A version; without a number the one in use. Raises TemplateUnknown."""
        async with self._database.read() as connection:
            return await self._get(connection, name, number)

    async def history(
        self, name: str, *, below: int | None, limit: int
    ) -> tuple[list[Version], int | None]:
        """Versions, newest first, and the cursor (`below`) of the next page."""
        async with self._database.read() as connection:
            newest = await self._get(connection, name, None)
            if newest.builtin:
                return [newest], None
            found = await rows.versions(connection, name, below=below, limit=limit + 1)
        versions = [version_of(row, newest.kind) for row in found[:limit]]
        if len(found) > limit:
            return versions, versions[-1].number
        first = load_builtin().get(name)
        return [*versions, *([] if first is None or below == 1 else [first])], None

    async def add(self, new: NewTemplate, editor: Editor) -> Version:
        """Make a template. Raises TemplateExists and what `save` does."""
        return await self._save(new.name, new, editor, must_be_new=True)

    async def save(
        self, name: str, form: TemplateForm, editor: Editor, *, version: int | None = None
    ) -> Version:
        """The next version of a template, or the first one of a new.

        Raises TemplateInvalid, VariableInvalid, TemplateMissing, TemplateKindWrong, StaleEdit.
        """
        return await self._save(name, form, editor, version=version)

    async def change(
        self, name: str, changes: TemplateChanges, editor: Editor, *, version: int | None = None
    ) -> Version:
        """The next version, with what `changes` names. Raises TemplateUnknown and as `save`."""
        before = await self.get(name)
        form = _form(before, changes.note).model_copy(update=changes.said())
        return await self._save(name, form, editor, version=version or before.number)

    async def roll_back(
        self, name: str, number: int, editor: Editor, *, version: int | None = None
    ) -> Version:
        """The next version, as an earlier one was. Raises TemplateUnknown and as `save`."""
        form = _form(await self.get(name, number), f"= @{number}")
        return await self._save(name, form, editor, version=version, must_be_there=True)

    async def remove(
        self, name: str, editor: Editor, *, version: int | None = None, force: bool = False
    ) -> None:
        """Remove a template with all its versions.

        Raises TemplateUnknown, StaleEdit and, unless by `force`, TemplateInUse.
        """
        if not is_name(name):
            raise TemplateUnknown(template=name[:80])
        async with self._database.write() as connection:
            row = await self._locked(connection, name, version)
            if row is None:
                raise TemplateUnknown(template=name[:80])
            users = await users_of(connection, name)
            if users and not force:
                raise TemplateInUse(template=name, users=", ".join(users[:10]))
            await rows.remove(connection, name)
            await self._log(connection, editor, "template.remove", row.name, {"users": users[:20]})

    async def bundle(self, name: str, number: int | None) -> Bundle:
        """A version with its parts. Raises TemplateUnknown, TemplateMissing, TemplateInvalid."""
        async with self._database.read() as connection:
            return await with_parts(connection, name, await self._get(connection, name, number))

    async def checked(self, name: str, form: TemplateForm) -> Bundle:
        """What would be saved, with its parts. Raises as `save` does, but for StaleEdit."""
        found = await self._inspect(name, form.text)
        for variable in form.variables:
            check_default(variable, name, self._clock())
        async with self._database.read() as connection:
            return await self._checked(connection, name, form, found)

    async def _save(
        self,
        name: str,
        form: TemplateForm,
        editor: Editor,
        *,
        version: int | None = None,
        must_be_new: bool = False,
        must_be_there: bool = False,
    ) -> Version:
        if not is_name(name):
            raise TemplateUnknown(template=name[:80])
        bundle = await self.checked(name, form)
        now = self._clock()
        async with self._database.write() as connection:
            row = await self._locked(connection, name, version)
            if row is not None and must_be_new:
                raise TemplateExists(field="name", template=name)
            if row is None and must_be_there:
                raise TemplateUnknown(template=name[:80])
            before = None if row is None else await self._get(connection, name, None)
            if before is not None and _says(before) == _says(bundle.entry):
                return before
            action = "template.create" if row is None else "template.save"
            if row is None:
                # A built-in one of this name stays its first version.
                number = int(name in load_builtin())
                row = TemplateRow(
                    name=name, kind=form.kind, current=number, created_at=now, updated_at=now
                )
                if not await rows.insert(connection, row):  # by another process, just now
                    raise StaleEdit(subject=name, version=number + 1)
            saved = replace(
                bundle.entry, number=row.current + 1, author=editor.actor, created_at=now
            )
            await rows.add_version(connection, _row(saved))
            detail: Detail = {"version": saved.number, "note": saved.note}
            await self._log(connection, editor, action, name, detail)
        return saved

    async def _checked(
        self,
        connection: AsyncConnection,
        name: str,
        form: TemplateForm,
        found: Mapping[str, Any],
    ) -> Bundle:
        there = await rows.find(connection, name)
        if there is not None and there.kind != form.kind:
            raise TemplateKindWrong(field="kind", template=name, kind=there.kind, wanted=form.kind)
        entry = Version(
            name=name,
            kind=form.kind,
            number=0,
            text=form.text,
            variables=form.variables,
            description=form.description,
            uses=tuple(found["uses"]),
            note=form.note,
        )
        bundle = await with_parts(connection, name, entry)
        known = {variable.name for variable in bundle.variables} | _GLOBALS
        known.update(found["assigned"])
        for read, line in found["reads"].items():
            if read not in known:
                _refuse_undeclared(name, read, line, known)
        return bundle

    async def _get(self, connection: AsyncConnection, name: str, number: int | None) -> Version:
        found = await find_version(connection, Reference(name, number)) if is_name(name) else None
        if found is None:
            asked = name if number is None else f"{name}@{number}"
            raise TemplateUnknown(template=asked[:80])
        return found

    async def _locked(
        self, connection: AsyncConnection, name: str, version: int | None
    ) -> TemplateRow | None:
        """The template, for this transaction to change; of a version that the caller has seen."""
        row = await rows.find(connection, name, lock=True)
        current = int(name in load_builtin()) if row is None else row.current
        check_version(name, version, current)
        return row

    async def _log(
        self, connection: AsyncConnection, editor: Editor, action: str, name: str, detail: Detail
    ) -> None:
        await self._audit.append(connection, editor.did(action, name, detail))


def _form(version: Version, note: str) -> TemplateForm:
    return TemplateForm(
        kind=version.kind,
        text=version.text,
        variables=version.variables,
        description=version.description,
        note=note,
    )


def _says(version: Version) -> tuple[object, ...]:
    return version.text, version.variables, version.description


def _row(version: Version) -> VersionRow:
    return VersionRow(
        name=version.name,
        number=version.number,
        text=version.text,
        variables=[
            variable.model_dump(mode="json", exclude_defaults=True)
            for variable in version.variables
        ],
        description=version.description,
        uses=list(version.uses),
        note=version.note,
        author=version.author,
        created_at=version.created_at,
    )


def _refuse_undeclared(template: str, name: str, line: int, known: set[str]) -> None:
    near = get_close_matches(name[:64], known, 1)
    zh, en = (f"，是不是 {near[0]}", f", did you mean {near[0]}") if near else ("", "")
    raise TemplateInvalid(
        field="text",
        template=template,
        line=line,
        zh=f"没有声明变量 {name[:64]}{zh}",
        en=f"the variable {name[:64]} is not declared{en}",
    )

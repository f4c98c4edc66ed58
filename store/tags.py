"""Words that people filed things under: jobs, drafts, publications, materials."""

import unicodedata
from collections.abc import Collection, Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError, Text
from store.tables import tag
from store.upsert import insert_for

TagKind = Literal["job", "draft", "publication", "material"]

TAG_CHARS = 32
TAGS_A_THING = 20


class TooManyTags(GatewayError):
    """One thing would have more tags than it may."""

    status = 422
    code = "too_many_tags"
    category = "params"
    message = Text(
        "标签最多 {limit} 个：{subject}", "at most {limit} tags a thing: {subject} has more"
    )
    hint = Text("先去掉用不到的标签", "remove tags that are not needed first")


def _name(said: str) -> str:
    name = unicodedata.normalize("NFC", said).strip()
    if not 1 <= len(name) <= TAG_CHARS or not name.isprintable() or "," in name:
        raise ValueError(
            f"标签为 1–{TAG_CHARS} 个可见字符，不含逗号 / "
            f"a tag has 1 to {TAG_CHARS} printable characters and no comma"
        )
    return name


# Trimmed and normalised; without commas, as lists of tags are written with them.
TagName = Annotated[str, AfterValidator(_name)]


async def add(
    connection: AsyncConnection, account: str, kind: TagKind, subject: str, names: Collection[str]
) -> None:
    """File a thing under these names too. Raises TooManyTags."""
    if not names:
        return
    rows = [_row(account, kind, subject, name) for name in dict.fromkeys(names)]
    await connection.execute(insert_for(connection, tag).values(rows).on_conflict_do_nothing())
    if len(await of(connection, account, kind, subject)) > TAGS_A_THING:
        raise TooManyTags(limit=TAGS_A_THING, subject=subject)


async def remove(
    connection: AsyncConnection, account: str, kind: TagKind, subject: str, names: Collection[str]
) -> None:
    """Take a thing from under these names."""
    gone = delete(tag).where(*_is(account, kind, [subject]), tag.c.name.in_(names))
    await connection.execute(gone)


async def replace(
    connection: AsyncConnection, account: str, kind: TagKind, subject: str, names: Collection[str]
) -> None:
    """File a thing under these names and no others. Raises TooManyTags."""
    await forget(connection, account, kind, [subject])
    await add(connection, account, kind, subject, names)


async def of(
    connection: AsyncConnection, account: str, kind: TagKind, subject: str
) -> tuple[str, ...]:
    """The names that a thing stands under, in order."""
    found = await of_each(connection, kind, [(account, subject)])
    return found.get((account, subject), ())


async def of_each(
    connection: AsyncConnection, kind: TagKind, things: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The names of each thing, by (account, subject); things without any are not there."""
    by_account: dict[str, list[str]] = {}
    for account, subject in things:
        by_account.setdefault(account, []).append(subject)
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for account, subjects in by_account.items():
        query = select(tag.c.subject, tag.c.name).where(*_is(account, kind, subjects))
        for subject, name in await connection.execute(query.order_by(tag.c.name)):
            found[account, subject] = (*found.get((account, subject), ()), name)
    return found


async def forget(
    connection: AsyncConnection, account: str, kind: TagKind, subjects: Collection[str]
) -> None:
    """These things are there no more."""
    await connection.execute(delete(tag).where(*_is(account, kind, subjects)))


def _is(account: str, kind: TagKind, subjects: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (tag.c.account == account, tag.c.kind == kind, tag.c.subject.in_(subjects))


def _row(account: str, kind: TagKind, subject: str, name: str) -> dict[str, str]:
    return {"account": account, "kind": kind, "subject": subject, "name": name}

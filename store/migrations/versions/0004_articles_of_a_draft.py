"""Jobs and intents hold a list of articles: a draft may have several."""

import json
from collections.abc import Callable
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

revision = "0004"
down_revision = "0003"

Stored = dict[str, Any]


def upgrade() -> None:
    connection = op.get_bind()
    _rewrite(connection, "job", "checkpoint", ("id",), _checkpoint)
    _rewrite(connection, "intent", "fingerprint", ("job_id", "effect", "attempt"), _fingerprint)


def _checkpoint(stored: Stored) -> Stored | None:
    if "article" not in stored:
        return None
    article, words = stored.pop("article"), stored.pop("text_hash", "")
    stored |= {"articles": [article], "text_hashes": [words]}
    if "article_url" in stored:
        stored["article_urls"] = [stored.pop("article_url")]
    return stored


def _fingerprint(stored: Stored) -> Stored | None:
    if "articles" in stored:
        return None
    media_id, cover = stored.pop("media_id", ""), stored.pop("thumb_media_id", "")
    return {"articles": [{**stored, "cover": cover}], "media_id": media_id}


def _rewrite(
    connection: Connection,
    table: str,
    column: str,
    key: tuple[str, ...],
    change: Callable[[Stored], Stored | None],
) -> None:
    """Change a column of JSON, a row at a time: an article may have a megabyte."""
    where = " AND ".join(f"{name} = :{name}" for name in key)
    read = text(f"SELECT {column} FROM {table} WHERE {where}")  # noqa: S608 - names of ours
    write = text(f"UPDATE {table} SET {column} = :changed WHERE {where}")  # noqa: S608
    if connection.dialect.name == "postgresql":
        write = text(f"UPDATE {table} SET {column} = CAST(:changed AS JSON) WHERE {where}")  # noqa: S608
    keys = connection.execute(text(f"SELECT {', '.join(key)} FROM {table}")).all()  # noqa: S608
    for row in keys:
        place = dict(zip(key, row, strict=True))
        stored = connection.execute(read, place).scalar_one()
        changed = change(json.loads(stored) if isinstance(stored, str) else stored)
        if changed is not None:
            connection.execute(write, {**place, "changed": json.dumps(changed)})

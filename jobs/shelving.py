"""What a job made or took away is in the library at once, not only when the list is read anew."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.shelves import articles_holding
from store import library
from store.jobs import JobRow
from store.library import LibraryKind

_DRAFT = frozenset({"draft", "draft_ready"})


async def shelve(
    connection: AsyncConnection, row: JobRow, result: Mapping[str, Any] | None, now: float
) -> None:
    """Note the draft or publication that a job ended with. `row` with its last checkpoint."""
    mode, media_id = (result or {}).get("mode"), (result or {}).get("media_id")
    if result is None or not media_id:
        return
    articles = [dict(article) for article in row.checkpoint.get("articles", ())]
    articles = articles or [{"title": row.title or ""}]
    urls = result.get("urls") or [result.get("url")]
    for article, url in zip(articles, urls, strict=False):
        article["url"] = url
    if mode in _DRAFT:
        await _put(connection, row, "draft", media_id, articles, now)
    elif mode == "published":
        await library.remove(connection, row.account, "draft", [media_id])
        if article_id := result.get("article_id"):
            await _put(connection, row, "publication", article_id, articles, now)


async def _put(
    connection: AsyncConnection,
    row: JobRow,
    kind: LibraryKind,
    thing_id: str,
    articles: Sequence[Mapping[str, Any]],
    now: float,
) -> None:
    made = articles_holding(row.account, kind, thing_id, articles, update_time=now, job_id=row.id)
    await library.put(connection, [made], now=now)

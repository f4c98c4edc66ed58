from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from wechat.draft import Article

_MOST = 50  # changes that a job keeps


class FindsChanges(Protocol):
    """Compares HTML that was sent with HTML that WeChat kept; `content.roundtrip.changes` does."""

    async def changes(self, sent: str, kept: str) -> list[dict[str, Any]]:
        """Each kind of change once: what, change, name, sent, kept, count."""
        ...


async def changes_of(
    finder: FindsChanges, articles: Sequence[Article], news: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What WeChat changed in the articles of a draft, each with the index of its article.

    A newspic is plain text and stays as it is.
    """
    found: list[dict[str, Any]] = []
    for index, (article, item) in enumerate(zip(articles, news, strict=False)):
        kept = item.get("content")
        if article.article_type == "news" and isinstance(kept, str):
            changes = await finder.changes(article.content, kept)
            found += [{"article": index, **change} for change in changes]
    return found[:_MOST]

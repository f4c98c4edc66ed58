"""The same article is not published twice by accident, whoever asks and however it is written."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from content.fields import ArticleFields, DraftFields
from core.clock import Clock
from core.errors import GatewayError, Text
from store import locks, repeats
from store.jobs import JobRow


class RepeatedPublication(GatewayError):
    """The account has published that of late, or is about to."""

    status = 409
    code = "repeated_publication"
    category = "content"
    level = "warning"
    message = Text(
        "同样的内容刚由任务 {job_id} 发表过，或正在发表",
        "{job_id} published the same of late, or is about to",
    )
    hint = Text(
        "确实要再发一次时加上 repeat: true；多久算重复见 jobs.repeat_window_s",
        "say repeat: true to have it twice; jobs.repeat_window_s is how long it is remembered",
    )


class Repeats:
    """Refuses what was published within the window, unless the job says that it is to repeat."""

    def __init__(self, window_s: float, *, clock: Clock) -> None:
        """`window_s` 0: nothing is refused."""
        self._window_s = window_s
        self._clock = clock

    async def check_asked(self, connection: AsyncConnection, row: JobRow) -> None:
        """Before a job is taken in, by what was handed in. Raises RepeatedPublication.

        Of two at the same moment the second finds the first. The items of a batch and the jobs
        of a schedule are looked at when they come to be sent: one repeat stops not all of them.
        """
        alone = row.parent_id is None and row.schedule_id is None
        if row.content_hash is None or not alone or self._may(row):
            return
        await locks.serialize(connection, f"content {row.account} {row.content_hash}")
        earlier = await repeats.same_content(
            connection, row.account, row.content_hash, since=self._clock() - self._window_s
        )
        if earlier is not None:
            raise RepeatedPublication(job_id=earlier)

    async def check_sent(
        self, connection: AsyncConnection, row: JobRow, fingerprint: Mapping[str, Any]
    ) -> None:
        """Before a draft is sent to be published, by what it says. Raises RepeatedPublication."""
        if self._may(row):
            return
        await locks.serialize(connection, f"publish {row.account}")
        since = self._clock() - self._window_s
        earlier = await repeats.same_sent(
            connection, row.account, fingerprint, since=since, job_id=row.id
        )
        if earlier is not None:
            raise RepeatedPublication(job_id=earlier)

    def _may(self, row: JobRow) -> bool:
        return self._window_s == 0 or bool(row.payload.get("repeat"))


def content_hash(fields: DraftFields, files: Mapping[str, str]) -> str:
    """Of what would be published, with files (path → SHA-256): the same for the same article.

    White space, the order of keys, and how it is to look do not count.
    """
    said = [[_said(article) for article in fields.each()], sorted(files.items())]
    return hashlib.sha256(json.dumps(said).encode("utf-8", "surrogatepass")).hexdigest()


def _said(article: ArticleFields) -> list[Any]:
    text = article.html if article.markdown is None else article.markdown
    words = ["".join((each or "").split()) for each in (article.title, text, article.cover)]
    template = [article.template, json.dumps(article.variables, sort_keys=True)]
    return [*words, list(article.images or ()), template]

from typing import Any, Literal

from accounts.edits import Editor
from core.clock import Clock
from core.errors import GatewayError, Text
from jobs import family
from jobs.announce import Announce
from jobs.changes import Changes
from jobs.failures import stored_error
from jobs.journal import Journal
from jobs.service import JobUnknown
from jobs.states import BATCH, State
from store import intents
from store import jobs as job_rows
from store.engine import Database
from store.jobs import JobRow

Verdict = Literal["published", "not_published"]


class NotInReview(GatewayError):
    """The job does not wait for anybody to find out what became of it."""

    status = 409
    code = "job_not_in_review"
    category = "params"
    message = Text("处于 {state} 的任务不需要确认", "a job that is {state} is not in review")
    hint = Text("只有 needs_review 的任务需要确认", "only those that need review are resolved")


class ReviewItems(GatewayError):
    """What became of a batch is what became of its items."""

    status = 409
    code = "review_items"
    category = "params"
    message = Text("批量任务由其各项决定", "a batch is what its items are")
    hint = Text(
        "逐个确认 items 里状态为 needs_review 的任务",
        "resolve those of its items that need review, by their own ids",
    )


class ArticleTaken(GatewayError):
    """What was found on the account is known to be another job's."""

    status = 409
    code = "article_taken"
    category = "params"
    message = Text("{article_id} 是另一个任务发表的", "{article_id} is what another job published")
    hint = Text(
        "再找一遍：没有别的同样文章时，用 not_published",
        "look again: where no other such article is there, say not_published",
    )


class NotPublished(GatewayError):
    """Somebody looked, and nothing had come of it."""

    status = 409
    code = "not_published"
    category = "system"
    message = Text("经 {editor} 确认没有发出", "{editor} found that nothing was published")
    hint = Text("需要时用 retry 再发送", "use retry to have it sent")


class Resolution:
    """Ends jobs that need review as a person says who has looked."""

    def __init__(
        self, database: Database, changes: Changes, journal: Journal, *, clock: Clock
    ) -> None:
        self._database = database
        self._changes = changes
        self._journal = journal
        self._announce = Announce(clock)
        self._clock = clock

    async def resolve(
        self, job_id: str, verdict: Verdict, editor: Editor, *, article_id: str | None = None
    ) -> JobRow:
        """Let it be succeeded or failed. Raises JobUnknown, NotInReview, ReviewItems, ArticleTaken.

        What was in doubt is so no more: after `not_published` a retry sends it.
        """
        now = self._clock()
        async with self._database.write() as connection:
            row = await family.lock(connection, job_id)
            if row is None:
                raise JobUnknown(job_id=job_id[:64])
            if row.state != State.NEEDS_REVIEW:
                raise NotInReview(state=row.state)
            if row.kind == BATCH:
                raise ReviewItems
            # No other job in doubt is to find it in WeChat's list and take it for its own.
            if (
                verdict == "published"
                and article_id is not None
                and not await intents.own_article(connection, job_id, article_id)
            ):
                raise ArticleTaken(article_id=article_id)
            doubtful = await intents.doubtful(connection, job_id)
            if doubtful is not None:
                outcome: Literal["adopted", "refused"] = (
                    "adopted" if verdict == "published" else "refused"
                )
                answer = {"by": editor.actor}
                await intents.settle(connection, doubtful, outcome, answer=answer, by_hand=True)
            state, result, error = _end(row, verdict, article_id, editor)
            values = {"state": state, "result": result, "error": error, "updated_at": now}
            changed = await job_rows.replace(connection, row, values)
            await self._announce.review_over(connection, row)
            await self._announce.job_ended(connection, row, state, result=result, error=error)
            await family.settle(connection, row.parent_id, now, self._announce)
            await self._journal.resolved(connection, row, editor, verdict)
        assert changed is not None  # noqa: S101 - it was locked
        self._changes.tell(job_id)
        return changed


def _end(
    row: JobRow, verdict: Verdict, article_id: str | None, editor: Editor
) -> tuple[State, dict[str, Any] | None, dict[str, Any] | None]:
    made: dict[str, Any] = {**(row.checkpoint.get("result") or {}), **(row.result or {})}
    if verdict == "not_published":
        error = stored_error(NotPublished(editor=editor.actor), review=row.error)
        return State.FAILED, made or None, error
    mode = "mass_sent" if row.action == "mass_send" else "published"
    made |= {"mode": mode, "media_id": row.checkpoint.get("media_id", ""), "resolved": True}
    if article_id is not None:
        made["article_id"] = article_id
    return State.SUCCEEDED, made, None

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError, Text
from jobs import crash_points
from jobs.claim import Claim, Done, EndRun, Later, LeaseLost
from jobs.context import JobsContext
from jobs.failures import review
from jobs.repeats import Repeats
from jobs.rights import check_rights
from store import intents
from store.engine import StorageUnavailable
from store.intents import IntentRow, Outcome
from store.jobs import JobRow
from wechat.call import NotSent, WeChatRefused

log = structlog.get_logger(__name__)

_RESENT_ALREADY = Text("已重发过一次，仍没有得到应答", "it was sent twice, without an answer")
_SENT_IN_VAIN = Text("多次发送都没有得到应答", "it was sent several times, without an answer")
_MOST_SENDS = 5  # of what may be sent safely
_SAFE_PAUSE_S = 65.0  # WeChat wants a minute between two tries of one clientmsgid (45066)
_SAFE_FOR_S = 3_600.0  # how long WeChat knows a clientmsgid is not documented (ADR 0008)
_TOO_OLD = Text(
    "距第一次发送已过很久，微信可能不再认得它",
    "it was first sent long ago: WeChat may not know it any more",
)
_RECORD_AGAIN_S = (0.5, 2.0, 5.0)  # a store that is away for a moment is no reason to forget
_ONLY_BY_ORDER = Text(
    "没有得到应答，微信的列表里也还没有；这一步从不自动重发",
    "no answer came, and it is not in WeChat's lists yet; this step is never sent again by itself",
)
_OWNER_MAY_LIVE = Text(
    "发出请求的进程可能仍在运行，不能重发", "the process that sent it may still be running"
)
_NOT_LISTED = Text("微信的列表里没有找到", "it is not in WeChat's lists")


@dataclass(frozen=True, slots=True)
class Found:
    """It happened; these are the ids."""

    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Absent:
    """It is not there (yet). `resend`: sending it again cannot double it, if it stays so."""

    evidence: dict[str, Any]
    resend: bool = True
    reason: Text = _NOT_LISTED


@dataclass(frozen=True, slots=True)
class Unclear:
    """What is there does not tell; a person has to look."""

    reason: Text
    evidence: dict[str, Any]


# How often it may be sent without being told so: never twice; once more after a quiet time; or
# however often, since WeChat itself knows it again and does it once.
Resends = Literal["by_order", "once", "safely"]


class Effect(Protocol):
    """Something to be changed at WeChat, where doing it twice would be a fault."""

    name: str
    resends: Resends
    releases: bool  # whether followers see it: then the same is not to be sent for another job
    fingerprint: dict[str, Any]  # what it can be found by afterwards

    async def send(self) -> Mapping[str, str]:
        """Do it, in one call; returns ids to put into the job's checkpoint."""
        ...

    async def look(self, intent: IntentRow) -> Found | Absent | Unclear:
        """Find out what became of an earlier attempt. Reads only."""
        ...

    async def record(
        self, connection: AsyncConnection, row: JobRow, answer: Mapping[str, Any]
    ) -> None:
        """Keep what else follows from its being done, in the transaction that records that."""
        ...


class Once:
    """Does an effect at most once for a job, whatever dies in between (faults.md R-A to R-C).

    Before sending, an intent is committed; afterwards, what came of it. An intent without an
    answer means "nobody knows": then WeChat's lists are read, and what is found there is
    adopted. What they have not shown for `reconcile_quiet_s` needs a person; but an effect that
    `resends` "once" is sent again, one time, if the process that sent it cannot send any more
    (ADR 0003); and one that does so "safely", to ask what became of it.
    """

    def __init__(self, context: JobsContext) -> None:
        self._database = context.database
        self._executor = context.executor
        self._settings = context.settings
        self._clock = context.clock
        self._crash = context.crash
        self._live_client = context.live_client
        self._repeats = Repeats(context.settings.repeat_window_s, clock=context.clock)

    async def perform(self, claim: Claim, effect: Effect) -> None:
        """Make sure that it is done; the ids stand in the claim's checkpoint then.

        What is not yet sent is sent only while the job's client may still have it done.
        Raises EndRun (to go on later, for a person, or cancelled), LeaseLost, RepeatedPublication,
        the WeChatRefused or NotSent of an attempt that changed nothing, and whatever reading
        WeChat's lists raises: a job that fails with something unknown becomes `needs_review`.
        """
        async with self._database.read() as connection:
            earlier = await intents.of_job(connection, claim.row.id, effect.name)
        done = next((i for i in earlier if i.outcome in ("answered", "adopted")), None)
        if done is not None:
            # Recorded by a run that had lost its lease by then.
            claim.checkpoint.update(done.answer or {})
            await claim.save()
            return
        # One that was superseded may have worked all the same, late.
        doubtful = next((i for i in reversed(earlier) if i.outcome in (None, "absent")), None)
        if doubtful is not None and await self._found(claim, effect, doubtful, earlier):
            return
        unknown = doubtful if doubtful is not None and doubtful.outcome is None else None
        await self._send(claim, effect, attempt=len(earlier) + 1, unknown=unknown)

    async def _found(
        self, claim: Claim, effect: Effect, doubtful: IntentRow, earlier: list[IntentRow]
    ) -> bool:
        """Whether the effect was found and adopted; False if it has to be sent again."""
        if effect.resends == "safely":
            self._check_pause(claim, doubtful, earlier)
            return False
        verdict = await effect.look(doubtful)
        log.info("looked for a lost outcome", effect=effect.name, verdict=type(verdict).__name__)
        if isinstance(verdict, Found):
            await self._settle(claim, effect, doubtful, "adopted", verdict.answer)
            return True
        if isinstance(verdict, Absent) and doubtful.outcome is None:
            quiet_until = doubtful.sent_at + self._settings.reconcile_quiet_s
            if self._clock() < quiet_until:
                raise EndRun(Later(min(quiet_until, self._next_look(doubtful))))
        objection = self._objection(claim, effect, doubtful, earlier, verdict)
        if objection is not None:
            raise EndRun(self._review(objection, doubtful, verdict.evidence))
        return False

    def _check_pause(self, claim: Claim, doubtful: IntentRow, earlier: list[IntentRow]) -> None:
        """Raises EndRun where it is too soon or, without an order, too late."""
        if not ordered(claim.checkpoint, doubtful):
            if len(earlier) >= _MOST_SENDS:
                raise EndRun(self._review(_SENT_IN_VAIN, doubtful, {}))
            if self._clock() > earlier[0].sent_at + _SAFE_FOR_S:
                raise EndRun(self._review(_TOO_OLD, doubtful, {}))
        if (again := doubtful.sent_at + _SAFE_PAUSE_S) > self._clock():
            raise EndRun(Later(again))

    def _objection(
        self,
        claim: Claim,
        effect: Effect,
        doubtful: IntentRow,
        earlier: list[IntentRow],
        verdict: Absent | Unclear,
    ) -> Text | None:
        """Why it must not be sent again; None if it may."""
        if isinstance(verdict, Unclear) or not verdict.resend:
            return verdict.reason
        if doubtful.outcome == "absent" or ordered(claim.checkpoint, doubtful):
            return None
        if effect.resends == "by_order":
            return _ONLY_BY_ORDER
        if any(intent.outcome == "absent" for intent in earlier):
            return _RESENT_ALREADY
        if not self._executor.can_send_no_more(doubtful.owner):
            return _OWNER_MAY_LIVE
        return None

    async def _send(
        self, claim: Claim, effect: Effect, *, attempt: int, unknown: IntentRow | None
    ) -> None:
        self._crash(crash_points.intent_before(effect.name))
        async with claim.sending():
            intent = await self._write_intent(claim, effect, attempt, unknown)
            self._crash(crash_points.intent_after(effect.name))
            claim.check_time()  # the commit may have taken long, or the machine slept
            try:
                answer = dict(await effect.send())
            except WeChatRefused as exc:
                await self._settle(
                    claim, effect, intent, "refused", {"errcode": exc.wechat_errcode}
                )
                raise
            except NotSent:
                await self._settle(claim, effect, intent, "not_sent", {})
                raise
            except GatewayError as exc:
                log.warning("outcome unknown", effect=effect.name, code=exc.code)
                raise EndRun(Later(self._next_look(intent))) from exc
            self._crash(crash_points.answer(effect.name))
            await self._settle(claim, effect, intent, "answered", answer)
            self._crash(crash_points.recorded(effect.name))

    async def _write_intent(
        self, claim: Claim, effect: Effect, attempt: int, unknown: IntentRow | None
    ) -> IntentRow:
        row = claim.row
        intent = IntentRow(
            job_id=row.id,
            effect=effect.name,
            attempt=attempt,
            account=row.account,
            fingerprint=effect.fingerprint,
            owner=self._executor.id,
            epoch=row.epoch,
            sent_at=self._clock(),
        )
        async with self._database.write() as connection:
            await claim.hold(connection)
            check_rights(claim, self._live_client)
            if effect.releases:
                await self._repeats.check_sent(connection, row, effect.fingerprint)
            if unknown is not None and not await intents.settle(connection, unknown, "absent"):
                raise LeaseLost  # its answer was recorded meanwhile
            await intents.insert(connection, intent)
        return intent

    async def _settle(
        self,
        claim: Claim,
        effect: Effect,
        intent: IntentRow,
        outcome: Outcome,
        answer: Mapping[str, Any],
    ) -> None:
        """Record what came of an attempt, and the ids in the checkpoint, in one transaction.

        Where the lease is lost the answer is kept all the same: it is a fact. Where the store
        fails it is tried again, since what WeChat said it says once; a commit that was lost only
        on the way back is not done twice.
        """
        for pause_s in _RECORD_AGAIN_S:
            try:
                await self._record(claim, effect, intent, outcome, answer)
            except StorageUnavailable as exc:
                log.warning("answer not recorded yet", effect=intent.effect, reason=str(exc))
                await asyncio.sleep(pause_s)
            else:
                return
        await self._record(claim, effect, intent, outcome, answer)

    async def _record(
        self,
        claim: Claim,
        effect: Effect,
        intent: IntentRow,
        outcome: Outcome,
        answer: Mapping[str, Any],
    ) -> None:
        async with self._database.write() as connection:
            is_news = await intents.settle(connection, intent, outcome, answer=answer)
            owned = await intents.own(connection, intent, answer)
            if outcome == "adopted" and not owned:
                raise EndRun(Later(self._clock()))  # another job was quicker: look again
            if outcome in ("answered", "adopted"):
                claim.checkpoint.update(answer)
                claim.checkpoint.pop("retries", None)
                if is_news:
                    await effect.record(connection, claim.row, answer)
                held = await claim.advance(connection)
            else:
                held = await claim.move(connection)
            self._crash(crash_points.record(intent.effect))
        if not held:
            raise LeaseLost

    def _next_look(self, intent: IntentRow) -> float:
        now = self._clock()
        looks = (intent.sent_at + after_s for after_s in self._settings.first_poll_s)
        return next((at for at in looks if at > now), now + self._settings.poll_every_s)

    def _review(self, reason: Text, unknown: IntentRow, evidence: Mapping[str, Any]) -> Done:
        log.error("job needs review", effect=unknown.effect, reason=reason.en)
        return review(
            reason,
            effect=unknown.effect,
            attempt=unknown.attempt,
            sent_at=unknown.sent_at,
            **_for_people(unknown.fingerprint),
            **evidence,
        )


def _for_people(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """What a person can look for: titles and ids, no hashes."""
    articles = [
        {name: value for name, value in article.items() if name != "text_hash"}
        for article in fingerprint["articles"]
    ]
    return {**fingerprint, "articles": articles}


def order(doubtful: IntentRow) -> dict[str, Any]:
    """What in a checkpoint says that a person wants this attempt repeated if nothing came of it.

    It names the attempt: for the next one, should that be lost too, it is worth nothing.
    """
    return {"send_again": [doubtful.effect, doubtful.attempt]}


def ordered(checkpoint: Mapping[str, Any], doubtful: IntentRow) -> bool:
    """Whether the checkpoint holds the order to repeat this attempt."""
    return order(doubtful).items() <= checkpoint.items()

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError, Text
from jobs.admission import hold_draft
from jobs.claim import Claim, Done, Later, Outcome
from jobs.context import JobsContext
from jobs.failures import review, stored_error
from jobs.journal import Journal
from jobs.once import Absent, Once, Resends
from jobs.reconcile import Fingerprint
from jobs.states import State
from store import events
from store.intents import IntentRow
from store.jobs import JobRow
from wechat import mass
from wechat.call import Call, WeChatRefused
from wechat.mass import Audience, MassClient
from wechat.pushed import MASS_SENT

_TOO_SOON_S = 65.0  # WeChat wants a minute between two tries of one clientmsgid
_COUNTS = {
    "total": "TotalCount",
    "filtered": "FilterCount",
    "sent": "SentCount",
    "failed": "ErrorCount",
}  # of the event at the end, by what we call them
_TOO_LONG = Text("微信迟迟没有群发完", "WeChat has not come to an end with sending it")


class MassFailed(GatewayError):
    """WeChat took the mass send and did not send it to its end."""

    status = 422
    code = "mass_failed"
    category = "content"
    message = Text("微信没有完成群发：{status}", "WeChat did not send it: {status}")
    hint = Text(
        "在公众号后台的发表记录里查看原因；管理员未在 30 分钟内确认也会失败",
        "see the reason on mp.weixin.qq.com; an administrator may have had to confirm in 30 min",
    )


class SendToAll:
    """The effect mass/sendall. WeChat knows it by its clientmsgid: the job's id."""

    name = "mass"
    resends: Resends = "safely"
    releases = True

    def __init__(
        self, client: MassClient, claim: Claim, fingerprint: Fingerprint, journal: Journal
    ) -> None:
        self._client = client
        self._row = claim.row
        self._journal = journal
        self._media_id = fingerprint.media_id
        self.fingerprint = fingerprint.as_json()

    async def send(self) -> Mapping[str, str]:
        """Hand the draft to WeChat for sending; sent before, this tells under which msg_id."""
        audience = Audience(**self._row.payload["mass"])
        sent = await self._client.sendall(
            self._row.account, self._media_id, audience, clientmsgid=self._row.id
        )
        return {"msg_id": sent.msg_id, "msg_data_id": sent.msg_data_id}

    async def look(self, intent: IntentRow) -> Absent:
        """WeChat has no list of mass sends: to send it again is the way to ask."""
        del intent
        return Absent({})

    async def record(
        self, connection: AsyncConnection, row: JobRow, answer: Mapping[str, Any]
    ) -> None:
        """Write it into the audit log."""
        await self._journal.mass_sent(connection, row, self.fingerprint, answer)


class MassSend:
    """Sends a draft that is in the box to followers: send → poll, each step recorded."""

    def __init__(self, context: JobsContext, call: Call) -> None:
        self._context = context
        self._database = context.database
        self._settings = context.settings
        self._clock = context.clock
        self._client = MassClient(call)
        self._once = Once(context)

    async def __call__(self, claim: Claim, fingerprint: Fingerprint) -> Outcome:
        """Go as far as possible now."""
        if "msg_id" not in claim.checkpoint:
            await hold_draft(self._database, claim, fingerprint.media_id)
            effect = SendToAll(self._client, claim, fingerprint, self._context.journal)
            try:
                await self._once.perform(claim, effect)
            except WeChatRefused as exc:
                if exc.wechat_errcode != mass.TOO_SOON:
                    raise
                return Later(self._clock() + _TOO_SOON_S, State.WAITING, stored_error(exc))
        claim.progress["done"] = claim.progress["total"] - 1
        try:
            return await self._follow(claim)
        except GatewayError as exc:
            # It is sent: that WeChat cannot be asked does not make the job fail.
            return self._later(claim, stored_error(exc))

    async def _follow(self, claim: Claim) -> Outcome:
        now, msg_id = self._clock(), claim.checkpoint["msg_id"]
        sent_at = claim.checkpoint.setdefault("submitted_at", now)
        if not msg_id:
            return _sent(claim, {})  # WeChat said that it was sent, not under which id
        status = await self._client.status(claim.row.account, msg_id)
        if status == mass.SUCCESS:
            return _sent(claim, await self._counts(claim.row.account, msg_id))
        if status in (mass.FAILED, mass.DELETED):
            failed = MassFailed(status=status)
            return Done(State.FAILED, error=stored_error(failed, msg_id=msg_id))
        if now - sent_at > self._settings.poll_for_s:
            return review(_TOO_LONG, msg_id=msg_id, msg_status=status)
        return self._later(claim, None)

    def _later(self, claim: Claim, error: dict[str, Any] | None) -> Later:
        now = self._clock()
        looks = (claim.checkpoint["submitted_at"] + s for s in self._settings.first_poll_s)
        at = next((at for at in looks if at > now), now + self._settings.poll_every_s)
        return Later(at, State.RUNNING, error)

    async def _counts(self, account: str, msg_id: str) -> dict[str, int]:
        """How many followers got it, as WeChat's event told, if it is here."""
        async with self._database.read() as connection:
            told = await events.about(connection, account, MASS_SENT, msg_id)
        body = {} if told is None else told.body
        given = {name: str(body.get(field, "")) for name, field in _COUNTS.items()}
        return {name: int(text) for name, text in given.items() if text.isdecimal()}


def _sent(claim: Claim, counts: dict[str, int]) -> Done:
    result = {
        "mode": "mass_sent",
        "media_id": claim.checkpoint["media_id"],
        "msg_id": claim.checkpoint["msg_id"],
        "msg_data_id": claim.checkpoint["msg_data_id"],
    }
    return Done(State.SUCCEEDED, result=result | ({"counts": counts} if counts else {}))

import hashlib
import json
from collections.abc import Callable
from typing import Any

from core.clock import shanghai_day
from sandbox.answers import Answer, Refused, json_answer, ok
from sandbox.apicall import AccountHandler, ApiCall
from sandbox.models import Draft, MassMessage
from sandbox.settings import SandboxAccount
from sandbox.world import World

_TOO_SOON_S = 60
_MAX_ID_BYTES = 64
_FIRST_ID = 1_000_000_000

# Told of every mass send that has reached its end.
Sent = Callable[[SandboxAccount, MassMessage], None]


class Mass:
    """message/mass/*: what every follower gets. Source: wechat-api.md, section 5."""

    def __init__(self, world: World, sent: Sent) -> None:
        self._world = world
        self._sent = sent

    def handlers(self) -> dict[str, AccountHandler]:
        """The calls of this family."""
        return {
            "/cgi-bin/message/mass/sendall": self.sendall,
            "/cgi-bin/message/mass/get": self.get,
            "/cgi-bin/message/mass/preview": self.preview,
            "/cgi-bin/message/mass/delete": self.delete,
        }

    def sendall(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Send a draft to all or a tag; one clientmsgid is sent once."""
        self._check_right(account)
        media_id, draft = self._draft(call, account)
        audience = self._audience(call)
        clientmsgid = self._clientmsgid(call, audience, media_id)
        now = self._world.clock()
        if (earlier := self._world.mass.get(account.app_id, clientmsgid)) is not None:
            if now - earlier.sent_at < _TOO_SOON_S and self._world.settings.mass_too_soon:
                raise Refused(45066)
            return _exists(earlier)
        if draft is None:
            raise Refused(40007)
        self._check_quota(account)
        msg_id = _FIRST_ID + len(self._world.mass.of(account.app_id)) + 1
        message = MassMessage(
            msg_id=msg_id, media_id=media_id, sent_at=now, done_at=now + self._publish_s()
        )
        self._world.mass.put(account.app_id, clientmsgid, message)
        self._world.drafts.remove(account.app_id, media_id)  # what is sent leaves the box
        self._world.ledger.commit(
            "mass",
            account.app_id,
            msg_id=msg_id,
            media_id=media_id,
            clientmsgid=clientmsgid,
            title=draft.articles[0].title,
            **audience,
        )
        return ok(msg_id=msg_id, msg_data_id=msg_id)

    def get(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """How far a mass send has come."""
        message = self._find(call, account)[1]
        done = message.done_at <= self._world.clock()
        status = "DELETE" if message.deleted else "SEND_SUCCESS" if done else "SENDING"
        return json_answer({"msg_id": message.msg_id, "msg_status": status})

    def preview(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Show a draft to one follower."""
        self._check_right(account)
        media_id, draft = self._draft(call, account)
        if draft is None:
            raise Refused(40007)
        to = call.json.get("towxname") or call.json.get("touser")
        if not isinstance(to, str):
            raise Refused(40003)
        self._world.ledger.commit("mass_preview", account.app_id, media_id=media_id, to=to)
        return ok(msg_id=_FIRST_ID)

    def delete(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """Take a mass send back."""
        clientmsgid, message = self._find(call, account)
        gone = message.model_copy(update={"deleted": True})
        self._world.mass.put(account.app_id, clientmsgid, gone)
        self._world.ledger.commit("mass_delete", account.app_id, msg_id=message.msg_id)
        return ok()

    def settle(self) -> None:
        """Tell of every mass send whose time has come, once."""
        now = self._world.clock()
        for app_id, clientmsgid, message in self._world.mass:
            account = self._world.account(app_id)
            if account is None or message.told or message.deleted or message.done_at > now:
                continue
            self._world.mass.put(app_id, clientmsgid, message.model_copy(update={"told": True}))
            self._sent(account, message)

    def _check_right(self, account: SandboxAccount) -> None:
        if not account.verified:
            raise Refused(48001)

    def _check_quota(self, account: SandboxAccount) -> None:
        """A verified subscription account has one mass send a day."""
        today = shanghai_day(self._world.clock())
        sent = [
            message
            for _, message in self._world.mass.of(account.app_id)
            if shanghai_day(message.sent_at) == today
        ]
        if len(sent) >= self._world.settings.mass_sends_a_day:
            raise Refused(45028)

    def _draft(self, call: ApiCall, account: SandboxAccount) -> tuple[str, Draft | None]:
        content = call.json.get("mpnews")
        if call.json.get("msgtype") != "mpnews" or not isinstance(content, dict):
            raise Refused(40008)
        media_id = str(content.get("media_id", ""))
        return media_id, self._world.drafts.get(account.app_id, media_id)

    def _audience(self, call: ApiCall) -> dict[str, Any]:
        chosen = call.json.get("filter")
        if not isinstance(chosen, dict) or not isinstance(chosen.get("is_to_all"), bool):
            raise Refused(47001)
        if chosen["is_to_all"]:
            return {"to_all": True}
        if not isinstance(chosen.get("tag_id"), int):
            raise Refused(45159)
        return {"to_all": False, "tag_id": chosen["tag_id"]}

    def _clientmsgid(self, call: ApiCall, audience: dict[str, Any], media_id: str) -> str:
        """The caller's; without one WeChat makes it from audience and content."""
        given = call.json.get("clientmsgid")
        if given is None:
            return hashlib.sha256(json.dumps([audience, media_id]).encode()).hexdigest()
        if not isinstance(given, str) or not 0 < len(given.encode()) <= _MAX_ID_BYTES:
            raise Refused(40097)
        return given

    def _find(self, call: ApiCall, account: SandboxAccount) -> tuple[str, MassMessage]:
        asked = str(call.json.get("msg_id", ""))
        for clientmsgid, message in self._world.mass.of(account.app_id):
            if str(message.msg_id) == asked:
                return clientmsgid, message
        raise Refused(40059)

    def _publish_s(self) -> float:
        return self._world.settings.publish_s


def _exists(earlier: MassMessage) -> Answer:
    said = {"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": earlier.msg_id}
    return json_answer(said)

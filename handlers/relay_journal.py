from collections.abc import Awaitable, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

import structlog

from accounts.audit import AuditEntry, Detail
from core.errors import GatewayError
from proxy.answer import NotJson, read_object
from proxy.auth import Caller
from proxy.body import MemoryBody, StoredBody
from proxy.exchange import Exchange
from proxy.request import Inbound
from proxy.routing import Route
from wechat.call import OutcomeUnknown
from wechat.catalogue import Endpoint

log = structlog.get_logger(__name__)

_DELETES = (
    "/cgi-bin/draft/delete",
    "/cgi-bin/material/del_material",
    "/cgi-bin/freepublish/delete",
)
_MENUS = "/cgi-bin/menu/"
_CLEAR_QUOTA = "/clear_quota"
# What of body and answer tells what was published or deleted; never the content.
_OF_BODY = ("media_id", "article_id", "msg_id", "index", "clientmsgid")
_OF_ANSWER = ("errcode", "errmsg", "media_id", "publish_id", "msg_id", "msg_data_id")
_MAX_BODY = 65_536


class Answered(Protocol):
    """What a relayed call came to; `proxy.responses.Relayed` is it."""

    @property
    def exchange(self) -> Exchange:
        """WeChat's answer."""
        ...


AnsweredT = TypeVar("AnsweredT", bound=Answered)


def action_of(endpoint: Endpoint | None) -> str | None:
    """Under which action a relayed call goes into the audit log; None: it does not."""
    if endpoint is None or not endpoint.write:
        return None
    if endpoint.path in _DELETES:
        return "relay.delete"
    if endpoint.scope in ("publish", "mass"):
        return f"relay.{endpoint.scope}"
    if endpoint.path.startswith(_MENUS):
        return "relay.menu"
    return "relay.clear_quota" if _CLEAR_QUOTA in endpoint.path else None


class Notes(Protocol):
    """Where notes go; `accounts.audit.AuditLog` is it."""

    async def note(self, entry: AuditEntry) -> None:
        """Keep the entry. Raises a GatewayError if that cannot be."""
        ...


class RelayJournal:
    """Notes in the audit log what clients publish, delete and reset through relayed calls.

    The note is written between WeChat's answer and ours. If it cannot be, that does not turn the
    answer into a failure: the call was made, and the error log says what is missing.
    """

    def __init__(self, audit: Notes) -> None:
        self._audit = audit

    def about(
        self,
        request: Inbound,
        request_id: str,
        caller: Caller,
        route: Route,
        body: StoredBody | None,
    ) -> AuditEntry | None:
        """What to note of a call that is about to be made; None where nothing is."""
        action = action_of(route.endpoint)
        if action is None:
            return None
        data = body.data if isinstance(body, MemoryBody) else b""
        return AuditEntry(
            actor=f"client:{caller.client.id}",
            action=action,
            subject=route.path,
            account=caller.account.name,
            detail=_picked(data, _OF_BODY),
            request_id=request_id,
            ip=request.peer,
        )

    async def noted(self, relaying: Awaitable[AnsweredT], entry: AuditEntry) -> AnsweredT:
        """What `relaying` gives, written down; and if nobody can know what came of it, that."""
        try:
            relayed = await relaying
        except OutcomeUnknown:
            await self._note(entry, {"outcome": "unknown"})
            raise
        head = relayed.exchange.head if relayed.exchange.complete else b""
        await self._note(entry, _picked(head, _OF_ANSWER))
        return relayed

    async def _note(self, entry: AuditEntry, outcome: Detail) -> None:
        try:
            await self._audit.note(replace(entry, detail={**entry.detail, **outcome}))
        except GatewayError as exc:
            told = {"action": entry.action, "actor": entry.actor, "path": entry.subject}
            log.error("relayed call not in the audit log", reason=str(exc), **told)  # noqa: TRY400


def _picked(body: bytes, names: Iterable[str]) -> dict[str, str | int]:
    """Those fields of a small JSON object; nothing of anything else."""
    if len(body) > _MAX_BODY:
        return {}
    try:
        said = read_object(body)
    except NotJson:
        return {}
    return {name: said[name] for name in names if isinstance(said.get(name), str | int)}

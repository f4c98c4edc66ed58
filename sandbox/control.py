import json
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.faults import CONTROL_PREFIX, Fault, FaultPlan
from sandbox.publisher import Publisher
from sandbox.push import Pusher
from sandbox.tokens import Tokens
from sandbox.world import Outcome, PushPlan, World

_STRICT = ConfigDict(frozen=True, extra="forbid")


class ExpireToken(BaseModel):
    """POST /sandbox/expire_token."""

    model_config = _STRICT

    app_id: str = Field(description="whose live tokens end")
    supersede: bool = Field(False, description="refused with 40001 instead of 42001")


class Advance(BaseModel):
    """POST /sandbox/clock."""

    model_config = _STRICT

    advance_s: float = Field(ge=0, le=10 * 365 * 86_400, description="jump ahead, seconds")


class SetOutcome(BaseModel):
    """POST /sandbox/outcomes."""

    model_config = _STRICT

    media_id: str = Field("*", description="of the draft; *: every draft without one of its own")
    publish_status: int = Field(0, ge=0, le=6, description="what its publications come to")
    publish_s: float | None = Field(None, ge=0, description="how long they take")
    errcode: int = Field(0, description="refuse submit with it, for instance 53503")


class Door(Protocol):
    """The listening socket and its connections."""

    def close_for(self, seconds: float) -> None:
        """Refuse connections so long."""
        ...

    def drop_connections(self) -> None:
        """End every connection, after the answer it is waiting for."""
        ...


class SetPushes(BaseModel):
    """POST /sandbox/pushes."""

    model_config = _STRICT

    copies: int = Field(1, ge=1, le=100, description="how often each event is pushed")
    delay_s: float = Field(0, ge=0, le=600, description="how late it is pushed")
    lost: bool = Field(False, description="it is not pushed at all")


class SendEvent(BaseModel):
    """POST /sandbox/events."""

    model_config = _STRICT

    app_id: str = Field(description="the account that it is pushed to")
    event: str = Field(pattern=r"^[A-Za-z0-9_]{1,48}$", description="its name")
    xml: str = Field("", max_length=20_000, description="its own elements")


M = TypeVar("M", bound=BaseModel)


class Control:
    """The calls under /sandbox: break things, move time, look into the ledger.

    Faults never touch them, no token is asked for, and they count as no API call.
    """

    def __init__(
        self,
        world: World,
        plan: FaultPlan,
        tokens: Tokens,
        publisher: Publisher,
        pusher: Pusher,
        door: Door,
    ) -> None:
        self._world = world
        self._pusher = pusher
        self._plan = plan
        self._tokens = tokens
        self._publisher = publisher
        self._door = door

    def routes(self) -> list[Route]:
        """The URL table."""
        table = (
            ("faults", self.list_faults, "GET"),
            ("faults", self.add_fault, "POST"),
            ("faults", self.clear_faults, "DELETE"),
            ("ledger", self.ledger, "GET"),
            ("calls", self.calls, "GET"),
            ("expire_token", self.expire_token, "POST"),
            ("outcomes", self.set_outcome, "POST"),
            ("pushes", self.set_pushes, "POST"),
            ("events", self.send_event, "POST"),
            ("clock", self.advance, "POST"),
            ("reset", self.reset, "POST"),
        )
        return [
            Route(CONTROL_PREFIX + path, handler, methods=[method])
            for path, handler, method in table
        ]

    async def list_faults(self, _request: Request) -> Response:
        """The faults still to come, and those that happened."""
        return JSONResponse(self._plan.describe())

    async def add_fault(self, request: Request) -> Response:
        """Plan a fault.

        `refuse` ends the connections that are open, since callers would go on using them; then it
        resets the next `count` connections, or with `seconds` closes the listener. Control calls
        that need a new connection are hit as well.
        """
        fault = await _read(request, Fault)
        if isinstance(fault, Response):
            return fault
        if fault.kind == "refuse":
            self._door.drop_connections()
        if fault.kind == "refuse" and fault.seconds is not None:
            self._door.close_for(fault.seconds)
        else:
            self._plan.add(fault)
        return JSONResponse(self._plan.describe(), status_code=201)

    async def clear_faults(self, _request: Request) -> Response:
        """Plan nothing; forget what happened."""
        self._plan.clear()
        return JSONResponse(self._plan.describe())

    async def ledger(self, request: Request) -> Response:
        """All that was committed, or one `kind` and `account` of it."""
        self._publisher.settle()
        query = request.query_params
        entries = self._world.ledger.entries(query.get("kind", ""), query.get("account", ""))
        return JSONResponse({"entries": [asdict(entry) for entry in entries]})

    async def calls(self, request: Request) -> Response:
        """API calls counted by path, and by AppID within; of one `path` the calls themselves."""
        path = request.query_params.get("path", "")
        by_account = self._world.calls.by_account(path)
        by_path = {its_path: sum(counts.values()) for its_path, counts in by_account.items()}
        data: dict[str, Any] = {"by_path": by_path, "by_account": by_account}
        if path:
            data["seen"] = self._world.calls.of(path)
        return JSONResponse(data)

    async def expire_token(self, request: Request) -> Response:
        """End an account's live tokens."""
        body = await _read(request, ExpireToken)
        if isinstance(body, Response):
            return body
        ended = self._tokens.expire(body.app_id, supersede=body.supersede)
        return JSONResponse({"ended": ended})

    async def set_outcome(self, request: Request) -> Response:
        """Say what publishing a draft will come to."""
        body = await _read(request, SetOutcome)
        if isinstance(body, Response):
            return body
        outcome = Outcome(body.publish_status, body.publish_s, body.errcode)
        self._world.outcomes[body.media_id] = outcome
        return JSONResponse(body.model_dump())

    async def set_pushes(self, request: Request) -> Response:
        """Push events several times, late or not at all from now on."""
        body = await _read(request, SetPushes)
        if isinstance(body, Response):
            return body
        self._world.pushes = PushPlan(body.copies, body.delay_s, body.lost)
        return JSONResponse(body.model_dump())

    async def send_event(self, request: Request) -> Response:
        """Push an event that nothing happened for, such as subscribe."""
        body = await _read(request, SendEvent)
        if isinstance(body, Response):
            return body
        account = self._world.account(body.app_id)
        if account is None or not account.callback_url:
            return JSONResponse({"errors": "no such account with a callback_url"}, status_code=404)
        self._pusher.event(account, body.event, body.xml)
        return JSONResponse({"pushed": body.event})

    async def advance(self, request: Request) -> Response:
        """Move the sandbox's clock ahead; what falls due happens."""
        body = await _read(request, Advance)
        if isinstance(body, Response):
            return body
        self._world.clock.ahead_s += body.advance_s
        self._publisher.settle()
        return JSONResponse({"now": self._world.clock()})

    async def reset(self, _request: Request) -> Response:
        """Forget all: tokens, drafts, files, ledger, counters, faults."""
        self._world.reset()
        self._publisher.forget()
        self._plan.clear()
        return JSONResponse({"reset": True})


async def _read(request: Request, model: type[M]) -> M | Response:
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as exc:
        errors = json.loads(exc.json(include_url=False, include_context=False))
        return JSONResponse({"errors": errors}, status_code=422)

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request

from accounts.clients import Client, Scope
from core.errors import Text
from handlers.mcp.words import About


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool answers: data in the form of its `gives`, and the gist of it for a model."""

    data: dict[str, Any]
    gist: Text
    failed: bool = False  # the call was understood, but what it was to do failed


# Does what was asked for, by the caller in `request.state.client`. Raises GatewayErrors.
Run = Callable[[Request, Any], Awaitable[Told]]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a tool does to the world, as agents ask their users by it."""

    reads_only: bool = False
    destructive: bool = False  # what it does cannot be taken back
    idempotent: bool = True  # the same call again does nothing more
    reaches_wechat: bool = True


READS = Effect(reads_only=True)
READS_HERE = Effect(reads_only=True, reaches_wechat=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool."""

    about: About
    takes: type[BaseModel]
    gives: type[BaseModel]
    effect: Effect
    scopes: tuple[Scope, ...] = ()  # one of them is needed; empty: none
    counts_as: str = ""  # the endpoint of /v1 whose own limit it counts on, if there is one
    run: Run

    @property
    def name(self) -> str:
        """What it is called by."""
        return self.about.name

    def is_for(self, client: Client) -> bool:
        """Whether the client may use it, and so gets to see it."""
        return not self.scopes or client.may(*self.scopes)


def tools_for(client: Client, tools: Iterable[Tool]) -> list[Tool]:
    """Those that the client may use."""
    return [tool for tool in tools if tool.is_for(client)]

"""`/mcp`: what agents call, made of what the handlers of /v1 are made of."""

import time
from collections.abc import Sequence
from importlib.metadata import version
from urllib.parse import urlsplit

from starlette.middleware import Middleware

from handlers.accounts import AccountsHandler
from handlers.body_budget import BodyBudget
from handlers.capabilities import AccountFacts
from handlers.library import LibraryHandler
from handlers.mcp.accounts import AccountTools, ChoosesAccount
from handlers.mcp.content import ContentTools
from handlers.mcp.endpoint import McpEndpoint
from handlers.mcp.holdings import HoldingTools
from handlers.mcp.operations import MCP
from handlers.mcp.publishing import Desk, PublishingTools
from handlers.mcp.tool import Tool
from handlers.openapi import ApiRoute
from handlers.throttle import Throttle
from server.routes import Parts
from wechat.errcodes import load_errcodes


def mcp_route(parts: Parts, throttle: Throttle, guards: Sequence[Middleware]) -> ApiRoute:
    """The one route; its calls count on the same limit as those of /v1."""
    settings = parts.settings
    endpoint = McpEndpoint(
        _tools(parts),
        BodyBudget(settings.jobs.max_bodies_mb * 1_000_000),
        origins=(_origin(settings.server.public_url), *settings.mcp.allowed_origins),
        max_calls=settings.mcp.max_calls,
        version=version("wxgate"),
    )
    limited = throttle.guard(ApiRoute("POST", "/mcp", endpoint.post, MCP), "")
    return ApiRoute("POST", "/mcp", limited.endpoint, MCP, guards)


def _tools(parts: Parts) -> list[Tool]:
    accounts, filler = parts.accounts, parts.work.templating.filler
    chooses = ChoosesAccount(accounts)
    facts = AccountFacts(parts.capabilities, parts.quota)
    drafts, materials = (
        LibraryHandler(parts.library, accounts, kind) for kind in ("draft", "material")
    )
    return [
        *ContentTools(parts.work.renderer, filler, load_errcodes()).tools(),
        *AccountTools(AccountsHandler(accounts, facts)).tools(),
        *HoldingTools(chooses, drafts, materials).tools(),
        *PublishingTools(Desk(parts.work.jobs, chooses, filler, time.time)).tools(),
    ]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

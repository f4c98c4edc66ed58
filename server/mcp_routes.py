"""`/mcp`: what agents call, made of what the handlers of /v1 are made of."""

import time
from collections.abc import Sequence
from importlib.metadata import version
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handlers.account_choice import AccountChoice
from handlers.accounts import AccountsHandler
from handlers.body_budget import BodyBudget
from handlers.capabilities import AccountFacts
from handlers.cors import Cors
from handlers.library import LibraryHandler
from handlers.mcp.accounts import AccountTools
from handlers.mcp.content import ContentTools
from handlers.mcp.endpoint import McpEndpoint
from handlers.mcp.holdings import HoldingTools
from handlers.mcp.operations import MCP
from handlers.mcp.publishing import Desk, PublishingTools
from handlers.mcp.refusals import MCP_EXCEPTION_HANDLERS
from handlers.mcp.tool import Tool
from handlers.openapi import ApiRoute
from handlers.presence import Presence
from handlers.throttle import Throttle
from server.routes import Parts
from wechat.errcodes import load_errcodes

# What browsers ask leave for, beside what other calls of ours may have.
_HEADERS = ("Mcp-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name", "Last-Event-ID")


def mcp_routes(
    parts: Parts, bodies: BodyBudget, throttle: Throttle, guards: Sequence[Middleware]
) -> list[Route]:
    """What is posted to /mcp, which counts on the limits of /v1; and what browsers ask before."""
    settings = parts.settings
    endpoint = McpEndpoint(
        _tools(parts),
        bodies,
        throttle.count,
        origins=(_origin(settings.server.public_url), *settings.mcp.allowed_origins),
        max_calls=settings.mcp.max_calls,
        version=version("wxgate"),
    )
    limited = throttle.guard(ApiRoute("POST", "/mcp", endpoint.post, MCP), "")
    refusals = Middleware(ExceptionMiddleware, handlers=MCP_EXCEPTION_HANDLERS)
    if not (origins := settings.mcp.allowed_origins):
        return [ApiRoute("POST", "/mcp", limited.endpoint, MCP, [refusals, *guards])]
    cors = Middleware(Cors, origins=origins, headers=_HEADERS)
    return [
        ApiRoute("POST", "/mcp", limited.endpoint, MCP, [cors, refusals, *guards]),
        # That there is no stream and no session is told in a form that their pages may read.
        Route("/mcp", _refused, methods=["OPTIONS", "GET", "DELETE"], middleware=[cors]),
    ]


async def _refused(_request: Request) -> Response:
    raise HTTPException(405, headers={"Allow": "POST"})


def _tools(parts: Parts) -> list[Tool]:
    accounts, filler = parts.accounts, parts.work.templating.filler
    chooses = AccountChoice(parts.callers.authenticator)
    facts = AccountFacts(parts.capabilities, parts.quota)
    drafts, materials = (
        LibraryHandler(parts.library, accounts, kind) for kind in ("draft", "material")
    )
    desk = Desk(parts.work.jobs, chooses, filler, parts.audit, Presence(), time.time)
    return [
        *ContentTools(parts.work.renderer, filler, load_errcodes()).tools(),
        *AccountTools(AccountsHandler(accounts, facts)).tools(),
        *HoldingTools(chooses, drafts, materials).tools(),
        *PublishingTools(desk).tools(),
    ]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

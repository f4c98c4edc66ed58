from collections.abc import Callable
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from core.tasks import TaskSet
from sandbox.api import Api
from sandbox.control import Control, Door
from sandbox.datacube import Datacube
from sandbox.drafts import Drafts
from sandbox.faults import FaultLayer, FaultPlan
from sandbox.freepublish import Freepublish
from sandbox.mass import Mass
from sandbox.material import Materials
from sandbox.media import Media, Uploads
from sandbox.menu import Menus
from sandbox.openapi import OpenApi
from sandbox.pages import Pages
from sandbox.products import Products
from sandbox.publisher import Publisher
from sandbox.push import Pusher
from sandbox.quotas import Quotas
from sandbox.sns import Sns
from sandbox.tickets import Tickets
from sandbox.tokens import Tokens
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class SandboxApp:
    """The sandbox without sockets."""

    asgi: ASGIApp
    settle: tuple[Callable[[], None], ...]  # each ends what is due
    tokens: Tokens


def build_app(
    world: World, plan: FaultPlan, door: Door, http: httpx.AsyncClient, tasks: TaskSet
) -> SandboxApp:
    """Join the parts; the one place that knows them all."""
    pusher = Pusher(world, http, tasks)
    publisher = Publisher(world, pusher.publication_finished)
    mass = Mass(world, pusher.mass_sent)
    quotas = Quotas(world)
    tokens = Tokens(world, quotas)
    uploads = Uploads(world)
    openapi, tickets = OpenApi(world, quotas, tokens), Tickets(world)
    api = Api(
        world,
        tokens,
        quotas,
        publisher,
        account_handlers={
            **Media(world, uploads).handlers(),
            **Materials(world, uploads).handlers(),
            **Drafts(world).handlers(),
            **Freepublish(world, publisher).handlers(),
            **openapi.handlers(),
            **mass.handlers(),
            **Menus(world).handlers(),
            **Datacube(world).handlers(),
            **tickets.handlers(),
            **Products(world).handlers(),
        },
        open_handlers={
            **tokens.handlers(),
            **openapi.open_handlers(),
            **tickets.open_handlers(),
            **Sns(world, tokens).open_handlers(),
        },
    )
    pages = Pages(world, publisher)
    control = Control(world, plan, tokens, publisher, pusher, door)
    routes = [
        *control.routes(),
        Route("/s/{page}", pages.article),
        Route("/mmbiz/{path:path}", pages.picture),
        Route("/sample/{name}", pages.sample),
        Mount("/", api),
    ]
    asgi = FaultLayer(Starlette(routes=routes), plan)
    return SandboxApp(asgi, (publisher.settle, mass.settle), tokens)

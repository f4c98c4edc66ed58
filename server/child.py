"""`python -m server.child`: one of the processes that server/supervisor.py starts."""

import json
import socket
import sys
from pathlib import Path

import structlog
import typer

from core.errors import GatewayError
from core.logging import setup_logging
from server.cli.common import fail_with, read_settings
from server.doors import Doors
from server.loop import run
from server.overrides import Overrides
from server.process import Held, run_gateway
from server.reload import ConfigFile
from server.replicas import Place
from server.roles import Role
from server.supervisor import Orders


def main() -> None:
    """Serve as ordered, and end with the exit status of `wxgate serve`."""
    try:
        _serve()
    except typer.Exit as end:
        sys.exit(end.exit_code)


def _serve() -> None:
    orders = Orders(**json.loads(sys.argv[1]))
    config = None if orders.config is None else Path(orders.config)
    overrides = Overrides.model_validate(orders.overrides)
    source = ConfigFile(config, overrides.over)
    settings = read_settings(config, source.load)
    setup_logging(settings.log)
    structlog.contextvars.bind_contextvars(worker=orders.worker)
    place = Place(Role(orders.role), orders.worker)
    forward = None if orders.forward is None else socket.socket(fileno=orders.forward)
    doors = Doors(socket.socket(fileno=orders.listener), forward)
    with socket.socket(fileno=orders.leash) as leash:
        try:
            run(run_gateway(settings, source, place, Held(doors, leash)))
        except GatewayError as exc:
            fail_with(exc)


if __name__ == "__main__":
    main()

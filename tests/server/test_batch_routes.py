from types import SimpleNamespace
from typing import Any, cast

from accounts.official import Accounts
from handlers.body_budget import BodyBudget
from jobs.settings import JobsSettings
from server.batch_routes import batch_routes


class _Work:
    jobs = files = uploads = archives = None
    templating = SimpleNamespace(filler=None)


def test_batches_and_files_have_their_places() -> None:
    work = cast("Any", _Work())
    routes = batch_routes(work, Accounts(()), BodyBudget(1), JobsSettings())
    assert [(route.method, route.path) for route in routes] == [
        ("POST", "/accounts/{account}/batches"),
        ("POST", "/files"),
        ("POST", "/files/missing"),
        ("PUT", "/files/{sha256}"),
    ]

import time

from pydantic import SecretStr

from accounts.audit import AuditLog
from accounts.client_forms import NewClient
from accounts.clients import Client, Scope
from accounts.edits import Editor
from accounts.official import Accounts
from server.callers import open_callers
from server.settings import Settings
from store import clients as rows
from store.engine import Database
from store.watch import Watcher
from tests.gateway import MAIN

MASTER_KEY = b"k" * 32
FILE_KEY = "wxg_blog_0123456789abcdefghijklmn"
BLOG = Client(
    id="blog", key=SecretStr(FILE_KEY), accounts=("main",), scopes=frozenset({Scope.DRAFT})
)


def scope(key: str) -> dict[str, object]:
    headers = [(b"authorization", f"Bearer {key}".encode())]
    request = {"type": "http", "method": "GET", "path": "/v1/jobs", "query_string": b""}
    return {**request, "headers": headers, "client": ("10.0.0.1", 1)}


async def test_clients_of_file_and_store_and_their_sessions_are_told_and_noted(
    database: Database,
) -> None:
    watcher = Watcher(database)
    audit = AuditLog(database, MASTER_KEY, clock=time.time)
    accounts = Accounts((MAIN,))
    settings = Settings(clients=(BLOG,))
    async with open_callers(settings, accounts, watcher, database, MASTER_KEY, audit) as callers:
        await watcher.refresh()
        new = NewClient(id="shop", accounts=("main",), scopes=frozenset({Scope.DRAFT}))
        key = await callers.book.add(new, Editor("cli:test"))
        await watcher.refresh()
        credential = callers.authenticator.login(scope(key), "shop", key)
        grant = await callers.sessions.open(credential)
        for value, name in ((FILE_KEY, "blog"), (key, "shop"), (grant.access_token, "shop")):
            assert callers.authenticator.client(scope(value)).id == name
        token = callers.virtual.make(
            callers.sessions.credential(grant.access_token), MAIN, expires_at=time.time() + 60
        )
        assert callers.virtual.open(token) is not None
        assert credential.session not in callers.sessions
    async with database.read() as connection:
        uses = await rows.uses(connection)
    assert sorted((use.client_id, use.ip) for use in uses.values()) == [
        ("blog", "10.0.0.1"),
        ("shop", "10.0.0.1"),
    ]

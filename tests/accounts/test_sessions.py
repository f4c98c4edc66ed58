import asyncio

import pytest
from sqlalchemy import text

from accounts.client_forms import ClientChanges
from accounts.clients import Credential
from accounts.session_tokens import ACCESS_S, SessionExpired, SessionInvalid, SessionTokens
from accounts.sessions import (
    SESSION_S,
    Grant,
    Origin,
    RefreshInvalid,
    RefreshReused,
    SessionEnded,
    Sessions,
)
from store.audit import AuditFilter
from store.engine import Database
from tests.accounts.books import MASTER_KEY, OPS, Shelf, Time

CAME = Origin("req_2", "10.0.0.2")


class Login:
    """A client of the store with a session."""

    def __init__(self, database: Database) -> None:
        self.time = Time()
        self.shelf = Shelf(database, self.time)
        self.sessions = self.elsewhere()

    def elsewhere(self) -> Sessions:
        """The sessions of another process on the same store."""
        tokens = SessionTokens(MASTER_KEY, clock=self.time)
        shelf = self.shelf
        return Sessions(shelf.database, shelf.clients, tokens, shelf.audit, clock=self.time)

    def credential(self, key: str) -> Credential:
        found = self.shelf.clients.by_key(key)
        assert found is not None
        return found

    async def open(self) -> Grant:
        self.key = await self.shelf.add()
        return await self.sessions.open(self.credential(self.key))


@pytest.fixture
def login(database: Database) -> Login:
    return Login(database)


async def test_a_session_speaks_for_its_client_in_every_process(login: Login) -> None:
    grant = await login.open()
    for sessions in (login.sessions, login.elsewhere()):
        found = sessions.credential(grant.access_token)
        assert found.client.id == "shop"
        assert found.digest == login.credential(login.key).digest
        assert found.session
    assert grant.expires_in == ACCESS_S


async def test_it_goes_on_by_a_refresh_token_that_works_once(login: Login) -> None:
    grant = await login.open()
    login.time.now += ACCESS_S
    with pytest.raises(SessionExpired):
        login.sessions.credential(grant.access_token)
    next_grant = await login.sessions.refresh(grant.refresh_token, CAME)
    assert login.sessions.credential(next_grant.access_token)
    assert next_grant.refresh_token != grant.refresh_token


async def test_a_refresh_token_that_comes_twice_ends_the_whole_session(login: Login) -> None:
    grant = await login.open()
    next_grant = await login.sessions.refresh(grant.refresh_token, CAME)
    with pytest.raises(RefreshReused):
        await login.sessions.refresh(grant.refresh_token, CAME)
    for token in (grant.access_token, next_grant.access_token):
        with pytest.raises(SessionEnded):
            login.sessions.credential(token)
    with pytest.raises(SessionEnded):
        await login.sessions.refresh(next_grant.refresh_token, CAME)


async def test_of_many_refreshes_at_once_at_most_one_is_answered(login: Login) -> None:
    grant = await login.open()

    async def refresh() -> Grant | None:
        try:
            return await login.sessions.refresh(grant.refresh_token, CAME)
        except (RefreshReused, SessionEnded):
            return None

    answered = [each for each in await asyncio.gather(*(refresh() for _ in range(6))) if each]
    assert len(answered) == 1
    with pytest.raises(SessionEnded):
        login.sessions.credential(answered[0].access_token)


@pytest.mark.parametrize("by", ["access_token", "refresh_token", "expired"])
async def test_a_session_is_ended_by_either_of_its_tokens(login: Login, by: str) -> None:
    grant = await login.open()
    later = await login.sessions.refresh(grant.refresh_token, CAME)
    if by == "expired":
        login.time.now += ACCESS_S
    token = later.refresh_token if by == "refresh_token" else later.access_token
    assert await login.sessions.revoke(token, CAME)
    assert not await login.sessions.revoke(token, CAME)
    with pytest.raises(SessionExpired if by == "expired" else SessionEnded):
        login.sessions.credential(later.access_token)
    with pytest.raises(SessionEnded):
        await login.sessions.refresh(later.refresh_token, CAME)


async def test_another_process_refuses_a_revoked_session_once_it_has_looked(login: Login) -> None:
    grant, other = await login.open(), login.elsewhere()
    await login.sessions.revoke(grant.access_token, CAME)
    await other.load()
    with pytest.raises(SessionEnded):
        other.credential(grant.access_token)
    session = login.elsewhere()
    assert session.credential(grant.access_token).session in other
    assert "ses_other" not in other


async def test_other_sessions_of_the_client_go_on(login: Login) -> None:
    grant = await login.open()
    other = await login.sessions.open(login.credential(login.key))
    await login.sessions.revoke(grant.access_token, CAME)
    assert login.sessions.credential(other.access_token)


@pytest.mark.parametrize("end", ["key", "client", "disabled", "expired"])
async def test_a_session_dies_with_its_key_and_with_its_client(login: Login, end: str) -> None:
    grant, book = await login.open(), login.shelf.book
    if end == "key":
        await book.rotate("shop", OPS, overlap_s=0)
    elif end == "client":
        await book.remove("shop", OPS)
    else:
        value = {"disabled": True} if end == "disabled" else {"expires_at": "2020-01-01T00:00:00Z"}
        await book.change("shop", ClientChanges.model_validate(value), OPS)
    await login.shelf.load()
    with pytest.raises(SessionEnded):
        login.sessions.credential(grant.access_token)
    with pytest.raises(SessionEnded):
        await login.sessions.refresh(grant.refresh_token, CAME)
    with pytest.raises(SessionEnded):
        await login.sessions.holder(grant.refresh_token)


async def test_a_session_outlives_a_rotation_as_long_as_its_key_does(login: Login) -> None:
    grant = await login.open()
    login.time.now += 1
    await login.shelf.book.rotate("shop", OPS, overlap_s=100)
    await login.shelf.load()
    assert login.sessions.credential(grant.access_token)
    login.time.now += 100
    with pytest.raises(SessionEnded):
        login.sessions.credential(grant.access_token)


async def test_a_session_ends_by_itself_and_is_forgotten(login: Login) -> None:
    grant = await login.open()
    login.time.now += SESSION_S
    with pytest.raises(SessionEnded):
        await login.sessions.refresh(grant.refresh_token, CAME)
    login.time.now += 86_401
    await login.sessions.open(login.credential(login.key))
    with pytest.raises(RefreshInvalid):
        await login.sessions.refresh(grant.refresh_token, CAME)


@pytest.mark.parametrize("token", ["", "wxgr_unknown", "a.b.c", "\ud800", "é"])
async def test_tokens_that_are_not_ours_are_told_so(login: Login, token: str) -> None:
    await login.open()
    with pytest.raises(RefreshInvalid):
        await login.sessions.refresh(token, CAME)
    with pytest.raises(RefreshInvalid):
        await login.sessions.holder(token)
    with pytest.raises(SessionInvalid):
        login.sessions.credential(token)
    assert not await login.sessions.revoke(token, CAME)


async def test_the_database_holds_no_token(login: Login) -> None:
    grant = await login.open()
    async with login.shelf.database.read() as connection:
        for table in ("session", "refresh_token"):
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()  # noqa: S608
            assert rows
            assert grant.refresh_token not in repr(rows)
            assert grant.access_token not in repr(rows)
    assert grant.refresh_token not in repr(grant)


async def test_the_end_of_a_session_stands_in_the_audit_log(login: Login) -> None:
    grant = await login.open()
    await login.sessions.refresh(grant.refresh_token, CAME)
    with pytest.raises(RefreshReused):
        await login.sessions.refresh(grant.refresh_token, CAME)
    entries, _ = await login.shelf.audit.page(AuditFilter(action="session.revoke"), limit=10)
    assert [(entry["actor"], entry["subject"], entry["ip"]) for entry in entries] == [
        ("client:shop", "shop", "10.0.0.2")
    ]
    assert entries[0]["detail"]["reason"] == "refresh token reused"

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from notify.email.addresses import parse_address
from notify.email.session import AnswerLost, Refused, Session
from notify.email.settings import MailAccount
from tests.notify.email.post_office import (
    CUT,
    PASSWORD,
    PostOffice,
    open_odd_server,
    open_post_office,
    server_context,
)

A, B = parse_address("a@x.example"), parse_address("b@x.example")
MAIL = b"Subject: x\r\n\r\n.hidden dot\r\n..two\r\nend\r\n"


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with open_post_office() as opened:
        yield opened


@asynccontextmanager
async def opened(
    account: MailAccount, context: ssl.SSLContext | None = None
) -> AsyncIterator[Session]:
    session = Session(account, context or ssl.create_default_context())
    await session.open()
    try:
        yield session
    finally:
        await session.leave()


async def _refused(account: MailAccount, context: ssl.SSLContext | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        async with opened(account, context) as session:
            await session.send(MAIL, [A, B], utf8=False)
    return caught.value


async def test_a_mail_arrives_to_the_byte_by_one_login(office: PostOffice) -> None:
    async with opened(office.account(username="me")) as session:
        taken = await session.send(MAIL, [A, B], utf8=False)
        await session.send(MAIL, [B], utf8=False)
    assert taken.reference == "OK queued as 1"
    assert not taken.refused
    assert office.logins == [b"me"]
    assert [mail.recipients for mail in office.mails] == [(str(A), str(B)), (str(B),)]
    assert {mail.sender for mail in office.mails} == {"one@gate.example"}
    assert {mail.data for mail in office.mails} == {MAIL}


async def test_a_wrong_password_is_tried_once(office: PostOffice) -> None:
    refused = await _refused(office.account(password="wrong-password"))
    assert (refused.refusal.matter, refused.broken) == ("account", True)
    assert "授权码" in refused.refusal.reason
    assert len(office.logins) == 1  # by PLAIN; not by LOGIN after it


async def test_a_server_that_repeats_the_login_tells_nobody(office: PostOffice) -> None:
    import base64

    both = base64.b64encode(f"\0one@gate.example\0{PASSWORD}".encode()).decode()
    office.says["AUTH"] = f"535 cannot read AUTH PLAIN {both} of {PASSWORD}"
    refused = await _refused(office.account())
    assert refused.refusal.reason.startswith("login: 535 cannot read AUTH PLAIN *** of ***")


async def test_without_a_password_nobody_logs_in(office: PostOffice) -> None:
    async with opened(office.account(password="")) as session:
        await session.send(MAIL, [A], utf8=False)
    assert (len(office.mails), office.logins) == (1, [])


async def test_some_readers_may_be_refused(office: PostOffice) -> None:
    office.says[str(B)] = "550 5.1.1 no such user"
    async with opened(office.account()) as session:
        taken = await session.send(MAIL, [A, B], utf8=False)
        assert taken.refused[B].final
        assert "no such user" in taken.refused[B].reason
        office.says[str(A)] = "450 4.7.1 greylisted, come back in 300 s"
        nobody = await session.send(MAIL, [A, B], utf8=False)
        assert {each: refusal.final for each, refusal in nobody.refused.items()} == {
            A: False,
            B: True,
        }
        assert session.is_open
    assert [mail.recipients for mail in office.mails] == [(str(A),)]


@pytest.mark.parametrize(
    ("says", "matter"),
    [
        ({"MAIL": "421 4.3.2 shutting down"}, "account"),
        ({"MAIL": "451 try later"}, "account"),
        ({"MAIL": "553 sender is not the login"}, "account"),
        ({"MAIL": CUT}, "account"),
        ({"RCPT": "421 too busy"}, "account"),
        ({"RCPT": CUT}, "account"),
        ({"RCPT": "550 Ip frequency limited"}, "spent"),
        ({"DATA": "451 4.3.0 queue full"}, "account"),
        ({"DATA": "552 5.2.2 sender quota"}, "message"),
        ({"DATA": "554 DT:SPM looks like spam"}, "message"),
        ({"DATA": "550 5.4.5 Daily user sending limit exceeded"}, "spent"),
        ({"AUTH": "454 4.7.0 temporary"}, "account"),
    ],
)
async def test_what_is_refused_before_or_at_its_end_was_certainly_not_taken(
    office: PostOffice, says: dict[str, str], matter: str
) -> None:
    office.says.update(says)
    refused = await _refused(office.account())
    assert refused.refusal.matter == matter
    assert not office.mails


async def test_after_the_final_dot_a_cut_leaves_it_unknown(office: PostOffice) -> None:
    office.says["DATA"] = CUT
    async with opened(office.account()) as session:
        with pytest.raises(AnswerLost):
            await session.send(MAIL, [A], utf8=False)
        assert not session.is_open
    assert len(office.mails) == 1


async def test_before_the_final_dot_a_cut_is_certain() -> None:
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while (line := await reader.readline()) != b"DATA\r\n":
            writer.write(b"250 ok\r\n")
            got.append(line)
        writer.write(b"354 go on\r\n")
        await reader.readexactly(100_000)
        writer.transport.abort()

    # More than the network takes by itself, so that its end has not left when the server goes.
    mail = b"x" * 76 + b"\r\n"
    async with open_odd_server(serve) as office:
        with pytest.raises(Refused) as caught:
            async with opened(office.account(password="")) as session:
                await session.send(mail * 500_000, [A], utf8=False)
    assert caught.value.refusal.matter == "account"
    assert got[-1] == b"RCPT TO:<a@x.example>\r\n"


async def test_what_is_large_has_longer_to_leave() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while await reader.readline() != b"DATA\r\n":
            writer.write(b"250 ok\r\n")
        writer.write(b"354 go on\r\n")
        await asyncio.sleep(0.5)  # no buffer between us takes it all
        last = b""
        while not last.endswith(b"\r\n.\r\n"):
            last = (last + await reader.read(1_000_000))[-9:]
        writer.write(b"250 OK queued\r\n")
        await writer.drain()

    async with open_odd_server(serve) as office:
        session = Session(office.account(password=""), ssl.create_default_context(), body_s=0.01)
        await session.open()
        line = b"x" * 998 + b"\r\n"
        taken = await session.send(line * 27_000, [A], utf8=False)
        await session.leave()
    assert taken.reference == "OK queued"


@pytest.mark.parametrize("answer", [b"350 what\r\n", b"nonsense\r\n", b""])
async def test_an_answer_that_means_nothing_leaves_it_unknown(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while await reader.readline() != b"DATA\r\n":
            writer.write(b"250 ok\r\n")
        writer.write(b"354 go on\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(answer)
        await writer.drain()

    async with open_odd_server(serve) as office:
        with pytest.raises(AnswerLost):
            async with opened(office.account(password="")) as session:
                await session.send(MAIL, [A], utf8=False)


async def test_nobody_there_is_a_matter_of_the_account(office: PostOffice) -> None:
    refused = await _refused(office.account(port=1))
    assert refused.refusal.matter == "account"
    assert refused.refusal.reason.startswith("connect: ")
    assert "firewall" in refused.refusal.reason


async def test_a_silent_server_is_waited_for_so_long() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with open_odd_server(serve) as office:
        refused = await _refused(office.account(timeout_s=0.2))
    assert refused.refusal.reason.startswith("connect: ")
    assert "firewall" in refused.refusal.reason


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def _served(authority: trustme.CA, security: str, name: str, **how: Any) -> PostOffice | str:
    context = server_context(authority, name)
    kind = "implicit" if security == "tls" else "tls"
    async with open_post_office(**{kind: context}) as office:
        account = office.account(security=security)
        if how.get("works"):
            async with opened(account, _trusting(authority)) as session:
                await session.send(MAIL, [A], utf8=False)
            assert (len(office.mails), len(office.logins)) == (1, 1)
            return office
        trust = how.get("trust", ssl.create_default_context())
        refused = await _refused(account, trust)
        assert (office.mails, office.logins) == ([], [])
        return refused.refusal.reason


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_tls_is_spoken_as_is_set(authority: trustme.CA, security: str) -> None:
    await _served(authority, security, "127.0.0.1", works=True)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_certificate_that_is_not_trusted_gets_no_password(
    authority: trustme.CA, security: str
) -> None:
    reason = await _served(authority, security, "127.0.0.1")
    assert "certificate" in str(reason)
    elsewhere = await _served(authority, security, "mail.example", trust=_trusting(authority))
    assert "certificate" in str(elsewhere)


async def test_where_no_starttls_is_offered_nothing_is_sent(office: PostOffice) -> None:
    refused = await _refused(office.account(security="starttls"))
    assert refused.refusal.matter == "account"
    assert "STARTTLS" in refused.refusal.reason
    assert (office.mails, office.logins) == ([], [])


async def test_a_session_says_what_its_server_can(tmp_path: Path) -> None:
    async with open_post_office(utf8=True, most_bytes=1_000) as office:
        office.says["SIZE"] = "1000"
        async with opened(office.account()) as session:
            assert (session.takes_utf8(), session.most_bytes()) == (True, 1_000)
            chinese = parse_address("小王@例子.中国")
            await session.send(MAIL, [chinese], utf8=True)
    assert office.mails[0].recipients == ("小王@xn--fsqu00a.xn--fiqs8s",)
    assert "SMTPUTF8" in office.mails[0].options


async def test_a_server_that_has_gone_is_noticed(office: PostOffice) -> None:
    async with opened(office.account()) as session:
        assert await session.refresh()
        office.says["MAIL"] = CUT
        with pytest.raises(Refused):
            await session.check()
        assert not await session.refresh()

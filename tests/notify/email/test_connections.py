import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
import trustme

from notify.email.addresses import parse_address
from notify.email.connections import Connections
from notify.email.session import Refused
from tests.notify.email.post_office import CUT, open_odd_server, open_post_office, server_context

TO = [parse_address("a@x.example")]


async def _send(connections: Connections) -> None:
    async with connections.session() as session:
        await session.send(b"Subject: x\r\n\r\nx\r\n", TO, utf8=False)


async def test_one_login_does_for_several_mails() -> None:
    async with open_post_office() as office, aclosing(Connections(office.account())) as kept:
        for _ in range(21):
            await _send(kept)
        assert (len(office.mails), office.connections) == (21, 2)  # twenty, and a new one


async def test_so_many_speak_to_the_server_at_once() -> None:
    async with (
        open_post_office() as office,
        aclosing(Connections(office.account(connections=2))) as kept,
    ):
        await asyncio.gather(*(_send(kept) for _ in range(10)))
        assert (len(office.mails), office.connections) == (10, 2)


async def test_nobody_waits_for_a_place_for_ever() -> None:
    async with (
        open_post_office() as office,
        aclosing(Connections(office.account(connections=1), begin_s=3)) as kept,
    ):
        async with kept.session():
            with pytest.raises(Refused) as caught:
                await _send(kept)
        assert caught.value.refusal.matter == "busy"
        await _send(kept)
        assert len(office.mails) == 1


async def test_a_server_that_answers_ever_so_slowly_is_given_up_in_time() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while await reader.readline():
            await asyncio.sleep(0.15)
            writer.write(b"250 ok\r\n")

    async with (
        open_odd_server(serve) as office,
        aclosing(Connections(office.account(password=""), begin_s=0.3)) as kept,
    ):
        with pytest.raises(Refused, match="timed out") as caught:
            await _send(kept)
    assert caught.value.refusal.matter == "account"


async def test_a_connection_that_the_server_has_ended_is_made_anew() -> None:
    async with open_post_office() as office, aclosing(Connections(office.account())) as kept:
        await _send(kept)
        office.says["MAIL"] = CUT
        with pytest.raises(Refused):
            await _send(kept)
        del office.says["MAIL"]
        await _send(kept)
        assert (len(office.mails), office.connections) == (2, 2)


async def test_a_server_that_will_not_go_on_is_left_before_the_next_mail() -> None:
    async with open_post_office() as office, aclosing(Connections(office.account())) as kept:
        await _send(kept)
        office.says["RSET"] = "421 4.4.2 idle for too long"
        await _send(kept)
        assert (len(office.mails), office.connections) == (2, 2)


async def test_what_is_idle_is_closed_after_a_while() -> None:
    now = [0.0]
    async with (
        open_post_office() as office,
        aclosing(Connections(office.account(), monotonic=lambda: now[0])) as kept,
    ):
        now[0] = -29.99
        await _send(kept)
        now[0] = 1.0
        for _ in range(500):
            if not kept._idle:
                break
            await asyncio.sleep(0.01)
        assert not kept._idle
        await _send(kept)
        assert office.connections == 2


async def test_an_account_is_checked_without_a_mail() -> None:
    async with open_post_office() as office, aclosing(Connections(office.account())) as kept:
        await kept.check()
        office.says["MAIL"] = "553 not you"
        with pytest.raises(Refused):
            await kept.check()
        assert (len(office.logins), office.mails) == (2, [])


async def test_a_file_of_certificates_that_is_not_there_is_told() -> None:
    async with open_post_office() as office:
        account = office.account(security="tls", ca_file="/nowhere.pem")
        async with aclosing(Connections(account)) as kept:
            with pytest.raises(Refused) as caught:
                await _send(kept)
    assert caught.value.refusal.reason.startswith("ca_file: ")


async def test_certificates_are_checked_against_the_file_that_is_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with open_post_office(implicit=server_context(authority)) as office:
        for ca_file, trusted in (("", False), (str(tmp_path / "ca.pem"), True)):
            async with aclosing(
                Connections(office.account(security="tls", ca_file=ca_file))
            ) as kept:
                if trusted:
                    await _send(kept)
                else:
                    with pytest.raises(Refused, match="certificate"):
                        await _send(kept)
    assert len(office.logins) == 1

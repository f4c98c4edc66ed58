"""Mail of a gateway that runs, by a real SMTP server."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.e2e.conftest import KEY, Opens, Stand
from tests.notify.email.post_office import PASSWORD, PostOffice, open_post_office


def _configured(*offices: PostOffice, **values: Any) -> dict[str, Any]:
    accounts = [
        {
            "name": f"box-{place}",
            "host": "127.0.0.1",
            "port": office.port,
            "security": "plain",
            "address": f"box{place}@gate.example",
            "password": PASSWORD,
        }
        for place, office in enumerate(offices)
    ]
    channel = {"name": "mail", "type": "email", "to": ["ops@x.example"], "accounts": accounts}
    scopes = ["draft", "publish", "notify", "admin"]
    client = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": scopes}
    return {
        "channels": [{**channel, "allow_to": ["*@x.example"], **values}],
        "notify": {"routes": [{"events": ["job.succeeded"], "channels": ["mail"]}]},
        "clients": [client],
    }


async def _until(there: Callable[[], object]) -> None:
    for _ in range(1_500):
        if there():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


async def test_what_becomes_of_an_article_is_mailed_once_by_the_account_that_works(
    open_stand: Opens,
) -> None:
    async with open_post_office() as broken, open_post_office() as works:
        broken.password = "another"
        async with open_stand(change=_configured(broken, works)) as stand:
            await stand.article({"markdown": "# 早报\n\n正文", "title": "早报：第一期"})
            await _until(lambda: works.mails)
            tested = (await stand.http.post("/v1/channels/mail/test")).json()
            assert tested["outcome"] == "sent"
        (mail, test) = works.mails
        assert (mail.recipients, broken.mails) == (("ops@x.example",), [])
        html = mail.message.get_body(("html",))
        assert html is not None
        assert "早报：第一期" in html.get_content()
        assert test.message["Subject"] == "wxgate 测试消息"


async def test_no_password_comes_out_of_the_gateway(open_stand: Opens) -> None:
    async with open_post_office() as office:
        office.password = "another"
        async with open_stand(change=_configured(office)) as stand:
            tested = (await stand.http.post("/v1/channels/mail/test")).json()
            assert tested["outcome"] == "failed"
            assert "535" in tested["error"]
            shown = await stand.http.get("/v1/channels/mail")
            assert PASSWORD not in shown.text + str(tested)
            assert shown.json()["settings"]["accounts"][0]["address"] == "box0@gate.example"


async def _sent(stand: Stand, **asked: Any) -> dict[str, Any]:
    made = (await stand.http.post("/v1/notifications", json={"channel": "mail", **asked})).json()
    assert "id" in made, made
    return await _end(stand, made["id"])


async def _end(stand: Stand, notification_id: str) -> dict[str, Any]:
    for _ in range(1_500):
        told: dict[str, Any] = (await stand.http.get(f"/v1/notifications/{notification_id}")).json()
        if told["state"] != "pending":
            return told
        await asyncio.sleep(0.02)
    raise AssertionError(told)


async def test_a_file_goes_along_and_a_resend_is_for_whom_it_did_not_reach(
    open_stand: Opens,
) -> None:
    async with open_post_office() as office:
        office.says["gone@x.example"] = "550 5.1.1 no such user"
        async with open_stand(change=_configured(office)) as stand:
            form = {"file": ("十一月报表.pdf", b"%PDF-1.7", "application/pdf")}
            file = (await stand.http.post("/v1/files", files=form)).json()["id"]
            asked = {"subject": "月报", "text": "见附件", "attachments": [file]}
            whom = {"to": ["a@x.example"], "bcc": ["gone@x.example"]}
            told = await _sent(stand, **asked, **whom)
            assert (told["state"], told["error"].partition(":")[0]) == ("sent", "gone@x.example")
            office.says.clear()
            again = await stand.http.post(f"/v1/notifications/{told['id']}/resend")
            assert (await _end(stand, again.json()["id"]))["state"] == "sent"
    assert [mail.recipients for mail in office.mails] == [("a@x.example",), ("gone@x.example",)]
    for mail in office.mails:
        (attached,) = mail.message.iter_attachments()
        assert attached.get_filename() == "十一月报表.pdf"
        assert b"gone" not in mail.data


async def test_an_address_is_one_address_and_one_that_may_be_named(open_stand: Opens) -> None:
    async with open_post_office() as office, open_stand(change=_configured(office)) as stand:
        for to, code in (
            ("x@evil.example,a@x.example", "recipient_invalid"),
            ("a@x.example\r\nBcc: x@evil.example", "field_invalid"),
            ("x@evil.example", "recipient_forbidden"),
        ):
            asked = {"channel": "mail", "to": [to], "subject": "s", "text": "t"}
            answer = await stand.http.post("/v1/notifications", json=asked)
            assert answer.json()["error"]["code"] == code
    assert office.mails == []

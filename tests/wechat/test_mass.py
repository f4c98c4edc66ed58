from typing import Any

import pytest

from wechat.call import BadAnswer, OutcomeUnknown, WeChatRefused
from wechat.mass import Audience, MassClient, MassSent

ALL = Audience(to_all=True)


async def test_a_mass_send_names_whom_and_its_id(fake_call: Any) -> None:
    call = fake_call({"errcode": 0, "msg_id": 34182, "msg_data_id": 206227730}, {"msg_id": 1})
    client = MassClient(call)
    assert await client.sendall("main", "M", ALL, clientmsgid="job_1") == MassSent(
        "34182", "206227730"
    )
    await client.sendall("main", "M", Audience(to_all=False, tag_id=2), clientmsgid="job_2")
    assert call.asked[0][2] == {
        "filter": {"is_to_all": True},
        "mpnews": {"media_id": "M"},
        "msgtype": "mpnews",
        "send_ignore_reprint": 0,
        "clientmsgid": "job_1",
    }
    assert call.asked[1][2]["filter"] == {"is_to_all": False, "tag_id": 2}


class Refusing:
    def __init__(self, errcode: int, answer: Any = None) -> None:
        self.errcode, self.answer = errcode, answer

    async def post(self, _account: str, path: str, _body: Any) -> dict[str, Any]:
        raise WeChatRefused(errcode=self.errcode, errmsg="", path=path, answer=self.answer)


async def test_what_was_sent_under_that_id_counts_as_sent(fake_call: Any) -> None:
    earlier: Any = Refusing(45065, {"errcode": 45065, "msg_id": 123456})
    sent = await MassClient(earlier).sendall("main", "M", ALL, clientmsgid="j")
    assert sent == MassSent("123456", "")
    refused: Any = Refusing(45028)
    with pytest.raises(WeChatRefused):
        await MassClient(refused).sendall("main", "M", ALL, clientmsgid="j")
    with pytest.raises(OutcomeUnknown):
        await MassClient(fake_call({"errcode": 0})).sendall("main", "M", ALL, clientmsgid="j")


async def test_how_it_goes_is_asked_by_its_msg_id(fake_call: Any) -> None:
    call = fake_call({"msg_id": 1, "msg_status": "SENDING"}, {})
    assert await MassClient(call).status("main", "1") == "SENDING"
    with pytest.raises(BadAnswer):
        await MassClient(call).status("main", "1")


async def test_a_preview_goes_to_one(fake_call: Any) -> None:
    call = fake_call({"errcode": 0})
    await MassClient(call).preview("main", "M", to={"towxname": "me"})
    assert call.asked[0][2] == {
        "towxname": "me",
        "mpnews": {"media_id": "M"},
        "msgtype": "mpnews",
    }

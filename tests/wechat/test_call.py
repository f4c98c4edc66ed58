from core.errors import Text
from wechat.call import WeChatRefused


def test_a_refusal_carries_wechats_words_and_its_request_id() -> None:
    error = WeChatRefused(
        errcode=45003,
        errmsg="title size out of limit rid: 65f1a2b3-0c4d5e6f-12345678",
        path="/cgi-bin/draft/add",
        advice=Text("缩短标题", "shorten the title"),
    )
    assert error.upstream is not None
    assert error.upstream["rid"] == "65f1a2b3-0c4d5e6f-12345678"
    assert error.describe("en", "r")["hint"] == "shorten the title"
    assert error.describe("zh", "r")["hint"] == "缩短标题"
    assert error.refused_ip is None


def test_the_ip_that_wechat_refused_is_named() -> None:
    errmsg = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1"
    error = WeChatRefused(errcode=40164, errmsg=errmsg, path="/cgi-bin/token")
    assert error.refused_ip == "203.0.113.7"

import pytest
from starlette.responses import JSONResponse, Response

from fetch.post import Poster
from notify.sender import NotDelivered, Receipt
from notify.senders.wecom import WeComSender, WeComSettings
from tests.notify.conftest import MakeMessage
from tests.notify.receivers import Asked, Receiver

KEY = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"


def wecom(asked: Asked) -> Response | None:
    """As the page says: the key in the query, limits in bytes of UTF-8."""
    if (asked.path, asked.query.get("key")) != ("/cgi-bin/webhook/send", KEY):
        return JSONResponse({"errcode": 93000, "errmsg": "invalid webhook url"})
    said = asked.json
    limits = {"markdown": 4_096, "text": 2_048}
    content = said[said["msgtype"]]["content"]
    if len(content.encode("utf-8")) > limits[said["msgtype"]]:
        return JSONResponse({"errcode": 40058, "errmsg": "content exceed max length"})
    return None


def sender(receiver: Receiver, poster: Poster, key: str = KEY) -> WeComSender:
    url = receiver.url(f"/cgi-bin/webhook/send?key={key}")
    settings = WeComSettings.model_validate({"name": "ops", "type": "wecom", "url": url})
    return WeComSender(settings, poster)


async def test_markdown_calls_users_by_their_id(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = wecom
    assert await sender(receiver, poster).send(message(mention=("zhangsan",))) == Receipt()
    assert receiver.got[0].json == {
        "msgtype": "markdown",
        "markdown": {"content": "**发表失败**\n\n账号 `main`\n<@zhangsan>"},
    }


async def test_phones_and_everybody_can_be_called_in_a_text_alone(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = wecom
    await sender(receiver, poster).send(message(mention=("zhangsan", "13800000000", "all")))
    assert receiver.got[0].json == {
        "msgtype": "text",
        "text": {
            "content": "发表失败\n账号 main",
            "mentioned_list": ["zhangsan", "@all"],
            "mentioned_mobile_list": ["13800000000"],
        },
    }


@pytest.mark.parametrize("mention", [(), ("zhangsan",), ("all",)])
async def test_a_long_text_fits(
    receiver: Receiver, poster: Poster, message: MakeMessage, mention: tuple[str, ...]
) -> None:
    receiver.judge = wecom
    long = message(markdown="字" * 9_000, text="字" * 9_000, mention=mention)
    await sender(receiver, poster).send(long)


async def test_what_a_title_holds_calls_nobody(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    await sender(receiver, poster).send(message(markdown="题目 <@boss> <font>x</font>"))
    assert receiver.got[0].json["markdown"]["content"] == "题目 < @boss> <font>x</font>"


async def test_a_wrong_key_is_final(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = wecom
    with pytest.raises(NotDelivered, match="93000: invalid webhook url") as caught:
        await sender(receiver, poster, key="other").send(message())
    assert caught.value.final


@pytest.mark.parametrize(
    ("code", "final", "pause_s"), [(45009, False, 60), (-1, False, 0), (93004, True, 0)]
)
async def test_each_code_says_whether_to_try_again(
    receiver: Receiver,
    poster: Poster,
    message: MakeMessage,
    *,
    code: int,
    final: bool,
    pause_s: float,
) -> None:
    receiver.answers({"errcode": code, "errmsg": "no"})
    with pytest.raises(NotDelivered) as caught:
        await sender(receiver, poster).send(message())
    assert (caught.value.final, caught.value.retry_after_s) == (final, pause_s)

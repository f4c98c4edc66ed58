import pytest
from starlette.responses import PlainTextResponse, Response

from fetch.post import Poster
from notify.sender import DeliveryUnknown, NotDelivered, Receipt
from notify.senders.slack import SlackSender, SlackSettings
from tests.notify.conftest import MakeMessage
from tests.notify.receivers import Asked, Receiver

PATH = "/services/T00000000/B00000000/hiddenhiddenhiddenhidden"


def slack(asked: Asked) -> Response:
    """As the pages say: words in plain text, limits in characters."""
    if asked.path != PATH:
        return PlainTextResponse("no_service", 404)
    header, section = (block["text"] for block in asked.json["blocks"])
    sizes = len(header["text"]) <= 150 and 0 < len(section["text"]) <= 3_000
    plain = (header["type"], section["type"]) == ("plain_text", "mrkdwn")
    good = sizes and plain and asked.json["text"]
    return PlainTextResponse("ok") if good else PlainTextResponse("invalid_payload", 400)


def sender(receiver: Receiver, poster: Poster, path: str = PATH) -> SlackSender:
    entry = {"name": "ops", "type": "slack", "url": receiver.url(path)}
    return SlackSender(SlackSettings.model_validate(entry), poster)


async def test_it_is_told_in_slacks_own_markup(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = slack
    markdown = "## Head\n**bold** and ~~gone~~ [more & less](https://a.test/x?a=1&b=2) <b> 1 < 2"
    said = message(subject="Failed <now>", markdown=markdown, mention=("U012AB3CD", "all"))
    assert await sender(receiver, poster).send(said) == Receipt()
    body = receiver.got[0].json
    assert body["text"] == "Failed &lt;now&gt; <@U012AB3CD> <!channel>"
    assert body["blocks"][0]["text"]["text"] == "Failed <now>"
    assert body["blocks"][1]["text"]["text"] == (
        "*Head*\n*bold* and ~gone~ <https://a.test/x?a=1&amp;b=2|more &amp; less>"
        " &lt;b&gt; 1 &lt; 2\n<@U012AB3CD> <!channel>"
    )


async def test_what_a_title_holds_calls_nobody(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = slack
    await sender(receiver, poster).send(message(subject="<!channel>", markdown="<!here> <@U1>"))
    body = receiver.got[0].json
    assert "<!" not in body["text"]
    assert body["blocks"][1]["text"]["text"] == "&lt;!here&gt; &lt;@U1&gt;"


@pytest.mark.parametrize("text", ["字" * 9_000, "<" * 9_000, "**" * 9_000, "[](" * 9_000, ""])
async def test_any_text_fits(
    receiver: Receiver, poster: Poster, message: MakeMessage, text: str
) -> None:
    receiver.judge = slack
    said = message(markdown=text, text=text or "-", subject="s" * 500, mention=("U1",) * 20)
    await sender(receiver, poster).send(said)


async def test_a_revoked_webhook_is_final(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = slack
    with pytest.raises(NotDelivered, match="HTTP 404: no_service") as caught:
        await sender(receiver, poster, path="/services/other").send(message())
    assert caught.value.final


@pytest.mark.parametrize(
    ("status", "word", "final"),
    [(410, "channel_is_archived", True), (403, "action_prohibited", True), (400, "what", True)],
)
async def test_each_word_says_whether_to_try_again(
    receiver: Receiver,
    poster: Poster,
    message: MakeMessage,
    *,
    status: int,
    word: str,
    final: bool,
) -> None:
    receiver.judge = lambda _asked: PlainTextResponse(word, status)
    with pytest.raises(NotDelivered) as caught:
        await sender(receiver, poster).send(message())
    assert caught.value.final == final
    assert "hidden" not in caught.value.reason


async def test_too_fast_waits_as_long_as_slack_says(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.answers({}, status=429, retry_after="30")
    with pytest.raises(NotDelivered) as caught:
        await sender(receiver, poster).send(message())
    assert (caught.value.final, caught.value.retry_after_s) == (False, 30)


async def test_who_breaks_may_have_taken_it(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.answers({}, status=502)
    with pytest.raises(DeliveryUnknown):
        await sender(receiver, poster).send(message())

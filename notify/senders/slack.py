import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from core.errors import Text
from fetch.post import Answer
from notify.channel_settings import ChannelSettings, SecretUrl
from notify.message import Message
from notify.sender import Receipt
from notify.senders.clipping import clipped_chars
from notify.senders.http import Asks, check_status, post_json
from notify.senders.mentions import Mentions
from notify.senders.refusals import Refusal, refused

# Source: docs.slack.dev/apis/web-api/rate-limits (incoming webhooks: 1 a second),
# docs.slack.dev/reference/block-kit/blocks (header 150 characters, section 3000) and
# docs.slack.dev/messaging/formatting-message-text (mrkdwn; & < > are escaped).
RATE = "1/second"
_TITLE_CHARS = 150
_SECTION_CHARS = 3_000
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# Markdown that mrkdwn writes otherwise. Bounded, so that each stays linear.
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\((https?://[^\s()<>|]{1,1000})\)")
_BOLD = re.compile(r"(?:\*\*|__)(?=\S)([^*_\n]{1,300})(?:\*\*|__)")
_STRUCK = re.compile(r"~~([^~\n]{1,300})~~")
_HEADING = re.compile(r"^#{1,6} {1,4}([^\n]{1,300})$", re.MULTILINE)

# Source: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, "Handling errors":
# a word as the body, with HTTP 400, 403, 404, 410 or 500.
_GONE = Refusal(Text("Webhook 已失效", "the webhook is no longer valid"))
_REFUSALS = {
    "invalid_payload": Refusal(Text("消息格式不符", "the message is malformed")),
    "invalid_token": _GONE,
    "no_service": _GONE,
    "no_service_id": _GONE,
    "no_team": _GONE,
    "team_disabled": _GONE,
    "channel_not_found": Refusal(Text("频道不存在", "the channel does not exist")),
    "channel_is_archived": Refusal(Text("频道已归档", "the channel is archived")),
    "action_prohibited": Refusal(Text("管理员禁止发送", "an admin has forbidden it")),
    "posting_to_general_channel_denied": Refusal(
        Text("不许发到全员频道", "posting to the general channel is not allowed")
    ),
    "user_not_found": Refusal(Text("用户不存在", "the user does not exist")),
    "too_many_attachments": Refusal(Text("附件太多", "too many attachments")),
    "rollup_error": Refusal(Text("Slack 暂时出错", "a passing fault of Slack's"), final=False),
}


class SlackSettings(ChannelSettings):
    """An incoming webhook of a Slack channel."""

    type: Literal["slack"]
    url: SecretUrl = Field(description="the Webhook URL, as the app's page shows it; or url_file")


class SlackSender:
    """Sends mrkdwn to a Slack channel."""

    repeatable: ClassVar[bool] = True

    def __init__(self, settings: SlackSettings, asks: Asks) -> None:
        self._settings = settings
        self._asks = asks

    async def send(self, message: Message) -> Receipt:
        """Hand the message over."""
        url = self._settings.url.get_secret_value()
        _check(await post_json(self._asks, url, _body(message)))
        return Receipt()

    async def aclose(self) -> None:
        """Nothing is kept."""


def _check(answer: Answer) -> None:
    said = answer.body.decode("utf-8", "replace").strip()
    if known := _REFUSALS.get(said):
        raise refused(f"HTTP {answer.status}", said, known)
    check_status(answer)


def _body(message: Message) -> dict[str, Any]:
    called = Mentions.of(message.mention)
    everybody = ["<!channel>"] if called.everybody else []
    calls = " ".join([*(f"<@{user}>" for user in called.users), *everybody])
    text = _mrkdwn(message.markdown or message.text)
    kept = clipped_chars(text, _SECTION_CHARS - len(calls) - 1)
    title = clipped_chars(message.subject, _TITLE_CHARS)
    return {
        # For notifications and for those who cannot show blocks.
        "text": f"{title.translate(_ESCAPES)} {calls}".strip(),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title or "wxgate"}},
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": f"{kept}\n{calls}".strip() or "-"},
            },
        ],
    }


def _mrkdwn(markdown: str) -> str:
    """Slack's own markup for what messages are made of: bold, links, headings, struck out."""
    # Clipped before it is read: the whole of a long text is not shown anyway.
    text = clipped_chars(markdown, 2 * _SECTION_CHARS).translate(_ESCAPES)
    text = _LINK.sub(r"<\2|\1>", text)
    text = _HEADING.sub(r"*\1*", text)
    text = _BOLD.sub(r"*\1*", text)
    return _STRUCK.sub(r"~\1~", text)

"""What `/openapi.json` says of channels."""

from typing import Any

from handlers.channels import (
    ChannelChanges,
    ChannelEntry,
    ChannelList,
    ChannelTest,
    ChannelTested,
    ChannelView,
)
from handlers.openapi import Operation
from handlers.operations import EDIT_ERRORS, IF_MATCH

_CHANNEL: dict[str, Any] = {
    "name": "ops",
    "type": "dingtalk",
    "enabled": True,
    "locked": False,
    "source": "store",
    "takes_to": False,
    "takes_files": False,
    "allow_to": [],
    "version": 1,
    "settings": {
        "name": "ops",
        "type": "dingtalk",
        "enabled": True,
        "language": "zh",
        "clients": [],
        "allow_to": [],
        "url": "https://oapi.dingtalk.com/***",
        "secret": "***",
    },
}
_READ = (401, 403, 404, 503)

LIST = Operation(
    "通知渠道 / channels",
    "channels",
    answer=ChannelList,
    answer_example={"items": [_CHANNEL], "next_cursor": None},
    errors=(401, 403, 503),
    description="`notify` 看到自己可用的，`admin` 看到全部及其设置；密钥从不返回。\n\n"
    "With `notify` those that the key may use; with `admin` all, and their settings. "
    "Credentials never come out.",
)
CREATE = Operation(
    "新建渠道 / a new channel",
    "channels",
    status=201,
    body=ChannelEntry,
    answer=ChannelView,
    example={
        "name": "ops",
        "type": "dingtalk",
        "url": "https://oapi.dingtalk.com/robot/send?access_token=…",
        "secret": "SEC…",
    },
    answer_example=_CHANNEL,
    errors=EDIT_ERRORS,
    description="键与配置文件的 `[[channels]]` 相同（docs/zh/channels.md）；需要 `admin`。\n\n"
    "The keys are those of `[[channels]]` (docs/en/channels.md); needs `admin`.",
    limit="60/minute",
)
GET = Operation(
    "一个渠道 / a channel", "channels", answer=ChannelView, answer_example=_CHANNEL, errors=_READ
)
CHANGE = Operation(
    "修改、停用、启用 / change it, switch it off or on",
    "channels",
    body=ChannelChanges,
    answer=ChannelView,
    example={"enabled": False},
    answer_example=_CHANNEL,
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
)
REMOVE = Operation(
    "删除 / remove it",
    "channels",
    status=204,
    parameters=(IF_MATCH,),
    errors=(400, 401, 403, 404, 409, 503),
)
TEST = Operation(
    "立即发一条测试消息 / send a test message now",
    "channels",
    body=ChannelTest,
    answer=ChannelTested,
    example={},
    answer_example={"outcome": "sent", "error": None, "reference": None, "took_ms": 84},
    errors=EDIT_ERRORS,
    limit="10/minute",
)

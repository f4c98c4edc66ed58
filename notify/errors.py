from core.errors import GatewayError, Text


class NotificationUnknown(GatewayError):
    """There is no such notification, or it is another client's."""

    status = 404
    code = "notification_unknown"
    category = "params"
    message = Text("没有这条通知：{id}", "no such notification: {id}")
    hint = Text(
        "自己的见 wxgate notifications list（GET /v1/notifications），旧的到期会清除",
        "wxgate notifications list (GET /v1/notifications) has your own; old ones are forgotten",
    )


class NotificationUnderway(GatewayError):
    """It has not come to its end: to send it again would be to send it twice."""

    status = 409
    code = "notification_underway"
    category = "params"
    message = Text("通知 {id} 还没有结果（{state}）", "the notification {id} is {state} yet")
    hint = Text("等它结束再重发", "wait for its end before you send it again")


class RecipientInvalid(GatewayError):
    """Nobody can be reached under what the caller names."""

    status = 422
    code = "recipient_invalid"
    category = "params"
    message = Text(
        "{recipient} 不是渠道 {channel} 能发到的地址",
        "{recipient} is nothing that the channel {channel} can send to",
    )
    hint = Text(
        "每项写一个，不带名字：邮件如 ops@example.com，短信如 +8613800000000",
        "one each, without a name: ops@example.com for mail, +8613800000000 for text messages",
    )


class RecipientForbidden(GatewayError):
    """The channel does not let callers write to whom they like."""

    status = 403
    code = "recipient_forbidden"
    category = "permission"
    message = Text(
        "渠道 {channel} 不允许指定收件人 {recipient}",
        "callers may not name the recipient {recipient} of the channel {channel}",
    )
    hint = Text(
        "不写 to 就发给渠道自己的；或请管理员在渠道的 allow_to 里加上",
        "without `to` it goes to the channel's own; or have an operator add it to allow_to",
    )


class ChannelTakesNone(GatewayError):
    """A channel of that type has no place for what was sent along."""

    status = 422
    code = "channel_takes_none"
    category = "params"
    message = Text("{type} 类型的渠道不支持 {what}", "channels of type {type} take no {what}")
    hint = Text("去掉它，或换成 email 渠道", "leave it out, or send by a channel of type email")


class AttachmentUnknown(GatewayError):
    """A file to be attached was never sent, or has expired."""

    status = 422
    code = "attachment_unknown"
    category = "params"
    message = Text("没有这个文件：{id}", "no such file: {id}")
    hint = Text(
        "先 POST /v1/files 上传；文件保留 7 天", "send it first: POST /v1/files; it is kept 7 days"
    )


class AttachmentsTooLarge(GatewayError):
    """All attachments together are over what a mail may have."""

    status = 413
    code = "attachments_too_large"
    category = "params"
    message = Text("附件合计超过 {max_mb} MB", "the attachments are over {max_mb} MB together")
    hint = Text("分几封发，或给出下载链接", "send several messages, or links to the files")

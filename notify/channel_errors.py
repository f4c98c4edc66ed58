from core.errors import GatewayError, Text


class ChannelUnknown(GatewayError):
    """There is no such channel, or it is not for that client."""

    status = 404
    code = "channel_unknown"
    category = "params"
    message = Text("没有这个渠道：{channel}", "no such channel: {channel}")
    hint = Text(
        "可用的见 wxgate channels list（GET /v1/channels）",
        "wxgate channels list (GET /v1/channels) has those that you may use",
    )


class ChannelDisabled(GatewayError):
    """Nothing is sent by a channel that is switched off."""

    status = 409
    code = "channel_disabled"
    category = "params"
    message = Text("渠道 {channel} 已停用", "the channel {channel} is disabled")
    hint = Text("wxgate channels enable {channel}", "wxgate channels enable {channel}")


class ChannelLocked(GatewayError):
    """The channel stands in the store, and its settings do not open."""

    status = 503
    code = "channel_locked"
    category = "system"
    level = "error"
    message = Text(
        "渠道 {channel} 已锁定：主密钥解不开它的设置",
        "the channel {channel} is locked: the master key does not open its settings",
    )
    hint = Text(
        "换回当时的 master.key；或 wxgate accounts reseal --old-key-file 旧密钥；或删除后重建",
        "put the master.key of that time back; or run wxgate accounts reseal --old-key-file OLD; "
        "or remove the channel and make it again",
    )

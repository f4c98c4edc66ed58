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


class ChannelResting(GatewayError):
    """Nothing could be sent by the channel for long; so what waited for it was given up."""

    status = 503
    code = "channel_resting"
    category = "system"
    message = Text(
        "渠道 {channel} 已有 {hours} 小时什么都没发出去（{reason}）",
        "the channel {channel} has sent nothing for {hours} hours ({reason})",
    )
    hint = Text(
        "先修好渠道（wxgate doctor），再 wxgate notifications resend",
        "mend the channel (wxgate doctor), then wxgate notifications resend",
    )


class ChannelInvalid(GatewayError):
    """What was said of a channel makes none."""

    status = 422
    code = "channel_invalid"
    category = "params"
    message = Text("渠道设置无效：{reason}", "invalid settings of a channel: {reason}")
    hint = Text(
        "各类型的键见 docs/zh/channels.md；密钥要么给出原文，要么不给（保持原样）",
        "docs/en/channels.md has each type's keys; give a secret itself, or leave it out: it stays",
    )


class ChannelExists(GatewayError):
    """There is a channel of that name already."""

    status = 409
    code = "channel_exists"
    category = "params"
    message = Text("已有渠道 {channel}", "there is a channel {channel} already")
    hint = Text("换个名字，或修改已有的", "choose another name, or change that one")


class ChannelInFile(GatewayError):
    """The channel stands in the configuration file, and is changed there alone."""

    status = 409
    code = "channel_in_file"
    category = "params"
    message = Text("渠道 {channel} 写在配置文件里", "the channel {channel} is in the file")
    hint = Text("在 config.toml 的 [[channels]] 里改", "change it in [[channels]] of config.toml")

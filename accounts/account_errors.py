from core.errors import GatewayError, Text


class AccountExists(GatewayError):
    """The name or the AppID is taken."""

    status = 409
    code = "account_exists"
    category = "params"
    message = Text(
        "已有名为 {account} 或 AppID 为 {app_id} 的公众号",
        "there is an account named {account} or with the AppID {app_id} already",
    )
    hint = Text("换一个名字，或修改已有的公众号", "take another name, or change the one there is")


class AccountInFile(GatewayError):
    """The account stands in the configuration file, which wins over the store."""

    status = 409
    code = "account_in_file"
    category = "params"
    message = Text(
        "公众号 {account} 写在配置文件里，不能在这里修改",
        "account {account} stands in the configuration file and cannot be changed here",
    )
    hint = Text(
        "修改 config.toml 里的 [[accounts]]，保存后几秒内生效",
        "change [[accounts]] in config.toml; it is taken up within seconds",
    )


class AccountBusy(GatewayError):
    """Jobs of the account are not over yet."""

    status = 409
    code = "account_busy"
    category = "params"
    message = Text(
        "公众号 {account} 还有 {count} 个未结束的任务",
        "account {account} has {count} jobs that are not over",
    )
    hint = Text("等它们结束，或先取消", "wait for their end, or cancel them first")


class AccountInvalid(GatewayError):
    """What would become of the account is not allowed."""

    status = 422
    code = "account_invalid"
    category = "params"
    message = Text("公众号的设置不正确：{reason}", "the account's settings are wrong: {reason}")
    hint = Text(
        "各字段的含义见 config.example.toml 的 [[accounts]]",
        "[[accounts]] in config.example.toml explains the fields",
    )

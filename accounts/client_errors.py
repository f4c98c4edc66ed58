from core.errors import GatewayError, Text


class ClientUnknown(GatewayError):
    """No client has that id."""

    status = 404
    code = "client_unknown"
    category = "params"
    message = Text("没有这个客户端：{client}", "no such client: {client}")
    hint = Text(
        "wxgate clients list 或 GET /v1/admin/clients 列出全部",
        "wxgate clients list, or GET /v1/admin/clients, tells which there are",
    )


class ClientExists(GatewayError):
    """The id is taken."""

    status = 409
    code = "client_exists"
    category = "params"
    message = Text("客户端 {client} 已存在", "there is a client {client} already")
    hint = Text("换一个 id，或修改已有的客户端", "take another id, or change the one there is")


class ClientInFile(GatewayError):
    """The client stands in the configuration file, which wins over the store."""

    status = 409
    code = "client_in_file"
    category = "params"
    message = Text(
        "客户端 {client} 写在配置文件里，不能在这里修改",
        "client {client} stands in the configuration file and cannot be changed here",
    )
    hint = Text(
        "修改 config.toml 里的 [[clients]]，保存后几秒内生效",
        "change [[clients]] in config.toml; it is taken up within seconds",
    )


class KeyUnknown(GatewayError):
    """The client has no such key, or several."""

    status = 404
    code = "client_key_unknown"
    category = "params"
    message = Text(
        "客户端 {client} 有 {count} 个密钥符合 {key}",
        "{count} keys of client {client} answer to {key}",
    )
    hint = Text(
        "用 wxgate clients show {client} 列出的 id（SHA-256 前 8 位）",
        "use the id that `wxgate clients show {client}` lists (8 digits of its SHA-256)",
    )


class AccountNotThere(GatewayError):
    """The client is to use an account that does not exist."""

    status = 422
    code = "client_account_unknown"
    category = "params"
    message = Text("没有名为 {account} 的公众号", "there is no account named {account}")
    hint = Text(
        "先在 [[accounts]] 或用 wxgate accounts add 添加它",
        "add it first: in [[accounts]], or by wxgate accounts add",
    )

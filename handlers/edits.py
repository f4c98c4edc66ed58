import re

from starlette.requests import Request

from accounts.clients import Client
from accounts.edits import Editor
from core.errors import GatewayError, Text
from handlers.errors import request_id_of

_ETAG = re.compile(r'"([0-9]{1,9})"')


class IfMatchInvalid(GatewayError):
    """If-Match is no ETag of ours."""

    status = 400
    code = "if_match_invalid"
    category = "params"
    message = Text("If-Match 请求头无效", "the header If-Match is invalid")
    hint = Text(
        '原样放入读到的 ETag（如 "3"），或不带此头',
        'send the ETag as it came ("3"), or no If-Match',
    )


def etag(version: int) -> dict[str, str]:
    """The header that tells the caller which version it reads."""
    return {"ETag": f'"{version}"'}


def expected_version(request: Request) -> int | None:
    """The version that the caller has read and wants to change; None: whichever there is.

    Raises IfMatchInvalid.
    """
    said = request.headers.get("if-match", "*").strip()
    if said == "*":
        return None
    if (found := _ETAG.fullmatch(said)) is None:
        raise IfMatchInvalid
    return int(found.group(1))


def editor_of(request: Request) -> Editor:
    """Who makes the change that this request asks for."""
    client: Client = request.state.client
    peer = request.client.host if request.client else None
    return Editor(f"client:{client.id}", request_id_of(request), peer)

"""What `/openapi.json` says of the protocol of Wenyan Server."""

from handlers.openapi import Operation
from handlers.wenyan_target import PublishRequest

_TAG = "wenyan"
_SAID = (
    "文颜的命令行与插件说的协议；失败时 `{code: -1, desc}`。\n\n"
    "As Wenyan's tools speak it; failures are `{code: -1, desc}`."
)
HEALTH = Operation(
    "这是不是文颜的服务 / whether this is a server for Wenyan", _TAG, public=True, errors=()
)
VERIFY = Operation("密钥对不对 / whether the key is known", _TAG, description=_SAID)
UPLOAD = Operation(
    "上传图片或文章 / upload a picture, or the article",
    _TAG,
    raw="multipart/form-data",
    errors=(400, 401, 403, 413, 415, 503),
    limit="6000/minute",
    in_bulk=True,
    description=_SAID,
)
PUBLISH = Operation(
    "把上传的文章建成草稿 / make a draft of what was uploaded",
    _TAG,
    body=PublishRequest,
    errors=(400, 401, 403, 404, 409, 413, 415, 422, 502, 503, 504),
    limit="120/minute",  # as an article that is handed in at /v1
    description=_SAID,
)

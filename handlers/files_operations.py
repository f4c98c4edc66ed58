"""What `/openapi.json` says of the routes of files that are sent ahead."""

from handlers.files import FileAnswer, MissingAnswer, MissingRequest
from handlers.openapi import Operation

_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

MISSING = Operation(
    "哪些文件还没传过 / which files have to be sent",
    "files",
    body=MissingRequest,
    answer=MissingAnswer,
    example={"sha256": [_SHA256]},
    answer_example={"missing": [_SHA256]},
    errors=(400, 401, 403, 404, 413, 415, 422, 503),
    description="每个密钥只看得到自己传的。A key sees only what it sent itself.",
)
PUT = Operation(
    "预先上传一个文件 / send a file ahead",
    "files",
    status=201,
    also=(200,),
    raw="application/octet-stream",
    answer=FileAnswer,
    answer_example={"sha256": _SHA256, "size": 0},
    errors=(400, 401, 403, 413, 415, 422, 503),
    limit="6000/minute",
    in_bulk=True,
    description=(
        "请求体为文件本身，≤20 MB；已有则 200。之后在文章的 `files` 里按 SHA-256 引用。\n\n"
        "The body is the file itself, ≤20 MB; 200 if it was there. Articles name it by its "
        "SHA-256 in `files`."
    ),
)

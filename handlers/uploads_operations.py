"""What `/openapi.json` says of files that are attached to messages."""

from handlers.openapi import Operation
from handlers.uploads import UploadAnswer

UPLOAD = Operation(
    "上传附件，保留 7 天 / send a file to be attached; kept for 7 days",
    "notifications",
    status=201,
    raw="multipart/form-data",
    answer=UploadAnswer,
    answer_example={
        "id": "file_06h07z6nxmd948z1se7rzbetyc",
        "name": "十一月报表.xlsx",
        "media_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "size": 20480,
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "expires_at": "2026-12-08T00:00:00.000Z",
    },
    errors=(400, 401, 403, 413, 415, 503),
    limit="60/minute",
    description=(
        "一个名为 `file` 的文件部分，≤10 MB；得到的 `id` 用在 `POST /v1/notifications` 的 "
        "`attachments` 里。\n\n"
        "One file part named `file`, ≤10 MB; its `id` goes into `attachments` of "
        "`POST /v1/notifications`."
    ),
)

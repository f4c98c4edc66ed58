from typing import Any

from content.fields import MAX_HTML_BYTES, ArticleFields
from content.lanes import LaneFull
from content.refusals import TooManyImages
from content.relayed.notes import NOT_READABLE, TOO_COMPLEX, Note, note_on
from content.renderer import Renderer
from content.workers import WorkerPool, WorkExhausted, WorkFailed
from core.errors import GatewayError, Text
from wechat.limits import NEWSPIC_IMAGES

_MAX_BODY_BYTES = 9 * MAX_HTML_BYTES  # as much as a whole draft may have
_TOO_LARGE = Note(
    "enhance_too_large",
    "warning",
    Text("草稿太大，没有检查", "the draft is too large to be linted"),
)
# The draft may have been changed before: they cannot say that it was not.
_NOT_JSON = NOT_READABLE._replace(
    message=Text("请求体不是标准的 JSON，没有检查", "the body is no strict JSON: it was not linted")
)
_TOO_COMPLEX = TOO_COMPLEX._replace(
    message=Text(
        "草稿过于复杂或网关正忙，没有检查",
        "the draft is too complex, or the gateway too busy: it was not linted",
    )
)
_NOT_OURS = frozenset({"image_files_needed"})


class DraftLint:
    """Holds relayed drafts against WeChat's limits, by the rules of `/v1/lint`.

    Notes on what rendering does are left out: a relayed draft is not rendered.
    """

    def __init__(self, workers: WorkerPool, renderer: Renderer) -> None:
        self._workers = workers
        self._renderer = renderer

    async def look(self, account: str, body: bytes) -> list[Note]:
        """What is wrong with the draft, article by article."""
        if len(body) > _MAX_BODY_BYTES:
            return [_TOO_LARGE]
        try:
            answer = await self._workers.run(
                "read_draft", {"max_content_bytes": MAX_HTML_BYTES}, body
            )
        except (WorkExhausted, WorkFailed, LaneFull):
            return [_TOO_COMPLEX]
        if not answer.result["readable"]:
            return [_NOT_JSON]
        notes: list[Note] = []
        for article in answer.result["articles"]:
            notes += await self._look(account, article, answer.data)
        return notes

    async def _look(self, account: str, article: dict[str, Any], contents: bytes) -> list[Note]:
        path = article["path"]
        if article["content"] is None:
            return [_TOO_LARGE._replace(field=path)]
        start, end = article["content"]
        notes = []
        if article["pictures"] > NEWSPIC_IMAGES:
            many = TooManyImages(count=article["pictures"], limit=NEWSPIC_IMAGES)
            notes.append(note_on(many, f"{path}.image_info", "error"))
        fields = ArticleFields(**article["fields"], html=contents[start:end].decode())
        try:
            report = await self._renderer.lint(fields, account=account)
        except GatewayError as error:
            return [*notes, note_on(error, path)]
        return notes + [
            Note(
                *(found.rule, found.level, found.message),
                *(f"{path}.{found.field or 'content'}", found.fix),
            )
            for found in report.findings
            if found.level != "info" and found.rule not in _NOT_OURS
        ]

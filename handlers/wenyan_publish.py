import re
from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client, Scope
from content.inline import without_inline
from core.errors import GatewayError, Text
from handlers.account_choice import AccountChoice
from handlers.bodies import read_model
from handlers.errors import language_of_caller, request_id_of
from handlers.guard import require_scope
from handlers.presence import Presence
from handlers.wenyan_errors import refusal
from handlers.wenyan_target import (
    FILE_ID,
    Draft,
    PublishRequest,
    Target,
    draft_of,
    read_target,
)
from jobs.failures import shown_error
from jobs.files import Files
from jobs.joined import Joined
from jobs.service import Jobs
from jobs.states import State
from jobs.submission import Submission
from proxy.account_choice import AccountUnnamed
from proxy.body import ClientGone
from store.jobs import JobHead

log = structlog.get_logger(__name__)

_MAX_TARGET_BYTES = 4_000_000  # the text of an article may have 1 MB, and JSON escapes
_MAX_QUESTION_BYTES = 10_000
_ROUTE = "POST /wenyan/publish"
_FILE_ID = re.compile(FILE_ID)
_NAMED = 3


class UploadGone(GatewayError):
    """What a publish call names has not been uploaded, or was forgotten since."""

    status = 404
    code = "upload_gone"
    category = "params"
    message = Text(
        "这些文件不存在或已过期：{names}", "these files were not uploaded, or have expired: {names}"
    )
    hint = Text(
        "重新运行一次发布命令，它会重新上传", "run the publish command again: it uploads them"
    )


class AppIdMissing(AccountUnnamed):
    """The same, as who runs Wenyan's command line can help it."""

    code = "app_id_missing"
    hint = Text("加上 --app-id <AppID 或账号名>", "say --app-id <AppID or account name>")


class StillAtWork(GatewayError):
    """The draft takes longer than a publish call waits."""

    status = 504
    code = "still_at_work"
    category = "system"
    level = "warning"
    retryable = True
    message = Text(
        "草稿还在制作中，任务 {job_id} 会自己做完", "the draft is being made, as job {job_id}"
    )
    hint = Text(
        "不必重来；想知道结果就再运行一次同样的命令：内容没变时会接上这个任务，不会多出草稿",
        "it needs no second try; to see its end, run the same command again: it joins this job "
        "as long as the content is the same, and makes no other draft",
    )


class WenyanPublishHandler:
    """The last step of the protocol of Wenyan Server: the draft."""

    def __init__(
        self,
        jobs: Jobs,
        files: Files,
        accounts: AccountChoice,
        joined: Joined,
        wait_s: float,
    ) -> None:
        self._jobs = jobs
        self._files = files
        self._accounts = accounts
        self._joined = joined
        self._wait_s = wait_s

    async def publish(self, request: Request) -> Response:
        """Make a draft of what was uploaded, once, and say its media_id."""
        client = require_scope(request, Scope.DRAFT)
        asked = await read_model(request, PublishRequest, max_bytes=_MAX_QUESTION_BYTES)
        account = self._account(request, asked)
        target = await self._target(client, asked)
        draft = draft_of(target, asked)
        if gone := await self._files.missing(client.id, list(draft.files.values())):
            names = [path for path, kept in draft.files.items() if kept in gone]
            raise UploadGone(names=", ".join(names[:_NAMED]))
        row = await self._submit(client, account, asked, draft)
        with suppress(ClientGone):  # whose place is free then; the job goes on
            row = await Presence().needed(self._jobs.wait(row, self._wait_s), request.receive)
        return self._answer(request, row, draft)

    def _account(self, request: Request, asked: PublishRequest) -> str:
        try:
            return self._accounts.choose(request, asked.app_id)
        except AccountUnnamed as error:
            raise AppIdMissing(accounts=error.values["accounts"]) from None

    async def _target(self, client: Client, asked: PublishRequest) -> Target:
        found = _FILE_ID.fullmatch(asked.file_id)
        kept = found and await self._files.get(
            client.id, found.group(1), max_bytes=_MAX_TARGET_BYTES
        )
        if not kept:
            raise UploadGone(field="fileId", names=found.group(2) if found else "fileId")
        return read_target(kept)

    async def _submit(
        self, client: Client, account: str, asked: PublishRequest, draft: Draft
    ) -> JobHead:
        fields, inline = await without_inline(draft.fields, {})
        submission = Submission(
            client_id=client.id,
            account=account,
            fields=fields,
            files=inline,
            kept=draft.files,
            route=_ROUTE,
        )
        # The account stands there by its name; the other changes nothing about the draft.
        said = f"{account}\n{asked.model_dump_json(exclude={'app_id', 'custom_theme'})}"
        return await self._joined.submit(submission, sha256(said.encode()).hexdigest())

    def _answer(self, request: Request, row: JobHead, draft: Draft) -> Response:
        if not State(row.state).is_final:
            raise StillAtWork(job_id=row.id, retry_after_s=5)
        language, request_id = language_of_caller(request), request_id_of(request)
        if row.state != State.SUCCEEDED or not row.result:
            told = shown_error(row.error or {}, language, request_id)
            log.info("wenyan draft failed", job=row.id, code=told["code"])
            status = HTTPStatus.BAD_GATEWAY if "upstream" in told else 422
            return refusal({**told, "job_id": row.id}, status)
        answer: dict[str, Any] = {"media_id": row.result["media_id"], "job_id": row.id}
        made = [warning["message"][language] for warning in row.warnings or ()]
        if warnings := [*(text.fill(language, {}) for text in draft.warnings), *made]:
            answer["warnings"] = warnings
        return JSONResponse(answer)

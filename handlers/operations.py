"""What `/openapi.json` says of routes, beside what the models say.

Those of an area of its own are in a file beside it, such as `job_operations`; here are the others,
and what all of these files share.
"""

from typing import Any

from accounts.client_forms import ClientChanges, ClientView, NewClient
from content.fields import ArticleFields
from handlers.accounts import AccountList
from handlers.articles import ArticleRequest
from handlers.audit import AuditList
from handlers.auth import Login, Refresh, Revoke, RevokeAnswer, TokenAnswer
from handlers.cache_admin import ClearAnswer, WarmAnswer, WarmRequest
from handlers.clients import ClientList, ClientWithKey, Rotation
from handlers.doctor import DoctorAnswer
from handlers.errcodes import ErrcodeAnswer, ErrcodeList
from handlers.jobs import JobAnswer
from handlers.limits import LimitsAnswer, QuotaAnswer
from handlers.lint import LintAnswer
from handlers.openapi import Operation
from handlers.publishing_stats import PublishingStatsAnswer
from handlers.render import RenderAnswer
from handlers.stats import CacheStatsAnswer, CallStatsAnswer
from handlers.themes import ThemeList

_MARKDOWN = "---\ntitle: 第一篇\nauthor: 小王\n---\n\n你好，**世界**。\n\n![风景](https://example.com/a.webp)\n"
JOB_EXAMPLE: dict[str, Any] = {
    "id": "job_01jd8zq3k4x5c6v7b8n9m0a1s2",
    "kind": "article",
    "account": "main",
    "client": "blog",
    "state": "succeeded",
    "title": "第一篇",
    "created_at": "2026-12-01T00:00:00.000Z",
    "run_at": "2026-12-01T00:00:00.000Z",
    "progress": {"done": 4, "total": 4, "failed": 0},
    "items": [{"index": 0, "state": "succeeded"}],
    "result": {
        "mode": "published",
        "media_id": "MEDIA_ID",
        "article_id": "ARTICLE_ID",
        "url": "https://mp.weixin.qq.com/s/example",
    },
}
_JOB_ERRORS = (401, 403, 404)


def header(name: str, description: str) -> dict[str, Any]:
    """A request header as OpenAPI describes it."""
    schema = {"type": "string"}
    return {"name": name, "in": "header", "description": description, "schema": schema}


def query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    """A parameter of the query as OpenAPI describes it."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema or {"type": "string"},
    }


def paging(most: int) -> tuple[dict[str, Any], ...]:
    """The parameters of a list that is told page by page, with at most so many a page."""
    return (
        query("limit", "每页几个 / page size", type="integer", minimum=1, maximum=most),
        query("cursor", "上一页的 next_cursor / next_cursor of the page before"),
    )


IF_MATCH = header("If-Match", "读到的 ETag；已被别人改过则 409 / the ETag as read; stale: 409")
IDEMPOTENCY_KEY = header(
    "Idempotency-Key", "同键同内容只做一次，得到同样的回答 / the same key does it once"
)
PREFER = header("Prefer", "wait=N：最多等 N 秒（≤60）/ wait up to N s for the end")
# What may be wrong with a call that changes something.
EDIT_ERRORS = (400, 401, 403, 404, 409, 413, 415, 422, 503)

RENDER = Operation(
    "Markdown 转微信 HTML / Markdown to WeChat's HTML",
    "content",
    body=ArticleFields,
    answer=RenderAnswer,
    example={"markdown": _MARKDOWN},
    errors=(400, 401, 403, 413, 415, 422, 503),
    description="不访问任何公众号，图片保持原样。Touches no account; pictures stay where they are.",
    limit="120/minute",
)
THEMES = Operation(
    "主题与代码配色 / themes and code themes",
    "content",
    answer=ThemeList,
    errors=(401, 403, 503),
    description="每个附一小段预览 HTML。Each with a small preview in HTML.",
    limit="60/minute",
)
LINT = Operation(
    "对照微信的限制检查文章 / hold an article against WeChat's limits",
    "content",
    body=ArticleFields,
    answer=LintAnswer,
    example={"markdown": _MARKDOWN},
    errors=(400, 401, 403, 413, 415, 422, 503),
    description=(
        "一次列出所有问题，各有改法；不访问任何公众号。All findings at once, each with what to do;"
        " touches no account."
    ),
    limit="120/minute",
)
ACCOUNTS = Operation("本密钥可用的公众号 / accounts of the key", "accounts", answer=AccountList)
ARTICLE = Operation(
    "提交一个草稿的文章 / hand in the articles of a draft",
    "articles",
    status=202,
    also=(200,),
    body=ArticleRequest,
    answer=JobAnswer,
    example={"markdown": _MARKDOWN, "action": "draft"},
    answer_example={**JOB_EXAMPLE, "state": "accepted", "result": None},
    multipart="图片，以 Markdown 中的相对路径为名 / a picture, named as the Markdown names it",
    parameters=(IDEMPOTENCY_KEY, PREFER),
    errors=EDIT_ERRORS,
    description=(
        "建草稿（默认）或发布；返回任务。`Prefer: wait` 等到结束时返回 200。"
        "一篇的字段，或 `articles` 里的 1–8 篇；`images` 是小绿书。\n\n"
        "Makes a draft (default) or publishes; answers with a job, 200 if its end was waited for. "
        "The fields of one article, or 1 to 8 in `articles`; with `images` it is a newspic."
    ),
    limit="120/minute",
)
JOB = Operation(
    "一个任务 / a job", "jobs", answer=JobAnswer, answer_example=JOB_EXAMPLE, errors=_JOB_ERRORS
)
JOB_EVENTS = Operation(
    "任务进度（SSE）/ a job's progress as server-sent events",
    "jobs",
    media_type="text/event-stream",
    parameters=(header("Last-Event-ID", "从其后继续 / go on after it"),),
    also=(204,),
    errors=_JOB_ERRORS,
    description="`event: job`，`data` 是任务的 JSON。看过最后一个事件后再连得到 204。\n\n"
    "`event: job`, its data the job as JSON; 204 where the last event has been seen.",
)
JOB_CANCEL = Operation(
    "取消 / cancel",
    "jobs",
    answer=JobAnswer,
    answer_example=JOB_EXAMPLE,
    errors=(*_JOB_ERRORS, 409),
)
JOB_RETRY = Operation(
    "重试 / try again",
    "jobs",
    status=202,
    answer=JobAnswer,
    answer_example=JOB_EXAMPLE,
    errors=(*_JOB_ERRORS, 409),
)
JOB_APPROVE = Operation(
    "批准发布 / approve a publication",
    "jobs",
    status=202,
    answer=JobAnswer,
    answer_example={**JOB_EXAMPLE, "state": "accepted", "approval": "given", "result": None},
    errors=(*_JOB_ERRORS, 409),
    description=(
        "由另一个客户端批准；它须有 publish 或 admin 权限、能用该账号、自己无须批准。\n\n"
        "By another client with the scope publish or admin, the account, and no need of approval."
    ),
)
STATS_LIMITS = Operation(
    "限流的用量 / use of the rate limits",
    "stats",
    answer=LimitsAnswer,
    description="`throttled` 与 `active` 只含本进程。`throttled` and `active` are this process's.",
)
STATS_QUOTA = Operation("微信额度 / WeChat's quotas", "stats", answer=QuotaAnswer)
CACHE_CLEAR = Operation(
    "清空缓存（所有进程）/ clear a cache, in every process",
    "admin",
    answer=ClearAnswer,
    answer_example={"cache": "response", "cleared": ["main"]},
    parameters=(query("account", "只清这个公众号 / of this account alone"),),
    errors=(401, 403, 404, 422, 503),
    description="nonce 不能清空，否则签名请求可被重放。Nonces are never cleared.",
)
CACHE_WARM = Operation(
    "预热缓存 / warm a cache",
    "admin",
    body=WarmRequest,
    answer=WarmAnswer,
    example={"account": "main", "paths": ["/cgi-bin/ticket/getticket?type=jsapi"]},
    answer_example={"cache": "response", "warmed": {"main": {"/cgi-bin/getcallbackip": "ok"}}},
    errors=(400, 401, 403, 404, 413, 415, 422, 503),
)
STATS_CACHE = Operation("缓存统计 / cache statistics", "stats", answer=CacheStatsAnswer)
STATS_CALLS = Operation(
    "调用、错误与延迟 / calls, errors and latency", "stats", answer=CallStatsAnswer
)
STATS_PUBLISHING = Operation(
    "发布的结果 / what became of what was handed in",
    "stats",
    answer=PublishingStatsAnswer,
    answer_example={"accounts": {"main": {"24h": {"published": 3, "failed": 1}}}},
    description="24 小时与 7 天内提交的文章与草稿，批量的各项也算。"
    "Articles and drafts handed in within 24 hours and 7 days, items of batches too.",
)
AUDIT = Operation(
    "审计日志，新的在前 / the audit log, newest first",
    "admin",
    answer=AuditList,
    answer_example={
        "items": [
            {
                "seq": 17,
                "at": "2026-12-01T00:00:00.000Z",
                "actor": "client:ops",
                "action": "account.create",
                "subject": "main",
                "account": "main",
                "detail": {"app_id": "wx0000000000000001"},
                "request_id": "req_01jd8zq3k4x5c6v7b8n9m0a1s2",
                "ip": "192.0.2.1",
            }
        ],
        "next_cursor": None,
    },
    parameters=(
        query("since", "从何时起，RFC 3339 / from when on", type="string", format="date-time"),
        query("action", "动作，或其前段如 client / the action, or its first part as client"),
        query("actor", "谁，如 client:blog / who, as client:blog"),
        query("account", "账号名 / account"),
        query("subject", "对象 / what it was done to"),
        *paging(200),
    ),
    errors=(401, 403, 422),
)
DOCTOR = Operation(
    "诊断：哪里不对，怎么修 / what is wrong, and the fix",
    "ops",
    answer=DoctorAnswer,
    description="每个账号各花一次 get_api_domain_ip 与 freepublish/batchget 的额度，结果保留 5 秒。"
    "Spends one call of two APIs for each account; kept for 5 s.",
)
ERRCODES = Operation(
    "按数字或文字查微信错误码 / WeChat's errcodes by number or words",
    "errcodes",
    answer=ErrcodeList,
    parameters=(query("q", "数字、整段 errmsg 或几个字 / a number, a whole errmsg, words"),),
)
ERRCODE = Operation(
    "一个微信错误码 / one errcode of WeChat's",
    "errcodes",
    answer=ErrcodeAnswer,
    errors=(401, 403, 404),
)

_SESSION_ERRORS = (400, 401, 403, 413, 415, 422, 429, 503)
_SESSION = {
    "access_token": "eyJ…",
    "token_type": "Bearer",
    "expires_in": 3600,
    "refresh_token": "wxgr_…",
}
AUTH_TOKEN = Operation(
    "用客户端密钥换会话令牌 / log in by client key",
    "auth",
    body=Login,
    answer=TokenAnswer,
    example={"client_id": "blog", "client_secret": "wxg_blog_…"},
    answer_example=_SESSION,
    public=True,
    errors=_SESSION_ERRORS,
    limit="60/minute",
)
AUTH_REFRESH = Operation(
    "换新令牌，旧的作废 / new tokens for a refresh token, which works once",
    "auth",
    body=Refresh,
    answer=TokenAnswer,
    example={"refresh_token": "wxgr_…"},
    answer_example=_SESSION,
    public=True,
    errors=_SESSION_ERRORS,
    limit="60/minute",
)
AUTH_REVOKE = Operation(
    "结束会话 / end a session",
    "auth",
    body=Revoke,
    answer=RevokeAnswer,
    example={"token": "wxgr_…"},
    public=True,
    errors=(400, 413, 415, 422, 503),
    limit="60/minute",
)

_CLIENT_ERRORS = (401, 403, 404, 503)
CLIENTS = Operation(
    "客户端列表 / clients",
    "admin",
    answer=ClientList,
    parameters=paging(200),
    errors=(401, 403, 422, 503),
)
CLIENT = Operation("一个客户端 / a client", "admin", answer=ClientView, errors=_CLIENT_ERRORS)
CLIENT_CREATE = Operation(
    "新客户端；密钥只显示这一次 / a new client; its key is told this once",
    "admin",
    status=201,
    body=NewClient,
    answer=ClientWithKey,
    example={"id": "ci", "accounts": ["main"], "scopes": ["draft"]},
    errors=(400, 401, 403, 409, 413, 415, 422, 503),
)
CLIENT_CHANGE = Operation(
    "修改客户端 / change a client",
    "admin",
    body=ClientChanges,
    answer=ClientView,
    example={"disabled": True},
    parameters=(IF_MATCH,),
    errors=EDIT_ERRORS,
)
CLIENT_REMOVE = Operation(
    "删除客户端 / remove a client",
    "admin",
    status=204,
    parameters=(IF_MATCH,),
    errors=(400, 401, 403, 404, 409, 503),
)
CLIENT_ROTATE = Operation(
    "换密钥；旧密钥再用 overlap_s 秒 / a new key; the one before lives on for overlap_s",
    "admin",
    status=201,
    body=Rotation,
    body_required=False,
    answer=ClientWithKey,
    example={"overlap_s": 86400},
    errors=EDIT_ERRORS,
)
CLIENT_REVOKE = Operation(
    "撤销一个密钥 / revoke a key",
    "admin",
    answer=ClientView,
    errors=(401, 403, 404, 409, 503),
)

LIVE = Operation("进程活着 / the process lives", "ops", public=True, errors=())
READY = Operation("可以接活 / work can be taken", "ops", also=(503,), public=True, errors=())
METRICS = Operation("Prometheus 指标 / metrics", "ops", media_type="text/plain")
OPENAPI = Operation("本文档 / this document", "ops")
DOCS = Operation("接口文档页 / these pages", "ops", media_type="text/html")
DOCS_FILE = Operation(
    "文档页的文件 / a file of these pages",
    "ops",
    media_type="text/javascript",
    errors=(401, 403, 404),
)

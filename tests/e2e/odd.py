"""The routes that publish, each with a body that it takes; and values that no field takes."""

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

MAIN = "/v1/accounts/main"
HEX = "0" * 64
ARTICLE = {"title": "题", "markdown": "文", "digest": "摘", "theme": "default"}
LATE = {"if_late": "skip", "max_late_s": 600}
AT = "2026-12-01T08:00:00+08:00"
VARIABLE = {
    "name": "who",
    "type": "string",
    "required": True,
    "default": "你",
    "example": "他",
    "description": "谁",
    "pattern": ".*",
    "min": 0,
    "max": 9,
}
TEMPLATE = {"kind": "article", "text": "# {{ who }}", "variables": [VARIABLE], "note": "一"}

# As JSON, which holds more than Python writes: by what may stumble over it.
SHAPES = [
    *("null", "-1", "1e999", '"\\ud800"', '"9999-12-31T23:59:59Z"', f'"{"x" * 70_000}"'),
    *("{}", "[" * 300 + "]" * 300),
]
OF_POSTGRESQL = [
    *('"a\\u0000b"', '{"\\u0000": "\\u0000"}', "NaN", "1" + "0" * 30, '"\\u001b[31m\\u202e"'),
]
_NO_OBJECT = ["", "{", "[]", "null", '{"no_such_field": 1}', SHAPES[-1], "\xff"]
_MARK = "@odd@"


class Call(NamedTuple):
    """A route, and a body that it takes."""

    method: str
    path: str
    body: dict[str, Any]

    def oddly(self, values: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Bodies with each of `values` in each field, and which that is; then no bodies."""
        for field, marked in _marked(self.body):
            text = json.dumps(marked, ensure_ascii=False)
            for value in values:
                yield field, text.replace(f'"{_MARK}"', value).encode()
        for text in _NO_OBJECT:
            yield "", text.encode("latin-1")


def _marked(body: Any, within: str = "") -> Iterator[tuple[str, Any]]:
    """`body` once for each of its fields, with the mark in that place."""
    for name, value in list(body.items() if isinstance(body, dict) else enumerate(body)):
        places = [(f"{within}{name}", _MARK)]
        if isinstance(value, dict | list):
            places += _marked(value, f"{within}{name}.")
        for place, inner in places:
            whole = copy.copy(body)
            whole[name] = inner
            yield place, whole


def _batch(kind: str, item: dict[str, Any], **more: Any) -> Call:
    return Call("POST", f"{MAIN}/batches", {"kind": kind, "items": [item], **more})


CALLS = [
    Call("POST", f"{MAIN}/articles", {**ARTICLE, **LATE, "publish_at": AT, "tags": ["a"]}),
    Call("POST", f"{MAIN}/articles", {**ARTICLE, "source_id": "a.md", "files": {"a.png": HEX}}),
    Call("POST", f"{MAIN}/articles", {"template": "weekly-report", "variables": {"issue": 1}}),
    Call(
        *("POST", f"{MAIN}/articles"),
        {**ARTICLE, "action": "mass_send", "mass": {"to_all": False, "tag_id": 1}},
    ),
    _batch("articles", {"markdown": "文", "name": "a.md"}, concurrency=2, on_error="stop"),
    _batch("images.upload", {"sha256": HEX, "target": "material"}, tags=["a"], dry_run=True),
    _batch("drafts.create", {"title": "题", "content": "文", "need_open_comment": 0}),
    _batch("drafts.create", {"articles": [{"title": "题", "content": "文"}]}),
    _batch("drafts.publish", {"media_id": "a", "if_changed": "fail", "publish_at": AT}),
    _batch("materials.tag", {"media_id": "a", "add": ["b"], "remove": ["c"]}),
    Call("POST", "/v1/files/missing", {"sha256": [HEX]}),
    Call(
        *("POST", f"{MAIN}/drafts/a/publish"),
        {**LATE, "action": "publish", "publish_at": AT, "if_changed": "fail", "repeat": True},
    ),
    Call("POST", f"{MAIN}/drafts/a/preview", {"towxname": "a"}),
    Call(
        *("POST", f"{MAIN}/schedules"),
        {**LATE, "article": ARTICLE, "action": "draft", "name": "周", "cron": "@weekly"}
        | {"timezone": "UTC"},
    ),
    Call("POST", f"{MAIN}/schedules", {"draft": {"media_id": "a"}, "publish_at": AT}),
    Call("PATCH", f"{MAIN}/schedules/{{schedule}}", {"name": "又", "cron": "@daily", **LATE}),
    Call("PATCH", f"{MAIN}/drafts/a", {"add": ["b"], "remove": ["c"]}),
    Call("PATCH", f"{MAIN}/publications/a", {"add": ["b"], "remove": ["c"]}),
    Call("PATCH", f"{MAIN}/materials/a", {"add": ["b"], "remove": ["c"]}),
    Call("PATCH", "/v1/jobs/{job}", {"publish_at": AT, **LATE, "tags": ["a"]}),
    Call("POST", "/v1/jobs/retry", {"ids": ["job_" + "0" * 26]}),
    Call("POST", "/v1/jobs/{job}/resolve", {"outcome": "published", "article_id": "a"}),
    Call("POST", "/v1/templates", {**TEMPLATE, "name": "made"}),
    Call("PUT", "/v1/templates/kept", {"text": "x", "description": "试"}),
    Call("PATCH", "/v1/templates/kept", {"text": "x", "variables": [], "note": "二"}),
    Call("POST", "/v1/templates/kept/rollback", {"version": 1}),
    Call("POST", "/v1/templates/kept/preview", {"version": 1, "variables": {"who": "她"}}),
    Call("POST", "/v1/templates/preview", {"template": {"text": "x"}, "code_theme": "github"}),
    Call("POST", "/v1/webhooks", {"url": "http://a.test/", "events": ["*"], "accounts": ["main"]}),
    Call("PATCH", "/v1/webhooks/{webhook}", {"url": "http://a.test/", "state": "active"}),
]

# What stands in the path or in the query.
ODD_NAMES = ["%00", "a%00b", "%ff", "a" * 3_000, "-1", "9" * 30, "..%2f..", "%1b[31m", "NaN"]
NAMED = [
    *("GET /v1/accounts/{}/schedules", f"GET {MAIN}/schedules/{{}}", f"GET {MAIN}/drafts/{{}}"),
    *(f"POST {MAIN}/schedules/{{}}/run", f"DELETE {MAIN}/schedules/{{}}"),
    *(f"DELETE {MAIN}/drafts/{{}}", f"DELETE {MAIN}/publications/{{}}?index=9"),
    *("PUT /v1/files/{}", "GET /v1/jobs/{}", "GET /v1/jobs/{}/events", "GET /v1/jobs/{}/report"),
    *("POST /v1/jobs/{}/cancel", "POST /v1/jobs/{}/approve", "GET /v1/jobs/{}/preview"),
    *("GET /v1/templates/{}", "DELETE /v1/templates/{}", "GET /v1/templates/{}/versions"),
    *("GET /v1/templates/kept/versions/{}", "GET /v1/webhooks/{}", "DELETE /v1/webhooks/{}"),
    *("POST /v1/webhooks/{webhook}/deliveries/{}/redeliver", "POST /callback/{}"),
]
_IDS = ",".join(["job_" + "0" * 26] * 101), ",".join(["a"] * 10_000)
ODD_QUERIES = [
    *ODD_NAMES,
    *("", "0", "1e999", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00%2B23:59", *_IDS),
    *("1e18", "%25", "_%25'\\", ",,,", "999999999999.999999.a", "%ed%a0%80"),
]
QUERIES = {
    "/v1/jobs": "state kind account client approval parent schedule ids created_after due_before"
    " tag q limit cursor",
    "/v1/jobs/summary": "state ids q",
    f"{MAIN}/schedules": "state limit cursor",
    f"{MAIN}/materials": "type q tag ids updated_after limit cursor",
    "/v1/templates": "kind q limit cursor",
    "/v1/templates/kept/versions": "limit cursor",
    "/v1/templates/kept/diff": "from to",
    "/v1/webhooks/{webhook}/deliveries": "state limit cursor",
}

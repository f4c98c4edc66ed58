"""What `/openapi.json` says of the routes of drafts, publications and materials."""

from typing import Any, NamedTuple

from handlers.library import LibraryItem, LibraryList, LibraryTags
from handlers.openapi import Operation
from handlers.operations import paging, query
from store.library import LibraryKind

_NAMES: dict[LibraryKind, tuple[str, str]] = {
    "draft": ("草稿", "draft"),
    "publication": ("已发表的文章", "publication"),
    "material": ("永久素材", "material"),
}
_TYPES: dict[LibraryKind, list[str]] = {
    "draft": ["news", "newspic"],
    "publication": ["news", "newspic"],
    "material": ["image", "voice", "video", "news"],
}
_FROM_WECHAT = (401, 403, 404, 422, 429, 502, 503, 504)


class Operations(NamedTuple):
    """Those of one kind."""

    every: Operation
    one: Operation
    delete: Operation
    tag: Operation


def _example(kind: LibraryKind) -> dict[str, Any]:
    shared = {"updated_at": "2026-12-01T00:00:00.000Z", "job": None, "tags": ["周报"]}
    if kind == "material":
        url = "https://mmbiz.qpic.cn/example"
        return {"id": "MEDIA_ID", "type": "image", "title": "a.png", "url": url, **shared}
    url = "https://mp.weixin.qq.com/s/example"
    articles = [{"title": "第一篇", "author": "小王", "digest": "摘要", "url": url}]
    ids = {"id": "ARTICLE_ID" if kind == "publication" else "MEDIA_ID", "type": "news"}
    return {**ids, "title": "第一篇", "url": url, **shared, "articles": articles}


def _parameters(kind: LibraryKind) -> tuple[dict[str, Any], ...]:
    return (
        query("type", f"类型，可多个 / types: {', '.join(_TYPES[kind])}"),
        query("q", "标题、作者、摘要里的字，须全部出现 / words of titles, authors, digests, all"),
        query("tag", "标签 / tag"),
        query("ids", "至多 100 个 / at most 100"),
        query("updated_after", "RFC 3339，含 / from then on", type="string", format="date-time"),
        query("updated_before", "RFC 3339，不含 / before then", type="string", format="date-time"),
        query("refresh", "先从微信重新读取 / read it from WeChat anew first", type="boolean"),
        *paging(100),
    )


def _operations(kind: LibraryKind) -> Operations:
    chinese, english = _NAMES[kind]
    example = _example(kind)
    index = query(
        "index",
        "只删第几篇（从 1 起），0 为全部 / only that article, from 1; 0: all",
        type="integer",
        minimum=0,
        maximum=8,
    )
    tag = f"{english}s"
    return Operations(
        every=Operation(
            f"{chinese}列表 / {english}s, last changed first",
            tag,
            answer=LibraryList,
            answer_example={
                "items": [example],
                "next_cursor": None,
                "synced_at": "2026-12-01T00:00:00.000Z",
                "refreshing": False,
                "error": None,
            },
            parameters=_parameters(kind),
            errors=_FROM_WECHAT,
            description="来自网关的索引，超过 library.fresh_s 秒先增量更新；`synced_at` 说明多新。"
            "From the gateway's index, brought up to date first where it is older than "
            "library.fresh_s; `synced_at` tells its age.",
        ),
        one=Operation(
            f"一项{chinese}的详情 / one {english}, as WeChat has it now",
            tag,
            answer=LibraryItem,
            answer_example=example,
            errors=_FROM_WECHAT,
        ),
        delete=Operation(
            f"删除{chinese}，不可恢复 / delete a {english} for good",
            tag,
            status=204,
            parameters=(index,) if kind == "publication" else (),
            errors=(*_FROM_WECHAT, 409) if kind == "draft" else _FROM_WECHAT,
        ),
        tag=Operation(
            f"修改{chinese}的标签 / file a {english} under other tags",
            tag,
            body=LibraryTags,
            answer=LibraryItem,
            example={"add": ["周报"], "remove": []},
            answer_example=example,
            errors=(400, 401, 403, 404, 413, 415, 422, 503),
        ),
    )


OPERATIONS: dict[LibraryKind, Operations] = {kind: _operations(kind) for kind in _NAMES}

"""Plans and outcomes in the words of the command line."""

import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from wxgate_client.local_article import LocalArticle, is_named_as_picture
from wxgate_client.plan import Draft, Plan, Step, Wish
from wxgate_client.publishing import Outcome

EXIT_SOME_FAILED = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_NEEDS_REVIEW = 4
# Whatever stands here has not failed; a job that waits goes on without us.
_WELL = frozenset({"succeeded", "waiting", "scheduled", "unchanged"})

_BY_WECHAT = ("微信", "WeChat ")
_MADE = {
    "dropped": ("去掉了", "dropped"),
    "changed": ("改动了", "changed"),
    "added": ("加上了", "added"),
}
_WHAT = {
    "picture": ("图片", "the picture"),
    "link": ("链接", "the link"),
    "tag": ("标签", "the tag"),
    "text": ("文字", "the text"),
    "style": ("样式", "the style"),
    "attribute": ("属性", "the attribute"),
}

WATCHING = "监视中，保存就更新，Ctrl-C 结束 / watching: what you save is sent, Ctrl-C ends"
PLAN_HEAD = ("", "文件 / file", "标题 / title", "图片 / pictures", "KB", "将会 / will")
_KINDS = {
    "new": "新增 new",
    "changed": "改动 changed",
    "publish": "待发布 to publish",
    "unchanged": "未变 unchanged",
    "unreadable": "读不了 unreadable",
}


def plan_rows(plan: Plan, wish: Wish) -> list[tuple[str, ...]]:
    """The plan, a row a draft, to stand under PLAN_HEAD."""
    rows: list[tuple[str, ...]] = []
    for step in plan.steps:
        moved = f" ← {step.moved_from}" if step.moved_from else ""
        pictures, size = str(len(step.pictures())), f"{step.size / 1000:.0f}"
        told = (_KINDS[step.kind], f"{step.draft.name}{moved}", step.draft.title)
        rows.append((*told, pictures, size, _will(step, wish)))
    for path, entry in plan.gone:
        rows.append(
            ("已删除 gone", path, "", "", "", f"草稿仍在微信 still at WeChat {entry.media_id}")
        )
    return rows


def _will(step: Step, wish: Wish) -> str:
    entry = step.entry or (step.memory.get(step.moved_from) if step.moved_from else None)
    if step.kind in ("unchanged", "unreadable"):
        return "—" if step.kind == "unchanged" else step.problem
    update = entry is not None and entry.is_draft and not wish.again
    draft = "更新草稿 update the draft" if update else "新建草稿 make a draft"
    lacks = len(_lacking(step.draft))
    return (
        draft
        + ("" if wish.action == "draft" else "，发布 publish")
        + (f"；缺 {lacks} 张图 pictures missing" if lacks else "")
    )


def plan_lines(plan: Plan, wish: Wish, width: int | None = None) -> list[str]:
    """The plan in columns; where they would be wider than `width`, lines for each draft."""
    rows = plan_rows(plan, wish)
    lines = columns(PLAN_HEAD, rows)
    if width is None or max(map(_width, lines)) <= width:
        return lines
    return [line for row in rows for line in _stacked(*row)]


def terminal_width() -> int | None:
    """How wide stdout is where a person reads it."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _stacked(kind: str, path: str, title: str, pictures: str, size: str, will: str) -> list[str]:
    held = f"{pictures} 张图 pictures, {size} KB" if pictures else ""
    about = "  ".join(filter(None, (title, held)))
    return [f"{kind}  {path}", *(f"    {line}" for line in (about, will) if line)]


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The rows under their head, in columns; Chinese characters are two columns wide."""
    lines = [head, *([plain(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    ]


def plain(line: str) -> str:
    """On one line whatever it holds: a file's name may move the cursor, or end the line."""
    shown = (char if char.isprintable() else ascii(char)[1:-1] for char in line)
    return "".join(shown)


def _width(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text)


def unsent_lines(draft: Draft, *, missing: bool = False) -> list[str]:
    """What of a draft's pictures stays here and why; with `missing` those that are not there."""
    lines = []
    if missing:
        lines += [f"{path}: 没有这个文件 / no such file: {name}" for path, name in _lacking(draft)]
    for article in _articles(draft):
        lines += [
            f"{article.path}: 不发送 {name}：在当前目录之外，请从上一级目录运行"
            " / not sent, outside of the working directory: run from further up"
            for name in article.outside
        ]
        lines += [
            f"{article.path}: 不发送 {name}：内容不是图片 / not sent, holds no picture"
            for name in article.strange
        ]
    return list(map(plain, lines))


def _lacking(draft: Draft) -> list[tuple[Path, str]]:
    """The pictures of its articles that are not there; those with other names may be links."""
    return [
        (article.path, name)
        for article in _articles(draft)
        for name in article.missing
        if is_named_as_picture(name)
    ]


def _articles(draft: Draft) -> Sequence[LocalArticle]:
    return (draft,) if isinstance(draft, LocalArticle) else draft.articles


def outcome_lines(outcome: Outcome, *, english: bool) -> list[str]:
    """A line for the article, and one for each thing to know about it."""
    told, error = outcome.result or {}, outcome.error or {}
    job = f" ({outcome.job})" if outcome.job else ""
    where = _message(error) or told.get("url") or told.get("media_id") or ""
    lines = [f"{outcome.path}: {_became(outcome)}{job} {where}".rstrip()]
    lines += [
        f"    ~ {_changed(each, 1 if english else 0)}" for each in told.get("changed_by_wechat", ())
    ]
    lines += [f"    - {step}" for step in told.get("next_steps", ())]
    for warning in outcome.warnings:
        where = f" ({warning['field']})" if warning.get("field") else ""
        lines.append(f"    注意 / note: {warning['message']}{where}")
    if error.get("hint"):
        lines.append(f"    → {error['hint']}")
    lines += [f"    {line}" for line in error_lines(outcome.job, error)]
    if outcome.state == "scheduled":
        lines.append(f"    → 到时执行 / runs at {_local(outcome.run_at)}")
    if outcome.approval == "pending":
        lines.append(
            "    → 等待别人批准后才执行 / waits until somebody else approves: "
            f"wxgate jobs approve {outcome.job}"
        )
    return list(map(plain, lines))


def error_lines(job: str, error: dict[str, Any]) -> list[str]:
    """What is known of a job that needs review, and what to do about errors at a terminal."""
    if error.get("code") == "repeated_publication":
        return ["→ 确实要再发表：加 --repeat / to publish it once more: --repeat"]
    if error.get("code") != "needs_review" or not job:
        return []
    known = error.get("details") or {}
    titles = [f"《{each.get('title', '')}》" for each in known.get("articles") or ()]
    sent_at = known.get("sent_at")
    facts = {
        "哪一步 / step": known.get("effect"),
        "第几次 / attempt": known.get("attempt"),
        "发送于 / sent at": None if sent_at is None else _in_shanghai(sent_at),
        "标题 / titles": " ".join(titles) or None,
        "草稿 / draft": known.get("media_id") or None,
        "草稿还在 / still in the box": known.get("draft_present"),
        "看过几篇 / looked through": known.get("listed"),
        "像它的 / looked alike": " ".join(map(str, known.get("looked_alike") or ())) or None,
    }
    return [
        *(f"{name}: {fact}" for name, fact in facts.items() if fact is not None),
        f"→ 已经在了 / it is there: wxgate jobs resolve {job} --published",
        f"→ 没有 / it is not: wxgate jobs resolve {job} --not-published",
        f"→ 再发一次 / send it once more: wxgate jobs retry {job}",
    ]


def closing_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """How many became what, where they are many, and what is usually done next."""
    lines, modes = [], [_became(outcome) for outcome in outcomes]
    if len(outcomes) > 1:
        counts = "，".join(f"{mode} {modes.count(mode)}" for mode in dict.fromkeys(modes))
        lines.append(f"{len(outcomes)} 篇 / drafts: {counts}")
    if "draft" in modes:
        lines.append(
            "  → 看过预览，再运行一次并加 --publish 就发布"
            " / to publish what you have looked at: run again with --publish"
        )
    return lines


def _became(outcome: Outcome) -> str:
    """A job that did not succeed may have a result too, such as the draft it got to."""
    mode = (outcome.result or {}).get("mode", "")
    return str(mode) if outcome.state == "succeeded" else outcome.state


def _local(rfc3339: str) -> str:
    return _in_shanghai(datetime.fromisoformat(rfc3339).timestamp()) if rfc3339 else "?"


def _in_shanghai(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone(timedelta(hours=8))).isoformat(" ", "seconds")


def gone_lines(plan: Plan) -> list[str]:
    """A line for each file that is gone: nothing of it is deleted at WeChat."""
    return [
        plain(f"{path}: 文件已不在，微信里的保留 / file gone, kept at WeChat: {entry.media_id}")
        for path, entry in plan.gone
    ]


def exit_status(outcomes: Iterable[Outcome]) -> int:
    """0 all went well, 1 some failed, 3 gateway unreachable, 4 something needs review."""
    states = {outcome.state for outcome in outcomes}
    if "needs_review" in states:
        return EXIT_NEEDS_REVIEW
    if states - {"unchanged"} == {"unreachable"}:
        return EXIT_UNREACHABLE
    return 0 if states <= _WELL else EXIT_SOME_FAILED


def _changed(change: dict[str, Any], half: int) -> str:
    """One kind of change that WeChat made to a draft."""
    what, made = _WHAT[change["what"]][half], _MADE[change["change"]][half]
    values = " → ".join(filter(None, (change["sent"], change["kept"])))
    return f"{_BY_WECHAT[half]}{made} {what} {change['name']} ×{change['count']} {values}".rstrip()


def _message(error: dict[str, Any]) -> str:
    """What went wrong, and with which of several articles."""
    message, field = error.get("message") or "", str(error.get("field") or "")
    return f"{field}: {message}" if field.startswith("articles[") else message

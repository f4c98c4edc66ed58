from pathlib import Path
from typing import Any

import pytest
from wxgate_client import told
from wxgate_client.local_article import load_article
from wxgate_client.memory import Entry, Memory
from wxgate_client.plan import Plan, Wish, make_plan
from wxgate_client.publishing import Outcome


def test_what_wechat_changed_is_shown_with_the_draft() -> None:
    change = {"what": "style", "change": "dropped", "name": "top", "sent": "0", "kept": ""}
    result = {"mode": "draft", "changed_by_wechat": [{**change, "article": 0, "count": 2}]}
    outcome = Outcome("a.md", "succeeded", result=result)
    assert "    ~ WeChat dropped the style top ×2 0" in told.outcome_lines(outcome, english=True)
    assert "    ~ 微信去掉了 样式 top ×2 0" in told.outcome_lines(outcome, english=False)


def test_everything_to_know_about_an_article_has_its_line() -> None:
    outcome = Outcome(
        *("a.md", "failed", "job_1"),
        result={"mode": "draft_ready", "next_steps": ["click"]},
        error={"message": "too long", "field": "articles[1].title", "hint": "shorten it"},
        approval="pending",
        warnings=({"message": "dark", "field": "images[0]"}, {"message": "light"}),
    )
    first, *rest = told.outcome_lines(outcome, english=True)
    assert first == "a.md: failed (job_1) articles[1].title: too long"
    assert rest[:4] == [
        "    - click",
        "    注意 / note: dark (images[0])",
        "    注意 / note: light",
        "    → shorten it",
    ]
    assert "wxgate jobs approve job_1" in rest[4]


def test_what_is_known_of_a_job_in_review_is_told_with_the_ways_on() -> None:
    details = {
        "effect": "submit", "attempt": 1, "sent_at": 1_800_000_000.0, "media_id": "M",
        "articles": [{"title": "甲"}], "draft_present": True, "listed": 3, "looked_alike": ["a1"],
    }  # fmt: skip
    error = {"code": "needs_review", "message": "unknown", "details": details}
    lines = told.outcome_lines(Outcome("a.md", "needs_review", "job_1", error=error), english=True)
    assert lines[1:] == [
        "    哪一步 / step: submit",
        "    第几次 / attempt: 1",
        "    发送于 / sent at: 2027-01-15 16:00:00+08:00",
        "    标题 / titles: 《甲》",
        "    草稿 / draft: M",
        "    草稿还在 / still in the box: True",
        "    看过几篇 / looked through: 3",
        "    像它的 / looked alike: a1",
        "    → 已经在了 / it is there: wxgate jobs resolve job_1 --published",
        "    → 没有 / it is not: wxgate jobs resolve job_1 --not-published",
        "    → 再发一次 / send it once more: wxgate jobs retry job_1",
    ]


def test_who_wants_to_publish_the_same_again_is_told_how() -> None:
    refused = Outcome("a.md", "refused", error={"code": "repeated_publication", "message": "m"})
    assert "--repeat" in told.outcome_lines(refused, english=True)[-1]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (set(), 0),
        ({"succeeded", "waiting", "scheduled", "unchanged"}, 0),
        ({"succeeded", "failed"}, 1),
        ({"refused"}, 1),
        ({"unreadable", "unchanged"}, 1),
        ({"unreachable"}, 3),
        ({"unreachable", "unchanged"}, 3),
        ({"unreachable", "succeeded"}, 1),
        ({"needs_review", "failed", "unreachable"}, 4),
    ],
)
def test_the_exit_status_tells_the_worst(states: set[str], status: int) -> None:
    assert told.exit_status(Outcome("a.md", state) for state in states) == status


def test_a_plan_is_a_table_with_a_row_for_each_file(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "https://gate", "main")
    for name, text in (("a.md", "---\ntitle: '标题'\n---\n"), ("b.md", "# 二 #\n"), ("c.md", "x")):
        (tmp_path / name).write_text(text, "utf-8")
    drafts = [(load_article(tmp_path / name), memory) for name in ("a.md", "b.md", "c.md")]
    a, b, _ = make_plan(drafts, Wish()).steps
    known: dict[str, Any] = {"job": "j", "state": "succeeded", "mode": "draft", "media_id": "M"}
    memory.put("a.md", Entry(hash=a.hash, **known))
    memory.put("b.md", Entry(hash="other", **known))
    memory.put("z.md", Entry(hash="z", **known))
    plan: Plan = make_plan(drafts, Wish(action="publish"), [tmp_path])
    rows = told.plan_rows(plan, Wish(action="publish"))
    assert [(row[0].split()[-1], row[2], row[5]) for row in rows] == [
        ("publish", "标题", "更新草稿 update the draft，发布 publish"),
        ("changed", "二", "更新草稿 update the draft，发布 publish"),
        ("new", "c", "新建草稿 make a draft，发布 publish"),
        ("gone", "", "草稿仍在微信 still at WeChat M"),
    ]
    assert all(len(row) == len(told.PLAN_HEAD) for row in rows)
    assert told.gone_lines(plan) == [
        f"{tmp_path / 'z.md'}: 文件已不在，微信里的保留 / file gone, kept at WeChat: M"
    ]
    assert b.draft.title == "二"


def test_a_plan_counts_the_pictures_that_are_not_there(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "https://gate", "main")
    (tmp_path / "a.md").write_text("![](x.png) ![](y.png) [z](z.pdf)")
    plan = make_plan([(load_article(tmp_path / "a.md"), memory)], Wish())
    (row,) = told.plan_rows(plan, Wish())
    assert row[5] == "新建草稿 make a draft；缺 2 张图 pictures missing"


def test_a_run_ends_with_what_it_came_to_and_what_is_next() -> None:
    made = Outcome("a", "succeeded", "j", {"mode": "draft"})
    assert [line[:4] for line in told.closing_lines([made])] == ["  → "]
    assert told.closing_lines([Outcome("a", "failed", "j", {"mode": "draft"})]) == []
    count, following = told.closing_lines([made, made, Outcome("b", "failed", "j")])
    assert count == "3 篇 / drafts: draft 2，failed 1"
    assert "--publish" in following


def test_when_a_scheduled_job_runs_is_told_in_the_time_of_shanghai() -> None:
    outcome = Outcome("a", "scheduled", "j", run_at="2026-12-01T00:00:00.000Z")
    assert "2026-12-01 08:00:00+08:00" in told.outcome_lines(outcome, english=False)[1]


def test_columns_stand_under_each_other_in_chinese_too() -> None:
    lines = told.columns(("a", "b"), [("标题", "x"), ("four", "y")])
    assert lines == ["a     b", "标题  x", "four  y"]


def test_a_plan_too_wide_for_the_terminal_has_lines_for_each_draft(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "https://gate", "main")
    (tmp_path / "长.md").write_text("# 标题")
    memory.put("旧.md", Entry(hash="z", job="j", state="succeeded", media_id="M" * 64))
    plan = make_plan([(load_article(tmp_path / "长.md"), memory)], Wish(), [tmp_path])
    assert told.plan_lines(plan, Wish(), 20) == [
        f"新增 new  {tmp_path / '长.md'}",
        "    标题  0 张图 pictures, 0 KB",
        "    新建草稿 make a draft",
        f"已删除 gone  {tmp_path / '旧.md'}",
        f"    草稿仍在微信 still at WeChat {'M' * 64}",
    ]
    assert told.plan_lines(plan, Wish()) == told.plan_lines(plan, Wish(), 10_000)
    assert len(told.plan_lines(plan, Wish())) == 3


def test_pictures_that_stay_here_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "posts").mkdir()
    monkeypatch.chdir(tmp_path / "posts")
    (tmp_path / "up.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "posts" / "not.png").write_text("notes")
    article = tmp_path / "posts" / "a.md"
    article.write_text("![](../up.png) ![](not.png) ![](none.png) [^1]\n\n[^1]: 注")
    lines = told.unsent_lines(load_article(article), missing=True)
    assert [line.partition(": ")[2].split("：")[0] for line in lines] == [
        "没有这个文件 / no such file: none.png",
        "不发送 ../up.png",
        "不发送 not.png",
    ]
    assert len(told.unsent_lines(load_article(article))) == 2

import asyncio
import json
import os
import pty
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sandbox.faults import Fault
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import write_toml
from tests.server.cli.commands import wxgate, wxgate_process

SUBMIT = "/cgi-bin/freepublish/submit"


def article(path: Path, title: str = "一篇", text: str = "正文") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {title}\n\n{text}\n", "utf-8")
    return path


def at_gate(stand: Any, account: str = "main") -> tuple[str, ...]:
    return ("--server", stand.url, "--key", KEY, "--account", account)


async def test_files_folders_and_globs_become_drafts(stand: Any, tmp_path: Path) -> None:
    for name in ("posts/a.md", "posts/deep/b.md", "more/c.md", "d.md"):
        article(tmp_path / name, name)
    done = await wxgate_process("publish", "posts", "more/*.md", "d.md", *at_gate(stand))
    assert done.exit_code == 0, done.output
    told = [line.partition(": ") for line in done.stdout.splitlines()]
    assert [path for path, _, _ in told] == ["posts/a.md", "posts/deep/b.md", "more/c.md", "d.md"]
    assert all(rest.startswith("draft (") for _, _, rest in told)
    assert len(stand.committed("draft")) == 4
    assert stand.committed("publication") == []
    # Nobody watches: no bars, no colours; what it came to, and what is next.
    count, following = done.stderr.splitlines()
    assert count == "4 篇 / drafts: draft 4"
    assert "--publish" in following


async def test_local_pictures_are_sent_along(stand: Any, tmp_path: Path) -> None:
    picture = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(picture, "PNG")
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "a b.png").write_bytes(picture.getvalue())
    path = article(tmp_path / "x.md", text="![图](img/a%20b.png)")
    done = await wxgate_process("publish", path, *at_gate(stand))
    assert done.exit_code == 0, done.output
    assert len(stand.committed("image")) == 1


async def test_a_dry_run_lists_the_plan_and_calls_nobody(tmp_path: Path, unused_port: int) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" * 375)
    article(
        tmp_path / "x.md",
        text="![图](a.png) ![外](https://example.com/b.png) ![无](c.png) [^1]\n\n[^1]: 注",
    )
    done = await wxgate_process(
        *("publish", "x.md", "--dry-run", "--server", f"http://127.0.0.1:{unused_port}")
    )
    assert done.exit_code == 0, done.output
    head, row = done.stdout.splitlines()
    assert head.split()[:3] == ["文件", "/", "file"]
    assert row.split() == [
        *("新增", "new", "x.md", "一篇", "1", "3"),
        *["新建草稿", "make", "a", "draft；缺", "1", "张图", "pictures", "missing"],
    ]
    assert done.stderr == "x.md: 没有这个文件 / no such file: c.png\n"


async def test_json_tells_programs_all(stand: Any, tmp_path: Path) -> None:
    path = article(tmp_path / "x.md")
    done = await wxgate_process("publish", path, "--publish", "--json", *at_gate(stand))
    assert done.exit_code == 0, done.output
    (told,) = json.loads(done.stdout)
    assert (told["path"], told["state"], told["error"]) == (str(path), "succeeded", None)
    assert told["result"]["mode"] == "published"
    assert "/s/" in told["result"]["url"]
    job = (await stand.http.get(f"/v1/jobs/{told['job']}")).json()
    assert job["result"] == told["result"]


async def test_one_that_fails_stops_no_other_and_ends_with_1(stand: Any, tmp_path: Path) -> None:
    article(tmp_path / "a.md", "题" * 33)
    article(tmp_path / "b.md")
    done = await wxgate_process("publish", ".", *at_gate(stand))
    assert done.exit_code == 1
    failed, hint, drafted = done.stdout.splitlines()
    assert failed.startswith("a.md: failed (")
    assert hint.startswith("    → ")
    assert drafted.startswith("b.md: draft (")
    assert len(stand.committed("draft")) == 1


async def test_an_unknown_outcome_ends_with_4(open_stand: Any, tmp_path: Path) -> None:
    jobs = {"reconcile_quiet_s": 0.1, "first_poll_s": [0.2] * 3, "poll_every_s": 0.2}
    async with open_stand({"jobs": {**jobs, "sweep_s": 0.05}}, publish_s=600) as stand:
        # Sent, no answer, not listed; sent again, no answer again: nobody knows.
        stand.sandbox.faults.add(Fault(kind="reset_after_commit", path=SUBMIT, count=2))
        article(tmp_path / "a.md")
        article(tmp_path / "b.md", "题" * 33)  # a plain failure counts for less
        done = await wxgate_process("publish", "a.md", "b.md", "--publish", *at_gate(stand))
    assert done.exit_code == 4, done.output
    assert "a.md: needs_review (" in done.stdout
    assert "→ 请在公众号后台" in done.stdout


async def test_a_gateway_out_of_reach_ends_with_3(tmp_path: Path, unused_port: int) -> None:
    path, url = article(tmp_path / "x.md"), f"http://127.0.0.1:{unused_port}"
    for arguments in ((), ("--account", "main")):
        done = await wxgate_process("publish", path, "--server", url, "--key", KEY, *arguments)
        assert done.exit_code == 3
        assert KEY not in done.output
    asked = await wxgate_process("publish", path, "--server", url, "--key", KEY)
    assert f"连不上网关 {url}" in asked.stderr
    assert "wxgate serve" in asked.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none*.md",), "none*.md"),
        (("binary.md",), "UTF-8"),
        (("x.md", "--at", "2026-12-01T08:00:00"), "2026-12-01T08:00:00+08:00"),
        (("x.md", "--at", "tomorrow"), "2026-12-01T08:00:00+08:00"),
        (("x.md", "--if-late", "skip"), "--at"),
        (("x.md", "--max-late", "30m"), "--if-late skip"),
        (("x.md", "--server", "gate.example.com", "--key", KEY), "http://"),
        (("x.md", "--server", "http://127.0.0.1:1"), "--key"),
        (("x.md", "--server", "http://127.0.0.1:1", "--key", "密钥"), "wxg_…"),
        (("x.md",), "wxgate init"),
        (("x.md", "--config", "none.toml"), "none.toml"),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_is_sent(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    article(tmp_path / "x.md")
    (tmp_path / "binary.md").write_bytes(b"\xff\xfe")
    done = wxgate("publish", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr


async def test_a_wrong_key_is_told_as_the_gateway_tells_it(stand: Any, tmp_path: Path) -> None:
    wrong = KEY[:-1] + "x"
    path = article(tmp_path / "x.md")
    done = await wxgate_process("publish", path, "--server", stand.url, "--key", wrong)
    assert done.exit_code == 1
    assert "→" in done.stderr
    assert wrong not in done.output


async def test_of_several_accounts_one_has_to_be_named(stand: Any, tmp_path: Path) -> None:
    path = article(tmp_path / "x.md")
    done = await wxgate_process("publish", path, "--server", stand.url, "--key", KEY)
    assert done.exit_code == 1
    assert "--account" in done.stderr
    assert "main, personal" in done.stderr
    assert stand.committed("draft") == []


async def test_the_only_account_needs_no_name_and_the_environment_is_enough(
    open_stand: Any, tmp_path: Path
) -> None:
    client = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["draft"]}
    async with open_stand({"clients": [client]}) as stand:
        environment = {"WXGATE_URL": stand.url + "/", "WXGATE_KEY": KEY}
        done = await wxgate_process("publish", article(tmp_path / "x.md"), env=environment)
        assert done.exit_code == 0, done.output
        assert len(stand.committed("draft")) == 1


async def test_without_a_server_the_configured_one_is_used(stand: Any, tmp_path: Path) -> None:
    port = int(stand.url.rpartition(":")[2])
    config = configuration(stand.sandbox, tmp_path / "elsewhere", port)
    config["server"]["listen"] = f"0.0.0.0:{port}"
    reader = {**config["clients"][0], "id": "reader", "scopes": ["stats"]}
    config["clients"].insert(0, {**reader, "key": KEY.replace("blog", "reader")})
    write_toml(tmp_path / "config.toml", config)
    path = article(tmp_path / "x.md")
    done = await wxgate_process("publish", path, "--account", "main")
    assert done.exit_code == 0, done.output
    other = await wxgate_process("publish", path, "--account", "other")
    assert other.exit_code == 2
    assert "other" in other.stderr


async def test_a_personal_account_shows_the_clicks_that_remain(stand: Any, tmp_path: Path) -> None:
    path = article(tmp_path / "x.md")
    done = await wxgate_process("publish", path, "--publish", *at_gate(stand, "personal"))
    assert done.exit_code == 0, done.output
    first, *clicks = done.stdout.splitlines()
    assert "draft_ready" in first
    assert len(clicks) >= 2
    assert all(click.startswith("    - ") for click in clicks)


async def test_a_time_in_the_future_is_accepted_and_left_to_the_gateway(
    stand: Any, tmp_path: Path
) -> None:
    path = article(tmp_path / "x.md")
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    late = ("--if-late", "skip", "--max-late", "30m")
    done = await wxgate_process("publish", path, "--at", at, *late, "--json", *at_gate(stand))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)[0]["state"] == "scheduled"
    assert stand.committed("draft") == []


def _read_terminal(number: int) -> str:
    """All that is written there: it holds 4 kB, and more is written on a slow machine."""
    shown = b""
    with suppress(OSError):  # EIO: nobody has its other end any more
        while part := os.read(number, 4_096):
            shown += part
    os.close(number)
    return shown.decode()


async def test_progress_is_shown_to_a_person_alone(stand: Any, tmp_path: Path) -> None:
    article(tmp_path / "x.md")
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "publish", "x.md", *at_gate(stand)),
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdout=asyncio.subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    (stdout, _), shown = await asyncio.gather(
        process.communicate(), asyncio.to_thread(_read_terminal, ours)
    )
    assert process.returncode == 0
    assert "x.md" in shown
    assert "succeeded" in shown
    # What a script reads stays clean.
    assert b"\x1b" not in stdout
    assert stdout.startswith(b"x.md: draft (")


async def test_the_same_article_again_is_the_same_job(stand: Any, tmp_path: Path) -> None:
    article(tmp_path / "a.md")
    first = await wxgate_process("publish", "a.md", "--json", *at_gate(stand))
    second = await wxgate_process("publish", "a.md", "--json", *at_gate(stand))
    assert json.loads(first.stdout)[0]["job"] == json.loads(second.stdout)[0]["job"]
    assert len(stand.committed("draft")) == 1
    await wxgate_process("publish", "a.md", "--again", *at_gate(stand))
    assert len(stand.committed("draft")) == 2


async def test_what_failed_for_another_reason_goes_on_when_run_again(
    stand: Any, tmp_path: Path
) -> None:
    article(tmp_path / "a.md")
    stand.sandbox.faults.add(Fault(kind="errcode", path="/cgi-bin/draft/add", errcode=53404))
    first = await wxgate_process("publish", "a.md", "--json", *at_gate(stand))
    assert first.exit_code == 1
    second = await wxgate_process("publish", "a.md", "--json", *at_gate(stand))
    assert second.exit_code == 0, second.output
    assert json.loads(first.stdout)[0]["job"] == json.loads(second.stdout)[0]["job"]


def picture_at(path: Path, colour: str = "teal") -> None:
    Image.new("RGB", (64, 48), colour).save(path, "PNG")


async def test_a_bundle_is_one_draft(stand: Any, tmp_path: Path) -> None:
    picture_at(tmp_path / "a.png")
    first = article(tmp_path / "1.md", "上", "![](a.png)")
    second = article(tmp_path / "2.md", "下", "![](a.png)")
    done = await wxgate_process("publish", first, second, "--bundle", *at_gate(stand))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{first} + {second}: draft (")
    (draft,) = stand.committed("draft")
    assert draft.data["titles"] == ["上", "下"]
    assert len(stand.committed("image")) == 1


async def test_an_article_of_a_bundle_that_fails_is_named(stand: Any, tmp_path: Path) -> None:
    first, second = article(tmp_path / "1.md"), article(tmp_path / "2.md", "题" * 33)
    done = await wxgate_process("publish", first, second, "--bundle", *at_gate(stand))
    assert done.exit_code == 1
    assert "articles[1].title: " in done.stdout
    assert stand.committed("draft") == []


async def test_a_bundle_that_cannot_be_is_refused_before_any_call(tmp_path: Path) -> None:
    nine = [article(tmp_path / f"{number}.md") for number in range(9)]
    done = await wxgate_process("publish", *nine, "--bundle")
    assert (done.exit_code, "8" in done.stderr) == (2, True)
    for name, colour in (("x", "red"), ("y", "blue")):
        article(tmp_path / name / "a.md", text="![](a.png)")
        picture_at(tmp_path / name / "a.png", colour)
    done = await wxgate_process("publish", "x/a.md", "y/a.md", "--bundle")
    assert (done.exit_code, "a.png" in done.stderr) == (2, True)


async def test_markdown_with_pictures_becomes_a_newspic(stand: Any, tmp_path: Path) -> None:
    picture_at(tmp_path / "a.png")
    path = article(tmp_path / "x.md", "海", "一天\n\n![](a.png)")
    done = await wxgate_process(
        *("publish", path, "--article-type", "newspic", "--publish"), *at_gate(stand)
    )
    assert done.exit_code == 0, done.output
    (publication,) = [one for _, _, one in stand.sandbox.world.publications]
    (made,) = publication.articles
    assert (made.article_type, made.content, len(made.image_media_ids)) == ("newspic", "一天", 1)


async def test_an_edit_updates_the_draft_and_publishing_comes_once(
    stand: Any, tmp_path: Path
) -> None:
    path = article(tmp_path / "a.md")
    for text in ("正文", "改过的正文"):
        article(path, text=text)
        done = await wxgate_process("publish", "a.md", "--json", *at_gate(stand))
        assert json.loads(done.stdout)[0]["state"] == "succeeded", done.output
    assert len(list(stand.sandbox.world.drafts)) == 1
    first = await wxgate_process("publish", "a.md", "--publish", "--json", *at_gate(stand))
    assert json.loads(first.stdout)[0]["result"]["mode"] == "published", first.output
    again = await wxgate_process("publish", "a.md", "--publish", "--json", *at_gate(stand))
    assert json.loads(again.stdout)[0]["state"] == "unchanged"
    (published,) = [one for _, _, one in stand.sandbox.world.publications]
    assert "改过的正文" in published.articles[0].content


async def test_a_draft_that_somebody_deleted_is_made_anew(stand: Any, tmp_path: Path) -> None:
    path = article(tmp_path / "a.md")
    first = await wxgate_process("publish", path, "--json", *at_gate(stand))
    media_id = json.loads(first.stdout)[0]["result"]["media_id"]
    await stand.http.post(
        "/cgi-bin/draft/delete", json={"media_id": media_id}, headers={"X-Wxgate-Account": "main"}
    )
    article(path, text="改过的正文")
    second = await wxgate_process("publish", path, "--json", *at_gate(stand))
    assert second.exit_code == 0, second.output
    assert json.loads(second.stdout)[0]["result"]["media_id"] != media_id
    assert len(list(stand.sandbox.world.drafts)) == 1

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.conftest import KEY, Stand

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "github-action"
ACTION = yaml.safe_load((EXAMPLES / "action.yml").read_text("utf-8"))
WORKFLOW = yaml.safe_load((EXAMPLES / "publish.yml").read_text("utf-8"))
TRUSTED = {"actions/checkout", "actions/setup-python", "actions/cache"}


async def run(script: str, where: Path, env: dict[str, str] | None = None) -> tuple[int, str]:
    """A shell step, as a runner runs it."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script),
        cwd=where,
        env={
            **{name: value for name, value in os.environ.items() if name != "GIT_DIR"},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(where.parent),
            "GITHUB_STEP_SUMMARY": str(where.parent / "summary.md"),
            **(env or {}),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        stdout, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, stdout.decode()


def step(name: str, **given: str) -> tuple[str, dict[str, str]]:
    """A step's script and environment, with its inputs filled in."""
    inputs = {key: str(said.get("default", "")) for key, said in ACTION["inputs"].items()}
    inputs.update({key.replace("_", "-"): value for key, value in given.items()})
    (found,) = [each for each in ACTION["runs"]["steps"] if each["name"] == name]

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda hit: inputs[hit[1]], text)

    assert "${{" not in found["run"]  # inputs never become part of a script
    return found["run"], {key: filled(text) for key, text in found.get("env", {}).items()}


async def repository(tmp_path: Path) -> Path:
    """A clone whose origin takes pushes."""
    clone = tmp_path / "clone"
    status, told = await run(
        "git init -q --bare -b main ../origin.git; git init -q -b main .; "
        "git remote add origin ../origin.git; mkdir -p 'posts/a b'; "
        "printf '# 一\\n\\n正文' > posts/1.md; printf '# 二\\n\\n正文' > 'posts/a b/2.md'; "
        "git add .; git -c user.name=x -c user.email=x@x commit -qm first; "
        "git push -q -u origin main",
        _made(clone),
    )
    assert status == 0, told
    return clone


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def test_the_steps_publish_a_repository_and_remember_it(stand: Stand, tmp_path: Path) -> None:
    clone = await repository(tmp_path)
    script, env = step("Publish", server=stand.url, key=KEY, account="main")
    status, told = await run(script, clone, env)
    assert status == 0, told
    assert len(stand.committed("draft")) == 2
    assert KEY not in told
    assert "posts/1.md: draft" in (tmp_path / "summary.md").read_text("utf-8")
    for _ in range(2):  # the second time there is nothing to commit
        status, told = await run(step("Remember")[0], clone)
        assert status == 0, told
    _, log = await run("git log --format=%s origin/main; git status --porcelain", clone)
    assert log.splitlines() == ["Remember the drafts [skip ci]", "first"]
    # A runner begins with nothing but what was pushed.
    fresh = tmp_path / "fresh"
    await run("git clone -q ../origin.git .", _made(fresh))
    status, told = await run(script, fresh, env)
    assert (status, told.count("unchanged (")) == (0, 2)
    assert len(stand.committed("draft")) == 2


async def test_a_failure_fails_the_step_and_a_dry_run_sends_nothing(
    stand: Stand, tmp_path: Path
) -> None:
    clone = await repository(tmp_path)
    (clone / "posts" / "1.md").write_text("# " + "题" * 33, "utf-8")
    given = {"server": stand.url, "key": KEY, "account": "main"}
    script, env = step("Publish", **given, dry_run="true", paths="posts/1.md\n\nposts/a b\n")
    status, told = await run(script, clone, env)
    assert (status, told.count("新增 new")) == (0, 2)
    assert stand.calls() == {}
    script, env = step("Publish", **given)
    status, told = await run(script, clone, env)
    assert status == 1
    assert "posts/1.md: failed" in told


def test_no_foreign_action_is_used_and_the_workflow_gives_what_is_asked_for() -> None:
    def uses(steps: list[dict[str, Any]]) -> set[str]:
        return {each["uses"].partition("@")[0] for each in steps if "uses" in each}

    (job,) = WORKFLOW["jobs"].values()
    assert uses(ACTION["runs"]["steps"]) <= TRUSTED
    assert uses(job["steps"]) <= {*TRUSTED, "./.github/actions/wxgate"}
    (given,) = [each["with"] for each in job["steps"] if "with" in each]
    required = {name for name, said in ACTION["inputs"].items() if said.get("required")}
    assert required <= set(given) <= set(ACTION["inputs"])

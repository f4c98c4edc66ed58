"""The documentation is whole: links, twins, and the parts that repeat the code."""

import re
import subprocess
import sys
import tomllib
from itertools import groupby

import pytest

from sandbox.faults import FaultKind
from sandbox.settings import SandboxSettings
from server.settings import Settings
from tests.docs.blocks import DOCS, ROOT, Block, Page, pages, twins
from tests.server.cli.test_help import COMMANDS

_GIVEN_BY_OPTIONS = {"accounts", "data_dir", "latency_s", "publish_s", "quotas"}
_COMMENT = re.compile(r"^\s*#.*\n", re.MULTILINE)
_FORBIDDEN = (
    # In halves, so that this file passes a search for them.
    *map("".join, [("/wo", "rk"), ("/ro", "ot"), ("py", "pi.org"), ("python", "hosted")]),
    *map("".join, [("npm", "js"), ("docker", ".io")]),
    *("TODO", "TBD", "FIXME"),
)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u2604\u2705\u274c]")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    for link in page.links:
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in Page(target).anchors, f"{page.name}: {link}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_no_page_names_what_does_not_belong_there(page: Page) -> None:
    assert [word for word in _FORBIDDEN if word in page.text] == []
    assert _EMOJI.findall(page.text) == []


def test_both_languages_have_the_same_pages() -> None:
    chinese = {path.name for path in (DOCS / "zh").iterdir()}
    assert chinese == {path.name for path in (DOCS / "en").iterdir()}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_in_the_index_and_the_readme(language: str) -> None:
    written = {path.name for path in (DOCS / language).iterdir()} - {"index.md"}
    assert written - set(Page(DOCS / language / "index.md").links) == set()
    readme = Page(ROOT / ("README.md" if language == "zh" else "README.en.md"))
    linked = {link.partition("#")[0] for link in readme.links}
    assert {f"docs/{language}/{name}" for name in written} - linked == set()


@pytest.mark.parametrize(("chinese", "english"), twins(), ids=lambda page: page.name)
def test_twins_have_the_same_outline_and_link_to_each_other(chinese: Page, english: Page) -> None:
    levels = [level for level, _ in chinese.headings]
    assert [level for level, _ in english.headings] == levels
    assert _leads_to(chinese, english)
    assert _leads_to(english, chinese)


@pytest.mark.parametrize(("chinese", "english"), twins(), ids=lambda page: page.name)
def test_twins_have_the_same_examples(chinese: Page, english: Page) -> None:
    assert [_essence(block) for block in english.blocks] == [
        _essence(block) for block in chinese.blocks
    ]


def test_generated_parts_are_up_to_date() -> None:
    command = [sys.executable, "scripts/generate_docs.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_table_of_the_configuration_is_described(language: str) -> None:
    text = (DOCS / language / "configuration.md").read_text("utf-8")
    described = set(re.findall(r"<!-- generated: settings (\w+) -->", text))
    assert described | {"limits"} == set(Settings.model_fields)
    assert "`[limits]`" in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_command_is_described(language: str) -> None:
    text = (DOCS / language / "cli.md").read_text("utf-8")
    described = re.findall(r"^## ([a-z-]+)$", text, re.MULTILINE)
    options = re.findall(r"<!-- generated: options (.+) -->", text)
    commands = [name for name, command in COMMANDS.items() if not hasattr(command, "commands")]
    assert sorted(described) == sorted({name.partition(" ")[0] for name in commands})
    assert sorted(options) == sorted(commands)
    assert [
        name for name, _ in groupby(option.partition(" ")[0] for option in options)
    ] == described


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_switch_and_fault_of_the_sandbox_is_described(language: str) -> None:
    text = (DOCS / language / "sandbox.md").read_text("utf-8")
    for name, field in SandboxSettings.model_fields.items():
        if name not in _GIVEN_BY_OPTIONS:
            assert f"| `{name}` | `{field.default}` |" in text
    for kind in FaultKind.__args__:  # type: ignore[attr-defined]
        assert f"`{kind}`" in text


def test_every_category_of_errors_has_its_table() -> None:
    from core.errors import Category

    text = (DOCS / "zh" / "errors.md").read_text("utf-8")
    described = re.findall(r"<!-- generated: errors (\w+) -->", text)
    assert sorted(described) == sorted(Category.__args__)  # type: ignore[attr-defined]


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    text = (DOCS / "dependencies.md").read_text("utf-8")
    runtime, extras, development = (
        re.findall(r"^\| (?!package )([a-z][a-z0-9-]*) \| \S", part, re.MULTILINE)
        for part in text.split("\n## ")[1:]
    )
    assert runtime == _names(project["project"]["dependencies"])
    assert development == _names(project["dependency-groups"]["dev"])
    optional = project["project"]["optional-dependencies"].values()
    assert sorted(extras) == sorted({name for extra in optional for name in _names(extra)})


def test_every_decision_is_listed() -> None:
    index = Page(DOCS / "adr" / "README.md")
    written = {path.name for path in index.path.parent.glob("[0-9]*.md")}
    assert set(index.links) == written


def _names(requirements: list[str]) -> list[str]:
    return sorted(re.split(r"[\[<>=!;~ ]", one, maxsplit=1)[0] for one in requirements)


def _leads_to(page: Page, other: Page) -> bool:
    return any((page.path.parent / link).resolve() == other.path for link in page.links)


def _essence(block: Block) -> tuple[str, str, str]:
    """A block without what may be said in either language."""
    info = "no-test" if block.info.startswith("no-test") else block.info
    if block.language == "text":  # what a command prints, in the reader's language
        return block.language, info, ""
    text = block.text if block.language == "markdown" else _COMMENT.sub("", block.text)
    return block.language, info, text

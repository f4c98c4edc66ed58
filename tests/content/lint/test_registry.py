import re
from typing import Any

import pytest

from content.lint.registry import CHECKS
from content.lint.rule import Rule
from tests.content.conftest import Render, request
from tests.content.lint.conftest import Lint

RULES = [rule for check in CHECKS for rule in check.rules]
_MARK = re.compile(r"\{\w+\}")


def test_a_rules_id_is_its_own() -> None:
    ids = [(rule.id, rule.level) for rule in RULES]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]+", rule.id) for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.id}-{rule.level}")
def test_a_rule_says_in_both_languages_what_is_wrong_and_what_to_do(rule: Rule) -> None:
    assert all((*rule.message, *rule.fix, rule.source))
    assert re.search("[\u4e00-\u9fff]", rule.message.zh)
    assert not re.search("[\u4e00-\u9fff]", rule.message.en + rule.fix.en)


def test_errors_come_first_then_by_line(findings: Any) -> None:
    told = findings("##a\n\n[a](b)\n\n![](file:///x)\n\n![](c.png)")
    levels = [each["level"] for each in told]
    assert levels == sorted(levels, key=["error", "warning", "info"].index)
    lines = [each["position"][0] for each in told if each["level"] == "warning"]
    assert lines == sorted(lines)


def test_no_text_is_left_unfilled(findings: Any) -> None:
    texts = [
        text
        for given in (
            {"markdown": "##a\n\n[a](b) [c](https://c.com) ![](x y.png)![](a.tiff)\n\n```\nx"},
            {"html": "<font style='cursor:help;color:var(--x)' onx=1><svg><defs></svg><img>"},
            {"markdown": "---\na: [\n---\nx"},
            {"markdown": "x" * 20_001, "theme": "no", "cover": "A"},
        )
        for finding in findings(**given)
        for text in (*finding["message"], *finding["fix"])
    ]
    assert len(texts) > 40
    assert not [text for text in texts if _MARK.search(text)]


def test_of_one_rule_at_most_twenty_are_told(findings: Any) -> None:
    told = findings("[a](b)\n\n" * 100)
    assert len([each for each in told if each["rule"] == "link_relative"]) == 20


def test_a_refusal_of_a_step_stops_no_other_check(lint: Lint) -> None:
    told = lint("[a](#b)", theme="no", author="字" * 20)
    assert {"theme_unknown", "draft_author_too_long", "link_anchor"} <= set(told)


def test_what_a_step_warns_of_is_a_finding(lint: Lint) -> None:
    told = lint(html=f"<style>{'p{color:red}' * 3_000}</style><p>x</p>")
    assert told["styles_too_large"]["level"] == "warning"
    assert told["styles_too_large"]["fix"][0]


def test_a_rendering_warns_of_what_is_worth_it_with_its_line(render: Render) -> None:
    warnings = {each["code"]: each for each in render("x\n\n[a](b) [c](https://c.com)")["warnings"]}
    assert set(warnings) == {"link_relative"}
    assert warnings["link_relative"]["message"][1].startswith("line 3: ")


@pytest.mark.parametrize(
    "text", ["[" * 30_000, "![a](" * 6_000, "![a](b c " * 7_000, "##x\n" * 16_000, "- " * 30_000]
)
async def test_runs_of_marks_are_linted_within_the_time_of_a_worker(pool: Any, text: str) -> None:
    answer = await pool.run("render", {**request(text, title="t"), "lint": True, "files": None})
    assert "findings" in answer.result


def test_a_text_that_was_never_rendered_is_not_called_empty(findings: Any) -> None:
    text = "---\ntitle: a\ncode_theme: nosuch\n---\n正文"
    rules = [each["rule"] for each in findings(text)]
    assert "code_theme_unknown" in rules
    assert "draft_content_empty" not in rules
    assert "draft_content_empty" in [each["rule"] for each in findings("---\ntitle: a\n---\n")]

from tests.content.lint.conftest import Lint


def test_levels_of_headings_that_are_left_out_are_noted(lint: Lint) -> None:
    told = lint("# a\n\n## b\n\n#### c\n\n## d\n")["heading_skips"]
    assert (told["message"][1], told["position"]) == ("a heading goes from h2 to h4", (5, None))
    assert "heading_skips" not in lint("## a\n\n### b\n\n## c")


def test_lists_deeper_than_wechat_shows_them_are_told(lint: Lint) -> None:
    assert lint("- a\n  - b\n    1. c\n")["list_too_deep"]["position"] == (3, None)
    assert "list_too_deep" in lint(html="<ul><li><ul><li><ul></ul></ul></ul>")
    assert "list_too_deep" not in lint("- a\n  - b\n- c\n  - d\n")


def test_wide_tables_are_noted(lint: Lint) -> None:
    wide = "|" + "a|" * 7 + "\n|" + "-|" * 7 + "\n"
    assert "7 columns" in lint(wide)["table_wide"]["message"][1]
    narrow = "|a|b|\n|-|-|\n|1|2|\n\n"
    assert "table_wide" not in lint(narrow * 4)
    assert "table_wide" in lint(html="<table><tr><td>" + "<td>" * 6 + "</table><table></table>")


def test_long_lines_of_code_are_noted(lint: Lint) -> None:
    assert "101 characters" in lint("```\n" + "x" * 101 + "\n```")["code_line_long"]["message"][1]
    assert "code_line_long" not in lint("```\n" + "x\n" * 101 + "```")

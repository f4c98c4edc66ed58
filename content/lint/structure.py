from collections.abc import Iterator

from content.lint.elements import Element
from content.lint.page import Page
from content.lint.rule import Finding, Rule
from core.errors import Text

_LIST_DEPTH = 2
_COLUMNS = 6  # ours: what a phone of 375 px shows without scrolling
_CODE_CHARS = 100  # ours

HEADING_SKIPS = Rule(
    "heading_skips",
    "info",
    Text("标题从 h{before} 跳到 h{level}", "a heading goes from h{before} to h{level}"),
    Text("一级一级地用标题", "go down one level at a time"),
    "W3C, WCAG 2.2, technique G141",
)
LIST_TOO_DEEP = Rule(
    "list_too_deep",
    "warning",
    Text("列表套了 {depth} 层，微信里只有 2 层可靠", "a list {depth} levels deep: 2 are safe"),
    Text("拆成小标题加列表", "use a heading and a list of its own"),
    "doocs/md, wenyan: nested lists show extra bullets, at most 2 levels",
)
TABLE_WIDE = Rule(
    "table_wide",
    "info",
    Text(
        "表格有 {count} 列，手机上要左右滑动", "a table of {count} columns: phones have to scroll"
    ),
    Text("减少列数，或拆成两张表", "use fewer columns, or two tables"),
    "ours: 375 px of a phone",
)
CODE_LONG = Rule(
    "code_line_long",
    "info",
    Text("代码最长一行有 {count} 字符，手机上要左右滑动", "code has a line of {count} characters"),
    Text("断开长行，或打开 code_wrap", "break the line, or turn code_wrap on"),
    "ours: 375 px of a phone",
)


def check_headings(page: Page) -> Iterator[Finding]:
    """Levels that are left out."""
    before = 0
    for heading in page.elements:
        if len(heading.tag) != 2 or heading.tag[0] != "h" or heading.tag[1] not in "123456":
            continue
        level = int(heading.tag[1])
        if before and level > before + 1:
            yield HEADING_SKIPS.at(heading.position, before=before, level=level)
        before = level


def check_lists(page: Page) -> Iterator[Finding]:
    """Lists within lists within lists."""
    for element in page.elements:
        if element.list_depth > _LIST_DEPTH:
            yield LIST_TOO_DEEP.at(element.position, depth=element.list_depth)


def check_tables(page: Page) -> Iterator[Finding]:
    """Tables that no phone shows at once."""
    for table, columns in _tables(page.elements):
        if columns > _COLUMNS:
            yield TABLE_WIDE.at(table.position, count=columns)


def check_code(page: Page) -> Iterator[Finding]:
    """Lines of code that no phone shows at once."""
    for code in page.elements:
        longest = max(map(len, code.text.split("\n")))
        if longest > _CODE_CHARS:
            yield CODE_LONG.at(code.position, count=longest)


def _tables(elements: list[Element]) -> Iterator[tuple[Element, int]]:
    """Each table with the cells of its longest row."""
    table: Element | None = None
    row = longest = 0
    for element in elements:
        if element.tag == "table":
            if table is not None:
                yield table, longest
            table, row, longest = element, 0, 0
        elif element.tag == "tr":
            row = 0
        elif element.tag in ("td", "th"):
            row += 1
            longest = max(longest, row)
    if table is not None:
        yield table, longest

"""The table of faults and threats: which hold, and which test says so.

docs/faults/<letter>_<name>.tsv, a row a case, tab-separated and without a heading: number, holds
(yes, partly, no), what happens here in Chinese and in English, the tests as `file::function`,
separated by spaces; a file is relative to tests/faults/ or to tests/.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

ROOT = Path(__file__).parent.parent
TABLES = ROOT / "docs" / "faults"
TESTS = ROOT / "tests"
_COLUMNS = 5

Holds = Literal["yes", "partly", "no"]


@dataclass(frozen=True)
class Section:
    """One kind of fault; its cases are numbered without a gap."""

    letter: str
    zh: str
    en: str
    first: int
    last: int

    @property
    def numbers(self) -> range:
        """The numbers of its cases."""
        return range(self.first, self.last + 1)


SECTIONS = (
    Section("A", "认证、签名、重放", "authentication, signing, replay", 1, 22),
    Section("B", "SSRF 与代为下载图片", "SSRF and downloading pictures for callers", 23, 47),
    Section("C", "图片", "pictures", 48, 63),
    Section("D", "代理与 HTTP", "proxy and HTTP", 64, 82),
    Section("E", "token 与缓存", "tokens and caches", 83, 99),
    Section("F", "微信一侧的故障", "faults of WeChat's side", 100, 118),
    Section("G", "Redis 故障", "faults of Redis", 119, 134),
    Section("H", "数据库、任务与定时", "database, jobs, schedules", 135, 154),
    Section("J", "密钥与日志", "secrets and logs", 167, 175),
    Section("K", "过载与生命周期", "overload and life cycle", 176, 186),
    Section("L", "坏输入、Markdown 与 HTML", "bad input, Markdown and HTML", 187, 200),
)


@dataclass(frozen=True)
class FaultRow:
    """What happens here in one case."""

    number: int
    holds: Holds
    zh: str
    en: str
    tests: tuple[str, ...]
    where: str  # file and line, for complaints

    def files(self) -> Iterator[tuple[Path, str]]:
        """(file, function) of each test; the file may not exist."""
        for test in self.tests:
            name, _, function = test.partition("::")
            among_faults = TESTS / "faults" / name
            yield (among_faults if among_faults.exists() else TESTS / name), function


def read_rows() -> list[FaultRow]:
    """The rows of all tables by number. Raises ValueError, naming the line, for a bad one."""
    return sorted(_rows(), key=lambda row: row.number)


def _rows() -> Iterator[FaultRow]:
    for path in sorted(TABLES.glob("*.tsv")):
        for at, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if line:
                yield _row(line, f"{path.name}:{at}")


def _row(line: str, where: str) -> FaultRow:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) != _COLUMNS or not re.fullmatch("[0-9]{1,3}", cells[0]):
        raise ValueError(f"{where}: wanted number, holds, zh, en, tests, each after a tab")
    number, holds, zh, en, tests = cells
    if holds not in get_args(Holds):
        raise ValueError(f"{where}: holds is yes, partly or no")
    return FaultRow(int(number), cast("Holds", holds), zh, en, tuple(tests.split()), where)

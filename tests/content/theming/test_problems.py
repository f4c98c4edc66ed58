import re
from pathlib import Path

from content.theming import selectors, sheet
from content.theming.problems import PROBLEMS


def test_each_problem_that_is_raised_is_explained() -> None:
    source = "".join(Path(module.__file__ or "").read_text() for module in (sheet, selectors))
    raised = set(re.findall(r'(?:SelectorLost\(|problem\(\w+, |Problem\(1, 1, )"(\w+)"', source))
    assert raised == set(PROBLEMS)

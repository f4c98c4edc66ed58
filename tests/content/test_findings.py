from content.findings import LintFinding, LintReport, Mending, mended, report_of
from core.errors import Text

TOLD = {
    "rule": "r",
    "level": "warning",
    "message": ["消息", "message"],
    "fix": ["改", "mend"],
    "field": None,
    "position": [3, None],
    "mendable": True,
    "edit": [0, 1, "x"],
}


def _report(*edits: tuple[int, int, str]) -> LintReport:
    finding = report_of({"findings": [TOLD], "stats": {}}).findings[0]
    values = {name: getattr(finding, name) for name in LintFinding.__slots__}
    made = [LintFinding(**{**values, "edit": Mending(*edit)}) for edit in edits]
    return LintReport(tuple(made), {})


def test_a_workers_answer_becomes_our_types() -> None:
    report = report_of({"findings": [TOLD], "stats": {"characters": 1}})
    finding = report.findings[0]
    assert finding.message == Text("消息", "message")
    assert (finding.position, finding.edit) == ((3, None), (0, 1, "x"))
    assert report.ok
    assert not report_of({"findings": [{**TOLD, "level": "error"}], "stats": {}}).ok


def test_every_edit_is_made_and_of_two_that_overlap_the_first() -> None:
    report = _report((4, 5, "五"), (0, 2, "一二"), (1, 3, "never"), (6, 6, "!"))
    assert mended("012345", report) == "一二23五5!"


def test_two_findings_of_one_place_mend_it_once() -> None:
    assert mended("ab", _report((0, 1, "x"), (0, 1, "x"))) == "xb"

import asyncio
from collections.abc import AsyncIterator

from core.errors import Text
from handlers.doctor import DoctorAnswer
from server.checkup import Checkup
from server.findings import Finding, fail, ok, warn

WELL = ok("a", "好", "well")
SO_SO = warn("b", Text("一般", "so so"), Text("修", "mend"))
BAD = fail("c", Text("坏", "bad"), Text("修", "mend"))


class Examiner:
    """A Doctor that finds what it is told to, and may never come to an end."""

    def __init__(self, *findings: Finding, endless: bool = False) -> None:
        self.findings = findings
        self.endless = endless
        self.times = 0
        self.at_once = 0

    async def examine(self) -> AsyncIterator[Finding]:
        self.times += 1
        self.at_once += 1
        assert self.at_once == 1
        for finding in self.findings:
            await asyncio.sleep(0)
            yield finding
        if self.endless:
            await asyncio.Event().wait()
        self.at_once -= 1


def checkup(examiner: Examiner, now: list[float], *, deadline_s: float = 20) -> Checkup:
    return Checkup(
        examiner,  # type: ignore[arg-type]
        lambda: ok("configuration", "一致", "the same"),
        trusts_proxies=False,
        deadline_s=deadline_s,
        clock=lambda: now[0],
    )


async def test_many_at_once_make_one_examination_which_is_kept_5_s() -> None:
    examiner, now = Examiner(WELL, SO_SO), [1_790_000_000.0]
    checks = checkup(examiner, now)
    reports = await asyncio.gather(*(checks.report(forwarded_by=None) for _ in range(20)))
    assert examiner.times == 1
    assert all(report == reports[0] for report in reports)
    DoctorAnswer.model_validate(reports[0])
    now[0] += 4.9
    await checks.report(forwarded_by=None)
    assert examiner.times == 1
    now[0] += 0.2
    await checks.report(forwarded_by=None)
    assert examiner.times == 2


async def test_an_examination_that_does_not_end_is_cut_off_with_what_was_found() -> None:
    checks = checkup(Examiner(WELL, endless=True), [1_790_000_000.0], deadline_s=0.05)
    report = await checks.report(forwarded_by=None)
    assert report["status"] == "fail"
    assert [finding["name"] for finding in report["findings"]] == ["configuration", "a", "deadline"]


async def test_a_request_that_came_through_an_unnamed_proxy_is_told() -> None:
    checks = checkup(Examiner(WELL), [1_790_000_000.0])
    report = await checks.report(forwarded_by="10.0.0.7")
    assert report["status"] == "warn"
    assert "10.0.0.7" in report["findings"][-1]["fix"]["en"]
    assert len((await checks.report(forwarded_by=None))["findings"]) == 2

import asyncio
import resource

from server.loop import run


def test_work_runs_to_its_result_and_a_crash_would_leave_no_core_file() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return resource.getrlimit(resource.RLIMIT_CORE)[0]

    assert run(work()) == 0

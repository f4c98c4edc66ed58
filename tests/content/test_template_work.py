import asyncio

import pytest

from content.refusals import FrontMatterInvalid, RenderingBusy
from content.template_work import TemplateWork
from content.workers import WorkerLimits, WorkerPool
from templates.errors import TemplateFailed, TemplateInvalid


def request(text: str) -> dict[str, object]:
    about = {"kind": "article", "entry": "t", "values": {}, "types": {}, "at": 0.0, "account": ""}
    return {**about, "texts": {"t": text}}


async def test_a_template_is_filled_in_read_and_compared_in_a_process(pool: WorkerPool) -> None:
    work = TemplateWork(pool)
    assert await work.fill(request("a{{ 1 + 1 }}")) == "a2"
    assert (await work.inspect("t", "{{ a }}"))["reads"] == {"a": 1}
    assert (await work.diff("t", "a", "b"))["hunks"]


async def test_refusals_arrive_with_their_place(pool: WorkerPool) -> None:
    work = TemplateWork(pool)
    with pytest.raises(TemplateFailed) as failed:
        await work.fill(request("\n{{ x }}"))
    assert failed.value.describe("zh", "r")["message"].startswith(
        "模板 t 第 2 行填充失败：没有定义"
    )
    with pytest.raises(TemplateInvalid):
        await work.inspect("t", "{% if %}")
    with pytest.raises(FrontMatterInvalid):
        await work.fill(request("---\na: *b\n---\n"))


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' | replace('a', 'b' * 5) }}{{ range(99) | sum(start=[]) }}",
        "{% for a in range(999) %}" * 3 + "{% endfor %}" * 3,
        "{{ 'x' ~ 'y' * 1000000000 }}",
    ],
)
async def test_what_is_too_much_is_refused_and_the_next_one_served(
    pool: WorkerPool, text: str
) -> None:
    work = TemplateWork(pool)
    with pytest.raises(TemplateFailed):
        await work.fill(request(text))
    assert await work.fill(request("ok")) == "ok"


async def test_a_process_that_is_ended_for_its_time_is_a_failure_too() -> None:
    pool = WorkerPool(WorkerLimits(render_cpu_s=0.2), size=1)
    try:
        lines = [f"{n % 1_999}" for n in range(40_000)]
        with pytest.raises(TemplateFailed, match="too much time"):
            await TemplateWork(pool).diff("t", "\n".join(lines), "\n".join(lines[::-1]))
    finally:
        await pool.aclose()


async def test_a_crowd_is_told_to_come_again(pool: WorkerPool) -> None:
    work = TemplateWork(pool)
    answers = await asyncio.gather(
        *(work.fill(request("a")) for _ in range(60)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {str, RenderingBusy}

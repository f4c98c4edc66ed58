from content.fields import ArticleFields
from content.workers import WorkerLimits, WorkerPool
from server.templating import make_templating
from store.engine import Database


async def test_a_built_in_template_is_filled_in(database: Database) -> None:
    workers = WorkerPool(WorkerLimits(), size=1)
    try:
        templating = make_templating(database, workers)
        variables = {"festival": "中秋", "message": "安", "sender": "编辑部"}
        filled = await templating.filler.filled(
            ArticleFields(template="season-greetings", variables=variables)
        )
    finally:
        await workers.aclose()
    assert filled.markdown is not None
    assert 'title: "中秋快乐"' in filled.markdown

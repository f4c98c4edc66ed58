from typing import Any

from content.fields import DraftFields
from jobs.submission import Submission
from store import jobs as job_rows
from store.jobs import JobRow
from tests.jobs.office import Office
from tests.store.templates import add


async def _taken_in(office: Office, fields: dict[str, Any], **more: Any) -> JobRow:
    submission = Submission(
        client_id="blog", account="main", fields=DraftFields.model_validate(fields), **more
    )
    made = await office.jobs.submit(submission)
    async with office.database.read() as connection:
        row = await job_rows.get(connection, made.id)
    assert row is not None
    return row


async def test_a_job_keeps_the_versions_of_its_templates_at_its_intake(office: Office) -> None:
    await add(office.database, "page", uses=["foot"])
    await add(office.database, "foot", number=1)
    await add(office.database, "foot", number=2)
    row = await _taken_in(office, {"articles": [{"template": "page"}, {"template": "foot@1"}]})
    assert row.payload["templates"] == {"page": 1, "foot": 2}


async def test_the_same_request_is_the_same_after_the_template_has_changed(office: Office) -> None:
    await add(office.database, "page")
    first = await _taken_in(office, {"template": "page"}, idempotency_key="k")
    await add(office.database, "page", number=2)
    again = await _taken_in(office, {"template": "page"}, idempotency_key="k")
    assert again.id == first.id
    assert (await _taken_in(office, {"template": "page"})).payload["templates"] == {"page": 2}


async def test_jobs_without_templates_and_with_lost_ones_are_left_as_they_are(
    office: Office,
) -> None:
    for fields in ({"markdown": "a"}, {"template": "gone"}):
        assert "templates" not in (await _taken_in(office, fields)).payload

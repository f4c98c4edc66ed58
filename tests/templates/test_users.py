from typing import Any

import pytest

from store.engine import Database
from store.tables import schedule
from templates.users import users_of
from tests.store.templates import add


async def _schedule(database: Database, name: str, fields: dict[str, Any]) -> None:
    async with database.write() as connection:
        await connection.execute(
            schedule.insert().values(
                id=f"sch_{name}", account="main", client_id="blog", name=name, state="active",
                work={"kind": "article", "payload": {"fields": fields}}, timezone="Asia/Shanghai",
                if_late="skip", max_late_s=0.0, version=1, created_at=0.0, updated_at=0.0,
            )
        )  # fmt: skip


@pytest.mark.parametrize(
    "fields", [{"template": "foot@2"}, {"articles": [{}, {"template": "foot"}]}]
)
async def test_schedules_and_templates_need_a_template(
    database: Database, fields: dict[str, Any]
) -> None:
    await add(database, "foot", uses=[])
    await add(database, "page", uses=["foot"])
    await _schedule(database, "friday", fields)
    await _schedule(database, "other", {"template": "footer", "markdown": "x"})
    async with database.read() as connection:
        assert await users_of(connection, "foot") == ["schedule friday", "template page"]
        assert await users_of(connection, "page") == []

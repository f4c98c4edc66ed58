from typing import Any

import pytest

from store import schedules
from store.engine import Database
from templates.users import users_of
from tests.store.templates import add
from tests.store.test_schedules import row


async def _schedule(database: Database, name: str, fields: dict[str, Any]) -> None:
    work = {"kind": "article", "action": "draft", "fields": fields}
    async with database.write() as connection:
        await schedules.insert(connection, row(f"sch_{name}", name=name, work=work))


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

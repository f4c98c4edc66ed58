from collections.abc import Mapping

import pytest

from tests.e2e.conftest import Opens


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_comes_to_a_closed_door_is_told_what_opens_it(
    open_stand: Opens, method: str
) -> None:
    async with open_stand() as stand:
        for path in ("/mcp", "/wenyan/health"):
            answer = await stand.http.request(method, path)
            said: Mapping[str, str] = answer.json()["error"]
            assert (answer.status_code, said["code"]) == (404, "door_closed")
            assert f"[{path.split('/')[1]}]" in said["hint"]
            assert "enabled = true" in said["hint"]

from tests.e2e.conftest import Stand


async def test_it_is_described_where_it_is_switched_on(gate: Stand) -> None:
    described = (await gate.http.get("/openapi.json")).json()
    assert "post" in described["paths"]["/mcp"]

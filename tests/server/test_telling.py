from typing import Any

from tests.e2e.conftest import Opens


async def test_a_gateway_tells_a_webhook_of_its_own(open_stand: Opens) -> None:
    async with open_stand() as stand:
        url = f"{stand.sandbox.url}/sandbox/faults"  # takes POSTs, and answers them with a 422
        made = (await stand.http.post("/v1/webhooks", json={"url": url})).json()
        where = f"/v1/webhooks/{made['id']}"
        sent = (await stand.http.post(f"{where}/test")).json()
        tried: dict[str, Any] = sent
        while not tried["attempts"] or not tried["error"]:
            (tried,) = (await stand.http.get(f"{where}/deliveries")).json()["items"]
        assert (tried["id"], tried["error"]) == (sent["id"], "HTTP 422")

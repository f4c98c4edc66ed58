import base64
import json
from pathlib import Path
from typing import Any

import pytest
from wxgate_client.blocking import Gateway
from wxgate_client.errors import Refused
from wxgate_client.gateway import AsyncGateway
from wxgate_client.signing import signed_headers

from tests.e2e.conftest import KEY

ROOT = Path(__file__).parent.parent.parent.parent
VECTORS = json.loads((ROOT / "examples" / "signing" / "vectors.json").read_text("utf-8"))["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_is_signed_as_the_gateway_signs_it(vector: dict[str, Any]) -> None:
    request = vector["request"]
    body = request["body_base64"]
    signed = signed_headers(
        (request["method"], request["url"]),
        request["headers"],
        None if body is None else base64.b64decode(body),
        vector["key"],
        *(vector["created"], vector["nonce"]),
    )
    assert signed == vector["added_headers"]


async def test_the_gateway_takes_signed_requests(stand: Any) -> None:
    async with AsyncGateway(stand.url, KEY, sign=True) as gate:
        rendered = await gate.request("POST", "/v1/render?from=客户端", json={"markdown": "你好"})
        assert "你好" in rendered["html"]
        job = await gate.request(
            "POST", "/v1/accounts/main/articles", json={"markdown": "# a\n\nb"}
        )
        told = [seen async for seen in gate.follow(job)]
        assert told[-1]["state"] == "succeeded"


async def test_a_wrong_key_signs_in_vain(stand: Any) -> None:
    async with AsyncGateway(stand.url, KEY[:-1] + "x", sign=True) as gate:
        with pytest.raises(Refused) as caught:
            await gate.request("GET", "/v1/themes")
    assert caught.value.status == 401


def test_a_key_of_another_form_names_nobody() -> None:
    headers = signed_headers(("GET", "/"), {}, None, "nonsense", 1, "n")
    assert 'keyid=""' in headers["Signature-Input"]
    Gateway("http://gate", "nonsense", sign=True).__exit__(None, None, None)

"""wechatpy, unmodified, with pictures that WeChat refuses: its client's setting sees to them."""

import asyncio
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from sandbox.settings import VERIFIED
from tests.compat.installing import Installer
from tests.e2e.conftest import KEY, Opens, Stand

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # the first run installs it

_ANSWER_S = 60
# argv: where the API is, AppID, secret, a webp, the address of a picture.
_PROGRAM = """
import json, sys
from wechatpy import WeChatClient

base, app_id, secret, webp, picture = sys.argv[1:]

class Client(WeChatClient):
    API_BASE_URL = base + "/cgi-bin/"

    def fetch_access_token(self):
        params = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
        return self._fetch_access_token(base + "/cgi-bin/token", params)

client = Client(app_id, secret)
with open(webp, "rb") as file:
    cover = client.material.add("image", file)["media_id"]
article = {
    "title": "第一篇",
    "content": f'<html><body><p>正文</p><img src="{picture}"></body></html>',
    "thumb_media_id": cover,
}
print(json.dumps(client.draft.add([article])))
"""


def _base_url(stand: Stand) -> tuple[str, str, dict[str, str]]:
    return stand.url, KEY, {}


def _forward_proxy(stand: Stand) -> tuple[str, str, dict[str, str]]:
    proxy = f"http://blog:{KEY}@127.0.0.1:{stand.forward_port}"
    trust = str(stand.data_dir / "ca" / "ca.pem")
    made_up = "0123456789abcdef0123456789abcdef"  # the tool does not know the real one
    environment = {"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": trust}
    return "https://api.weixin.qq.com", made_up, environment


@pytest.mark.parametrize("wired", [_base_url, _forward_proxy], ids=["base URL", "forward proxy"])
async def test_webp_and_foreign_pictures_of_wechatpy_arrive(
    open_stand: Opens,
    installer: Installer,
    tmp_path: Path,
    wired: Callable[[Stand], tuple[str, str, dict[str, str]]],
) -> None:
    python = await asyncio.to_thread(installer.python_with, "wechatpy[cryptography]==2.0.0a26")
    webp = tmp_path / "cover.webp"
    out = BytesIO()
    Image.new("RGB", (90, 60), "teal").save(out, "WEBP")
    webp.write_bytes(out.getvalue())
    client = {
        "id": "blog",
        "key": KEY,
        "accounts": ["main"],
        "scopes": ["draft", "material", "relay:read"],
    }
    change = {
        "clients": [{**client, "enhance": ["images", "lint"]}],
        "forward": {"listen": "127.0.0.1:1", "mode": "inspect"},
    }
    async with open_stand(change) as stand:
        base, secret, environment = wired(stand)
        picture = f"{stand.sandbox.url}/sample/flow.png"
        own = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        process = await asyncio.create_subprocess_exec(
            *(python, "-c", _PROGRAM, base, VERIFIED.app_id, secret, webp, picture),
            env={**own, **environment},
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(_ANSWER_S):
            told, _ = await process.communicate()
        assert process.returncode == 0
        kept = await stand.http.post("/cgi-bin/draft/get", content=told)
    content = kept.json()["news_item"][0]["content"]
    assert "mmbiz.qpic.cn/" in content
    assert picture not in content
    assert "<html" not in content

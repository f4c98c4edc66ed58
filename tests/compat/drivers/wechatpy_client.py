"""wechatpy, run inside of an environment of its own; commands and answers as in curl.sh."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from wechatpy import WeChatClient

GATE_URL = os.environ.get("GATE_URL", "")


class GateClient(WeChatClient):  # type: ignore[misc]
    """As `wxgate snippets wechatpy` prints it."""

    API_BASE_URL = f"{GATE_URL}/cgi-bin/"

    def fetch_access_token(self) -> Any:
        params = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
        return self._fetch_access_token(f"{self.API_BASE_URL}token", params)


def new_client() -> WeChatClient:
    """One that has no token yet; as it is where it is not told of the gateway."""
    return (GateClient if GATE_URL else WeChatClient)(os.environ["APP_ID"], os.environ["KEY"])


def main() -> None:
    """Answer each command of stdin."""
    client = new_client()
    made: dict[str, Any] = {}
    for line in sys.stdin:
        command = line.strip()
        try:
            answer = done(client, command, made)
        except Exception as exc:  # noqa: BLE001 (what the tool shows is the answer)
            answer = {"error": str(exc)}
        print(json.dumps(answer), flush=True)


def done(client: WeChatClient, command: str, made: dict[str, Any]) -> dict[str, Any]:
    """What became of a command; `made` is what those before it made."""
    if command == "token":
        return {"access_token": client.access_token}
    if command == "cold":
        with ThreadPoolExecutor(20) as pool:
            return {"tokens": list(pool.map(lambda _: new_client().access_token, range(20)))}
    if command == "upload":
        with Path(os.environ["PICTURE"]).open("rb") as picture:
            made["cover"] = client.material.add("image", picture)["media_id"]
        return {"media_id": made["cover"]}
    if command == "draft":
        article = {
            "title": "兼容测试",
            "content": "<p>你好</p>",
            "thumb_media_id": made["cover"],
        }
        # 1.8 is older than the draft box: its users call the path themselves.
        answer = (
            client.draft.add([article])
            if hasattr(client, "draft")
            else client.post("draft/add", data={"articles": [article]})
        )
        made["draft"] = answer["media_id"]
        return {"media_id": made["draft"]}
    answer = client.post("freepublish/submit", data={"media_id": made["draft"]})
    return {"publish_id": answer["publish_id"]}


main()

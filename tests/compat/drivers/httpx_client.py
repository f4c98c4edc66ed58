"""httpx as a script of one's own has it; commands and answers as in curl.sh."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

BASE = os.environ.get("GATE_URL", "https://api.weixin.qq.com")


class Refused(Exception):
    """What such scripts raise."""


class Caller:
    """Knows WeChat's address, an AppID and what it takes for the AppSecret."""

    def __init__(self) -> None:
        self.http = httpx.Client(base_url=BASE, timeout=30)
        self.token = ""

    def fetch_token(self) -> str:
        """A token of the stable kind."""
        fields = {
            "grant_type": "client_credential",
            "appid": os.environ["APP_ID"],
            "secret": os.environ["KEY"],
        }
        answer = _checked(self.http.post("/cgi-bin/stable_token", json=fields))
        self.token = str(answer["access_token"])
        return self.token

    def post(self, path: str, **options: Any) -> dict[str, Any]:
        """What WeChat answers."""
        params = {**options.pop("params", {}), "access_token": self.token or self.fetch_token()}
        return _checked(self.http.post(path, params=params, **options))


def _checked(answer: httpx.Response) -> dict[str, Any]:
    told: dict[str, Any] = answer.raise_for_status().json()
    if told.get("errcode"):
        raise Refused(f"{told['errcode']} {told['errmsg']}")
    return told


def main() -> None:
    """Answer each command of stdin."""
    caller = Caller()
    made: dict[str, str] = {}
    for line in sys.stdin:
        try:
            answer = _done(caller, line.strip(), made)
        except Exception as exc:  # noqa: BLE001 (what the tool shows is the answer)
            answer = {"error": str(exc)}
        print(json.dumps(answer), flush=True)


def _done(caller: Caller, command: str, made: dict[str, str]) -> dict[str, Any]:
    if command == "token":
        return {"access_token": caller.fetch_token()}
    if command == "cold":
        with ThreadPoolExecutor(20) as pool:
            return {"tokens": list(pool.map(lambda _: Caller().fetch_token(), range(20)))}
    if command == "upload":
        files = {"media": ("picture.png", Path(os.environ["PICTURE"]).read_bytes(), "image/png")}
        kind = {"type": "image"}
        answer = caller.post("/cgi-bin/material/add_material", params=kind, files=files)
        made["cover"] = answer["media_id"]
        return answer
    if command == "draft":
        article = {
            "title": "兼容测试",
            "content": "<p>你好</p>",
            "thumb_media_id": made["cover"],
        }
        answer = caller.post("/cgi-bin/draft/add", json={"articles": [article]})
        made["draft"] = answer["media_id"]
        return answer
    return caller.post("/cgi-bin/freepublish/submit", json={"media_id": made["draft"]})


main()

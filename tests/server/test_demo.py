from pathlib import Path
from typing import Any

import pytest

from server.data_dir import DataDirUnusable
from server.demo import Demo, Published, _free_port, _kept_key, run_demo
from server.doors import listen_on


def ended(account: str, mode: str, calls: dict[str, int]) -> Published:
    state = "succeeded" if mode else "failed"
    result: dict[str, Any] = {"mode": mode, "media_id": f"m-{account}", "url": f"/{account}"}
    return Published(account, {"state": state, "result": result if mode else None}, calls)


def shown(verified: Published, personal: Published) -> Demo:
    return Demo("http://gate", "http://sandbox", "wxg_demo_x", verified, personal)


def test_json_adds_up_the_calls_and_holds_no_key() -> None:
    demo = shown(
        ended("verified", "published", {"/b": 2, "/a": 1}),
        ended("personal", "draft_ready", {"/b": 3}),
    )
    told = demo.as_json()
    assert told["published"] is True
    assert list(told["calls"].items()) == [("/a", 1), ("/b", 5)]
    assert told["article_url"] == "/verified"
    assert told["personal"]["preview_url"] == "/personal"
    assert "wxg_demo" not in str(told)


@pytest.mark.parametrize(
    ("verified", "personal"), [("", "draft_ready"), ("published", ""), ("draft", "draft_ready")]
)
def test_less_than_all_is_no_success(verified: str, personal: str) -> None:
    demo = shown(ended("verified", verified, {}), ended("personal", personal, {}))
    assert demo.published is False
    assert demo.as_json()["published"] is False


def test_the_next_free_port_is_taken(taken_port: int) -> None:
    found = _free_port(taken_port)
    assert found != taken_port
    with listen_on(f"127.0.0.1:{found}"):
        pass


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "client.key"
    key = _kept_key(path)
    assert key.startswith("wxg_demo_")
    assert _kept_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_place_where_nothing_can_be_kept_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirUnusable):
        async with run_demo(tmp_path / "file", print):
            pass

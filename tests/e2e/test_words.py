"""Sensitive words, from a list on disk to what WeChat gets."""

from pathlib import Path
from typing import Any

import httpx

from sandbox.settings import PERSONAL, VERIFIED


async def test_a_blocked_word_stops_an_article_before_any_call(
    open_stand: Any, tmp_path: Path
) -> None:
    (tmp_path / "all.txt").write_text("绝密配方\n")
    async with open_stand({"content": {"words": {"folder": str(tmp_path)}}}) as stand:
        job = await stand.article({"markdown": "# 题\n\n绝密*配*方"})
        assert job["state"] == "failed"
        assert job["error"]["code"] == "sensitive_words"
        assert "content 3:1 “绝密配方” (all.txt)" in job["error"]["message"]
        assert stand.calls() == {}
        response = await stand.http.post("/v1/render", json={"markdown": "绝密配方"})
        assert response.status_code == 422
        metrics = (await stand.http.get("/metrics")).text
        assert 'wxgate_words_total{level="block"} 2.0' in metrics
        assert "绝密" not in metrics


async def test_each_account_has_its_own_words_and_changes_count(
    open_stand: Any, tmp_path: Path
) -> None:
    (tmp_path / "main").mkdir()
    own = tmp_path / "main" / "own.txt"
    own.write_text("坏词\treplace\t好词\n")
    accounts = [
        {"name": name, "app_id": each.app_id, "app_secret": each.app_secret, "words": words}
        for name, each, words in (("main", VERIFIED, []), ("personal", PERSONAL, ["坏词\twarn"]))
    ]
    change = {"content": {"words": {"folder": str(tmp_path)}}, "accounts": accounts}
    async with open_stand(change) as stand:
        main = await stand.article({"markdown": "# 题\n\n坏词"})
        personal = await stand.article({"markdown": "# 题\n\n坏词"}, account="personal")
        (replaced,) = main["items"][0]["warnings"]
        (warned,) = personal["items"][0]["warnings"]
        assert (replaced["code"], warned["code"]) == ("words_replaced", "sensitive_words")
        assert "main/own.txt" not in str(personal)
        async with httpx.AsyncClient(trust_env=False) as browser:
            assert "好词" in (await browser.get(main["result"]["url"])).text

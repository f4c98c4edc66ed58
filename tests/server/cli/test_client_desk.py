import json
from datetime import UTC, datetime

import pytest
import typer

from accounts.client_forms import ClientChanges, ClientView, KeyView
from server.cli.client_desk import LeftOpen, Made, settings_said, tell, tell_key, valid

KEY = "wxg_shop_0123456789abcdefghijklmn"
VIEW = ClientView.model_validate(
    {
        "id": "shop",
        "accounts": ["main"],
        "scopes": ["draft"],
        "source": "store",
        "disabled": False,
        "version": 3,
        "created_at": None,
        "updated_at": None,
        "keys": [
            KeyView(
                id="5f0c9a1b",
                hint="klmn",
                can_sign=True,
                created_at=None,
                expires_at="2026-11-30T16:00:00.000Z",
                last_used_at="2026-11-29T16:00:00.000Z",
                last_used_ip="10.0.0.1",
            )
        ],
    }
)


def test_only_options_that_were_given_count() -> None:
    assert settings_said(scopes=None, expires_at="", signing=False) == {"signing": False}
    assert settings_said(expires_at="never") == {"expires_at": None}
    assert settings_said(expires_at="2026-12-01") == {
        "expires_at": datetime(2026, 11, 30, 16, tzinfo=UTC)
    }


def test_what_is_wrong_with_them_is_told_in_both_languages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as caught:
        valid(ClientChanges, {"scopes": ["root"], "allow_ips": ["10.0.0.300"]})
    assert caught.value.exit_code == 2
    zh, en = capsys.readouterr().err.splitlines()
    assert "scopes[0]：只能是" in zh
    assert "allow_ips[0]" in en


def test_a_key_is_told_once_with_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    tell_key("made", Made(KEY, VIEW, "https://gate.test"), as_json=False)
    told = capsys.readouterr().out
    assert told.count(KEY) == 1
    assert "https://gate.test" in told


def test_a_client_is_told_a_fact_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    tell(VIEW, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert "scopes           draft" in lines
    assert lines[-1].startswith("key 5f0c9a1b …klmn")
    assert "2026-12-01 00:00:00+08:00" in lines[-1]
    assert lines[-1].endswith("2026-11-30 00:00:00+08:00 10.0.0.1")


def test_what_a_client_leaves_open_is_told_with_what_becomes_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell(VIEW, as_json=True, left=LeftOpen(2, 1))
    told = json.loads(capsys.readouterr().out)
    assert (told["unfinished_jobs"], told["unended_schedules"]) == (2, 1)
    assert "before their next step" in str(LeftOpen(0, 1))
    assert "before their next step" not in str(LeftOpen(0, 0))

import time

import pytest
import typer

from server.cli.times import in_shanghai, moment, span_s


def test_a_span_counts_from_now() -> None:
    now = time.time()
    assert moment("2h", "--since", ahead=False) == pytest.approx(now - 7_200, abs=60)
    assert moment("30d", "--expires", ahead=True) == pytest.approx(now + 30 * 86_400, abs=60)


def test_a_span_is_so_many_seconds() -> None:
    assert [span_s(said) for said in ("30m", "2h", "7d", "2026-12-01")] == [
        *(1_800, 7_200, 604_800),
        None,
    ]


def test_a_date_is_shanghais_unless_it_says_otherwise() -> None:
    for said in ("2026-12-01", "2026-12-01T00:00:00", "2026-11-30T16:00:00Z"):
        assert moment(said, "--since", ahead=False) == 1_796_054_400
    assert in_shanghai("2026-11-30T16:00:00.000Z") == "2026-12-01 00:00:00+08:00"


@pytest.mark.parametrize("said", ["", "tuesday", "7", "7w", "-7d", "٧d", "9999999d"])
def test_anything_else_is_asked_for_again(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught:
        moment(said, "--since", ahead=False)
    assert caught.value.exit_code == 2
    assert "--since makes no sense" in capsys.readouterr().err

import json

import pytest

from notify.senders.clipping import clipped_bytes, clipped_chars, clipped_json


def test_what_fits_stays_as_it_is() -> None:
    assert clipped_chars("字字字", 3) == "字字字"
    assert clipped_bytes("字字字", 9) == "字字字"


def test_what_does_not_fit_is_cut_with_a_mark() -> None:
    assert clipped_chars("abcdef", 4) == "abc…"
    assert clipped_bytes("字字字字", 9) == "字字…"


def test_no_character_is_cut_in_two() -> None:
    for most in range(3, 40):
        cut = clipped_bytes("a字😀" * 10, most)
        assert len(cut.encode()) <= most
        assert "\ufffd" not in cut


@pytest.mark.parametrize(
    "text", ["字" * 900, '"' * 900, "\x00" * 900, "a" * 500 + "\n" * 900, "a\n" * 9]
)
def test_json_is_counted_as_it_is_written(text: str) -> None:
    for most in (20, 100, 1_000):
        cut = clipped_json(text, most)
        size = len(json.dumps(cut, ensure_ascii=False).encode()) - 2
        assert size <= most
        assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
        assert cut == text or size > most // 3

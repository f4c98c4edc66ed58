from notify.clipping import clipped_bytes, clipped_chars


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

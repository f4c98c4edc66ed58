from content.roundtrip.pieces import read


def test_elements_are_told_by_the_text_that_follows() -> None:
    pieces, text = read(
        "<section><p style='color:red'>你 好</p><img data-src='http://a.com/x'></section>"
    )
    assert [piece.tag for piece in pieces] == ["section", "p", "img"]
    assert [piece.anchor for piece in pieces] == ["你好", "你好", ""]
    assert pieces[1].styles == {"color": "red"}
    assert pieces[2].attributes["src"] == "//a.com/x"
    assert text == "你好"


def test_however_deep_it_is_read_to_its_bound() -> None:
    assert len(read("<b>" * 40_000)[0]) == 30_000
    assert read("") == ([], "")

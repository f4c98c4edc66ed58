from content.manuscript import Body, Manuscript


def test_a_warning_is_given_once() -> None:
    made = Manuscript(text="", is_markdown=True)
    made.warn("a", "甲", "A")
    made.warn("a", "甲", "A")
    made.warn("b", "乙", "B", field="title")
    assert [(warning["code"], warning["field"]) for warning in made.warnings] == [
        ("a", None),
        ("b", "title"),
    ]


def test_text_is_read_as_it_is_shown() -> None:
    html = "<p>a <b>b</b>c</p><ul><li>x</li></ul>tail&lt;<p></p>"
    assert Body(html).plain() == "a bcxtail<"
    assert Body(html).words() == "a bc x tail<"
    assert Body("").words() == ""


def test_something_is_appended_after_all_top_nodes() -> None:
    body = Body("<p>a</p>tail")
    section = body.create_node("section")
    body.append(section)
    assert body.serialize() == "<p>a</p>tail<section></section>"

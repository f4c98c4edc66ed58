import pytest

from server.cli.snippet_book import Book, Shell, Snippet, Trial, read_book

VALUES = {
    "URL": "https://gate.example",
    "KEY": "wxg_blog_secret",
    "CLIENT": "blog",
    "ACCOUNT": "main",
    "FORWARD": "gate.example:8081",
}


def snippet(
    name: str, text: str = "@KEY@", *, also: tuple[str, ...] = (), env: str = ""
) -> Snippet:
    texts = dict.fromkeys(Shell, text)
    return Snippet(name, name, "base-url", Trial.NO, "@URL@", "@KEY@", "a book", texts, also, env)


def test_lines_for_the_key_and_for_the_environment_exclude_each_other() -> None:
    tool = snippet("tool", "%env import os\n%env\nfirst\n%key   a = @KEY@\n%env   a = os\n")
    assert tool.text(VALUES) == "first\n  a = wxg_blog_secret\n"
    assert tool.text(VALUES, show_key=False) == "import os\n\nfirst\n  a = os\n"
    assert tool.reads_environment


def test_without_the_key_its_place_is_marked_or_read_as_the_tool_does() -> None:
    assert snippet("tool").text(VALUES, show_key=False) == "wxg_blog_…"
    assert not snippet("tool").reads_environment
    assert snippet("tool", env="${KEY}").text(VALUES, show_key=False) == "${KEY}"
    of_shell = snippet("tool", env="shell")
    told = [of_shell.text(VALUES, shell, show_key=False) for shell in Shell]
    assert told == ["$WXGATE_KEY", "$WXGATE_KEY", "$env:WXGATE_KEY", "%WXGATE_KEY%"]


def test_what_is_said_of_a_tool_never_holds_the_key() -> None:
    told = snippet("tool").told(VALUES)
    assert (told.zh, told.en) == ("https://gate.example", "wxg_blog_…")


def test_a_tool_is_found_by_its_name_and_by_what_is_its_alone() -> None:
    java, go = snippet("wxjava", also=("java", "sdk")), snippet("silenceper", also=("go", "sdk"))
    book = Book({each.name: each for each in (java, go)})
    assert book.find("WxJava") is java
    assert book.find("go") is go
    assert book.find("sdk") is None
    assert book.near("sdk") == ["wxjava", "silenceper"]
    assert book.near("wxjaav") == ["wxjava"]
    assert book.near("jva") == ["wxjava"]
    assert book.near("zzzz") == []


@pytest.mark.parametrize("name", read_book().snippets)
def test_a_file_is_whole(name: str) -> None:
    each = read_book().snippets[name]
    assert each.way in {"base-url", "forward", "wenyan", "content-api", "mcp"}
    for shell in each.texts:
        for show_key in (True, False):
            text = each.text(VALUES, shell, show_key=show_key)
            assert "@KEY@" not in text
            assert "%env" not in text
            assert text.endswith("\n")
            assert not any(line.endswith(" ") for line in text.splitlines())
            assert ("wxg_blog_secret" in text) is (show_key and name != "github-actions")

import unicodedata
from pathlib import Path

import pytest
from wxgate_client.local_article import LocalArticle, PictureClash, bundle, load_article

PNG = b"\x89PNG\r\n\x1a\n"  # so far a file is looked at


def _article(root: Path, text: str, *pictures: str) -> Path:
    for name in pictures:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    article = root / "posts" / "2026" / "x.md"
    article.parent.mkdir(parents=True, exist_ok=True)
    article.write_text(text, "utf-8")
    return article


def test_local_pictures_are_taken_along_by_the_names_in_the_text(tmp_path: Path) -> None:
    (tmp_path / "img").mkdir()
    for name in ("a.png", "img/b c.jpg", "cover.png", "ref.gif", "h.webp"):
        (tmp_path / name).write_bytes(PNG)
    article = tmp_path / "x.md"
    article.write_text(
        "---\ncover: cover.png\n---\n"
        "![a](a.png) ![b](img/b%20c.jpg) ![gone](gone.png)\n"
        '![web](https://example.com/a.png) ![abs](/etc/passwd) <img src="h.webp">\n\n'
        "![r][r]\n\n[r]: ref.gif\n",
        "utf-8",
    )
    assert set(load_article(article).pictures) == {
        *("a.png", "img/b%20c.jpg", "cover.png", "ref.gif", "h.webp"),
    }


def test_pictures_above_the_article_are_taken_within_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blog = tmp_path / "blog"
    text = "![](../../img/a.png) ![](..\\b.png) ![](../../../secret.png) ![](../../img/../../c.png)"
    article = _article(blog, text, "img/a.png", "posts/b.png", "../secret.png", "../c.png")
    monkeypatch.chdir(blog)
    loaded = load_article(article)
    assert set(loaded.pictures) == {"../../img/a.png", "..\\b.png"}
    assert loaded.outside == ("../../../secret.png", "../../img/../../c.png")


def test_from_elsewhere_only_the_articles_own_folder_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = _article(
        tmp_path / "blog", "![](../a.png) ![](b.png)", "posts/a.png", "posts/2026/b.png"
    )
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    assert (set(load_article(article).pictures), load_article(article).outside) == (
        {"b.png"},
        ("../a.png",),
    )


def test_a_link_out_of_the_root_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = _article(tmp_path / "blog", "![](link.png)", "../secret.png")
    (article.parent / "link.png").symlink_to(tmp_path / "secret.png")
    monkeypatch.chdir(tmp_path / "blog")
    assert load_article(article).pictures == {}


def test_names_in_other_spellings_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decomposed = unicodedata.normalize("NFD", "caf\u00e9.png")
    text = "![](caf\u00e9.png) ![](<a b.png>) ![](a%20b.png?raw=1)\n\n[r]: <c d.png>\n"
    names = [f"posts/2026/{name}" for name in (decomposed, "a b.png", "c d.png")]
    article = _article(tmp_path, text, *names)
    monkeypatch.chdir(tmp_path)
    assert set(load_article(article).pictures) == {
        *("caf\u00e9.png", "a b.png", "a%20b.png?raw=1", "c d.png"),
    }


def test_what_is_no_picture_is_never_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    article = _article(tmp_path, "![](id_rsa) ![](x.pem) ![](.)", "posts/2026/id_rsa")
    monkeypatch.chdir(tmp_path)
    assert load_article(article).pictures == {}


def test_nothing_but_pictures_below_the_articles_folder_is_ever_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "notes.txt").write_text("x")
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    monkeypatch.chdir(folder)
    article = folder / "a.md"
    names = ("../secret.png", "notes.txt", "out.png", "n" * 300 + ".png", "a%00.png")
    article.write_text("\n".join(f"![]({name})" for name in names))
    assert load_article(article).pictures == {}


def test_pictures_listed_in_the_front_matter_are_taken_along(tmp_path: Path) -> None:
    for name in ("a.png", "b c.jpg", "d.webp", "e.gif", "notes.txt"):
        (tmp_path / name).write_bytes(PNG)
    article = tmp_path / "x.md"
    article.write_text('---\nimages:\n  - a.png\n  - "b c.jpg"\n  - notes.txt\n---\n', "utf-8")
    assert set(load_article(article).pictures) == {"a.png", "b c.jpg"}
    article.write_text("---\nimages: [d.webp, 'e.gif', https://a.com/x.png]\n---\n", "utf-8")
    assert set(load_article(article).pictures) == {"d.webp", "e.gif"}


def test_a_file_named_like_a_picture_is_looked_at_before_it_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = _article(tmp_path, "![](link.png) ![](notes.jpg)")
    (tmp_path / ".env").write_text("SECRET=1")
    (article.parent / "link.png").symlink_to(tmp_path / ".env")
    (article.parent / "notes.jpg").write_text("my notes")
    monkeypatch.chdir(tmp_path)
    loaded = load_article(article)
    assert (loaded.pictures, loaded.strange) == ({}, ("link.png", "notes.jpg"))


def _in(folder: Path, picture: bytes | None, text: str = "![](a.png)") -> LocalArticle:
    folder.mkdir()
    if picture is not None:
        (folder / "a.png").write_bytes(picture)
    (folder / "x.md").write_text(text, "utf-8")
    return load_article(folder / "x.md")


def test_a_bundle_is_one_request_with_the_pictures_of_all(tmp_path: Path) -> None:
    first, second = _in(tmp_path / "1", PNG), _in(tmp_path / "2", PNG)
    made = bundle([first, second])
    assert made.name == f"{first.path} + {second.path}"
    text = {"markdown": "![](a.png)"}
    assert made.fields("") == {"articles": [text, text]}
    assert made.fields("newspic")["articles"][1] == {**text, "article_type": "newspic"}
    assert set(made.pictures) == {"a.png"}


def test_two_pictures_of_one_name_cannot_travel_together(tmp_path: Path) -> None:
    first, second = _in(tmp_path / "1", PNG), _in(tmp_path / "2", PNG + b"2")
    with pytest.raises(PictureClash, match=r"a\.png"):
        bundle([first, second])


@pytest.mark.parametrize("text", ["![](./a.png)", "![](a.png?raw=1)", "![](%61.png)"])
def test_one_path_in_two_spellings_is_one_path(tmp_path: Path, text: str) -> None:
    first, second = _in(tmp_path / "1", PNG, text), _in(tmp_path / "2", PNG + b"2")
    with pytest.raises(PictureClash, match=r"a\.png"):
        bundle([first, second])


@pytest.mark.parametrize("theirs", [None, b"no picture"])
def test_an_article_that_lacks_its_picture_does_not_get_anothers(
    tmp_path: Path, theirs: bytes | None
) -> None:
    first, second = _in(tmp_path / "1", PNG), _in(tmp_path / "2", theirs)
    with pytest.raises(PictureClash, match=r"a\.png"):
        bundle([first, second])

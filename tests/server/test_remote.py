from pathlib import Path

import httpx
import pytest

from server.remote import (
    LocalArticle,
    PictureClash,
    Refused,
    Unreachable,
    bundle,
    find_markdown,
    load_article,
    open_gateway,
)


def tree(tmp_path: Path) -> Path:
    for name in ("b.md", "a.md", "sub/c.markdown", "notes.txt", ".git/x.md", "node_modules/y.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# t")
    return tmp_path


def test_files_folders_and_globs_are_found_once_each(tmp_path: Path) -> None:
    root = tree(tmp_path)
    names = [path.relative_to(root).as_posix() for path in find_markdown([str(root)])]
    assert names == ["a.md", "b.md", "sub/c.markdown"]
    again = find_markdown([str(root / "b.md"), str(root), str(root / "*.md")])
    assert [path.name for path in again] == ["b.md", "a.md", "c.markdown"]


def test_a_path_that_means_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\*\.md"):
        find_markdown([str(tmp_path / "no*.md")])


def test_local_pictures_are_taken_along_by_the_names_in_the_text(tmp_path: Path) -> None:
    (tmp_path / "img").mkdir()
    for name in ("a.png", "img/b c.jpg", "cover.png", "ref.gif", "h.webp"):
        (tmp_path / name).write_bytes(b"x")
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


async def test_no_gateway_is_told_from_a_refusal(unused_port: int) -> None:
    async with open_gateway(f"http://127.0.0.1:{unused_port}", "k") as gateway:
        with pytest.raises(Unreachable):
            await gateway.job("job_1")


def answering(status: int, **content: object) -> httpx.AsyncClient:
    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, **content)  # type: ignore[arg-type]

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://gate")


@pytest.mark.parametrize("answer", ["<html>", "[]", '"text"'])
async def test_what_is_no_json_object_is_no_gateway(answer: str) -> None:
    from server.remote import Gateway

    async with answering(200, text=answer) as http:
        with pytest.raises(Unreachable, match="HTTP 200"):
            await Gateway(http).job("job_1")


async def test_a_refusal_carries_the_gateways_own_words() -> None:
    from server.remote import Gateway

    error = {"code": "job_unknown", "message": "没有"}
    async with answering(404, json={"error": error}) as http:
        with pytest.raises(Refused) as caught:
            await Gateway(http).job("job_1")
    assert caught.value.error == error
    assert (caught.value.message, caught.value.hint) == ("没有", "")


async def test_a_refusal_in_another_form_still_has_a_message() -> None:
    from server.remote import Gateway

    async with answering(502, json={"detail": "nginx"}) as http:
        with pytest.raises(Refused) as caught:
            await Gateway(http).job("job_1")
    assert caught.value.message == "http_502"


async def test_an_account_name_cannot_leave_its_place_in_the_url() -> None:
    from server.remote import Gateway

    asked: list[bytes] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(202, json={"id": "job_1"})

    transport = httpx.MockTransport(answer)
    article = LocalArticle(Path("a.md"), "# a", {})
    async with httpx.AsyncClient(transport=transport, base_url="http://gate") as http:
        await Gateway(http).submit("../x y", article, action="draft", publish_at=None)
    assert asked == [b"/v1/accounts/..%2Fx%20y/articles"]


async def test_a_key_with_several_accounts_must_name_one() -> None:
    from server.remote import Gateway

    listed = {"items": [{"name": "a"}, {"name": "b"}], "default": None}
    async with answering(200, json=listed) as http:
        with pytest.raises(Refused) as caught:
            await Gateway(http).default_account()
        assert caught.value.hint.endswith(": a, b")
    async with answering(200, json={"items": [{"name": "a"}], "default": "a"}) as http:
        assert await Gateway(http).default_account() == "a"


def test_nothing_but_pictures_below_the_articles_folder_is_ever_sent(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"x")
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "notes.txt").write_text("x")
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    article = folder / "a.md"
    names = ("../secret.png", "notes.txt", "out.png", "n" * 300 + ".png", "a%00.png")
    article.write_text("\n".join(f"![]({name})" for name in names))
    assert load_article(article).pictures == {}


async def test_a_gateway_that_restarts_does_not_end_the_watch() -> None:
    from server.remote import Gateway

    answers: list[httpx.Response | Exception] = [
        httpx.ConnectError("refused"),
        httpx.Response(200, json={"id": "job_1", "state": "succeeded"}),
    ]

    async def answer(_request: httpx.Request) -> httpx.Response:
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://gate") as http:
        states = [
            job["state"] async for job in Gateway(http).follow({"id": "job_1", "state": "running"})
        ]
    assert states == ["running", "succeeded"]


def test_pictures_listed_in_the_front_matter_are_taken_along(tmp_path: Path) -> None:
    for name in ("a.png", "b c.jpg", "d.webp", "e.gif", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    article = tmp_path / "x.md"
    article.write_text('---\nimages:\n  - a.png\n  - "b c.jpg"\n  - notes.txt\n---\n', "utf-8")
    assert set(load_article(article).pictures) == {"a.png", "b c.jpg"}
    article.write_text("---\nimages: [d.webp, 'e.gif', https://a.com/x.png]\n---\n", "utf-8")
    assert set(load_article(article).pictures) == {"d.webp", "e.gif"}


def _article(folder: Path, picture: bytes) -> LocalArticle:
    folder.mkdir()
    (folder / "a.png").write_bytes(picture)
    (folder / "x.md").write_text("![](a.png)", "utf-8")
    return load_article(folder / "x.md")


def test_a_bundle_is_one_request_with_the_pictures_of_all(tmp_path: Path) -> None:
    first, second = _article(tmp_path / "1", b"x"), _article(tmp_path / "2", b"x")
    made = bundle([first, second])
    assert made.name == f"{first.path} + {second.path}"
    text = {"markdown": "![](a.png)"}
    assert made.fields("") == {"articles": [text, text]}
    assert made.fields("newspic")["articles"][1] == {**text, "article_type": "newspic"}
    assert set(made.pictures) == {"a.png"}


def test_two_pictures_of_one_name_cannot_travel_together(tmp_path: Path) -> None:
    first, second = _article(tmp_path / "1", b"x"), _article(tmp_path / "2", b"y")
    with pytest.raises(PictureClash, match=r"a\.png"):
        bundle([first, second])

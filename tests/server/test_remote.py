from pathlib import Path

import httpx
import pytest

from server.local_article import LocalArticle
from server.remote import (
    Refused,
    Unreachable,
    find_markdown,
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

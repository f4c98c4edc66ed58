import httpx
from wxgate_client import calls

from tests.scripted import gateway


async def test_an_account_name_cannot_leave_its_place_in_the_url() -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(202, json={"id": "job_1"})

    async with gateway(answer) as gate:
        await gate.do(calls.article("../x y", {"markdown": "# a"}))
        await gate.do(calls.steer("../y", "retry"))
    assert asked == [b"/v1/accounts/..%2Fx%20y/articles", b"/v1/jobs/..%2Fy/retry"]


async def test_an_article_travels_with_its_pictures_or_with_their_names() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json={})

    async with gateway(answer) as gate:
        await gate.do(
            calls.article("main", {"markdown": "m"}, pictures={"图/a.png": b"PNG"}, key="k")
        )
        await gate.do(calls.article("main", {"markdown": "m"}, files={"a.png": "00"}, wait_s=9))
        await gate.do(calls.file("00", b"PNG"))
        await gate.do(calls.missing({"b", "a"}))
        await gate.do(calls.batch("main", {"kind": "articles"}, key="k"))
        await gate.do(calls.batch("main", {"dry_run": True}, archive=b"PK"))
    multipart, by_name, file, missing, batch, packed = seen
    assert "图/a.png".encode() in multipart.content
    assert multipart.headers["idempotency-key"] == "k"
    assert by_name.headers["prefer"] == "wait=9"
    assert by_name.read() == b'{"markdown":"m","files":{"a.png":"00"}}'
    assert (file.method, file.url.path, file.content) == ("PUT", "/v1/files/00", b"PNG")
    assert missing.content == b'{"sha256":["a","b"]}'
    assert (batch.url.path, batch.headers["idempotency-key"]) == ("/v1/accounts/main/batches", "k")
    assert str(packed.url).endswith("/v1/accounts/main/batches?dry_run=true")
    assert (packed.headers["content-type"], packed.content) == ("application/zip", b"PK")

"""Bodies and names that nobody sends in good faith get a clear 4xx, on every way in."""

from typing import Any

import pytest

ARTICLES = "/v1/accounts/main/articles"
JSON = {"content-type": "application/json"}

NO_JSON = {
    "depth": b"[" * 100_000,
    "depth of objects": b'{"a":' * 100_000,
    "half a character": b'{"markdown": "\\ud800"}',
    "not utf-8": b'{"markdown": "\xff"}',
    "utf-16": '{"markdown": "a"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"markdown": "a"}',
    "more behind": b'{"markdown": "a"} x',
    "nothing": b"",
    "nul": b"\0",
    "digits": b'{"markdown": ' + b"9" * 5_000 + b"}",
}
WRONG = {
    "infinity": b'{"markdown": 1e999}',
    "not a number": b'{"markdown": NaN}',
    "array": b"[]",
    "null": b"null",
    "bool for text": b'{"markdown": true}',
    "text for bool": b'{"markdown": "a", "need_open_comment": "1"}',
    "unknown": b'{"markdown": "a", "nosuch": 1}',
    "both": b'{"markdown": "a", "html": "b"}',
    "neither": b"{}",
    "long": b'{"markdown": "' + b"a" * 70_000 + b'"}',
    "option": b'{"markdown": "a", "options": {"image_quality": "85"}}',
    "option unknown": b'{"markdown": "a", "options": {"nosuch": 1}}',
    "options no object": b'{"markdown": "a", "options": [1]}',
}


@pytest.mark.parametrize("path", ["/v1/render", ARTICLES])
@pytest.mark.parametrize("name", NO_JSON)
async def test_188_what_is_no_json_is_a_400(stand: Any, path: str, name: str) -> None:
    answer = await stand.http.post(path, content=NO_JSON[name], headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "json_invalid")


async def test_188_ten_megabytes_of_text_are_too_large(stand: Any) -> None:
    body = b'{"markdown": "' + b"a" * 10_000_000 + b'"}'
    answer = await stand.http.post("/v1/render", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


async def test_188_of_two_values_of_a_name_the_last_counts(stand: Any) -> None:
    body = b'{"markdown": "a", "title": "first", "title": "last"}'
    answer = await stand.http.post("/v1/render", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["title"]) == (200, "last")


@pytest.mark.parametrize("path", ["/v1/render", ARTICLES])
@pytest.mark.parametrize("name", WRONG)
async def test_188_197_a_wrong_value_is_a_422(stand: Any, path: str, name: str) -> None:
    answer = await stand.http.post(path, content=WRONG[name], headers=JSON)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "field_invalid")
    assert "aaaaa" not in answer.text


@pytest.mark.parametrize(
    "name", ["%2e%2e%2fmain", "main%0a", "main%00", "Main", "wx5a4db0c0ffee0001%0a", "m" * 300]
)
async def test_197_a_name_is_matched_whole(stand: Any, name: str) -> None:
    answer = await stand.http.post(f"/v1/accounts/{name}/articles", json={"markdown": "a"})
    assert answer.status_code in (400, 404)
    assert stand.calls() == {}


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)


@pytest.mark.parametrize(
    "name",
    ["con.png", "a" * 250 + ".png", "图 片.png", "😀.png", 'a"b.png', "a;b.png", "a%0d%0aX: y.png"],
)
async def test_199_a_file_name_is_a_name_and_nothing_else(stand: Any, name: str) -> None:
    article = f'{{"title": "t", "markdown": "![]({name.replace(" ", "%20")})"}}'
    if '"' in name:
        article = '{"title": "t", "markdown": "![](a%22b.png)"}'
    answer = await stand.http.post(
        ARTICLES,
        files=[("article", (None, article, "application/json")), (name, ("x", PNG, "image/png"))],
        headers={"Prefer": "wait=30"},
    )
    job = answer.json()
    assert (answer.status_code, job["state"]) == (200, "succeeded")
    assert stand.calls()["/cgi-bin/media/uploadimg"] == 1
    assert not [path for path in stand.data_dir.rglob("*") if name in path.name]


@pytest.mark.parametrize(
    "name", ["../x.png", "/etc/x.png", "..\\..\\x.png", "a\0.exe", "C:\\x.png"]
)
async def test_199_a_name_that_leads_elsewhere_writes_nothing(stand: Any, name: str) -> None:
    article = '{"title": "t", "markdown": "a"}'
    answer = await stand.http.post(
        ARTICLES,
        files=[("article", (None, article, "application/json")), (name, ("x", PNG, "image/png"))],
        headers={"Prefer": "wait=30"},
    )
    assert answer.status_code in (200, 400, 422)
    assert not list(stand.data_dir.rglob("x.png"))

from typing import Any

from starlette.responses import PlainTextResponse

from handlers.areas import Areas


async def test_the_first_segment_tells_whose_answer_it_is(http: Any) -> None:
    areas = Areas(
        relayed=PlainTextResponse("relayed"),
        ours=PlainTextResponse("ours"),
        relay_segments=frozenset({"cgi-bin", "wx"}),
    )
    async with http(areas) as client:
        for path, area in (
            ("/cgi-bin/draft/add", "relayed"), ("/wx", "relayed"), ("/v1/jobs", "ours"),
            ("/", "ours"), ("/cgi-binx/draft", "ours"), ("/v1/cgi-bin", "ours"),
        ):  # fmt: skip
            assert (await client.get(path)).text == area, path

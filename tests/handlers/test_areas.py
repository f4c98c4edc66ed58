from typing import Any

from starlette.responses import PlainTextResponse

from handlers.areas import Areas, Segments


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


async def test_layers_and_segments_can_be_exchanged(http: Any) -> None:
    plain, segments = PlainTextResponse, Segments({"cgi-bin"})
    areas = Areas(relayed=plain("relayed"), ours=plain("ours"), relay_segments=segments)
    areas.replace(relayed=plain("relayed, newer"), ours=plain("ours, newer"))
    segments.replace({"wx"})
    async with http(areas) as client:
        assert (await client.get("/wx/a")).text == "relayed, newer"
        assert (await client.get("/cgi-bin/a")).text == "ours, newer"

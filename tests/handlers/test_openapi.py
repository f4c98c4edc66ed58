from typing import Any

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handlers.openapi import ApiRoute, DocsHandler, Operation, build_openapi, swagger_folder


class Thing(BaseModel):
    name: str


class Made(BaseModel):
    id: str
    things: list[Thing] = []


async def make(_request: Request) -> Response:
    return Response()


ROUTE = ApiRoute(
    "POST",
    "/things/{kind}",
    make,
    Operation(
        "做东西 / make a thing",
        "things",
        status=202,
        body=Thing,
        answer=Made,
        example={"name": "x"},
        multipart="a picture",
        errors=(401, 422),
    ),
)


def document() -> Any:
    return build_openapi([("/v1/things/{kind}", ROUTE)], version="1.2.3", url="http://gate")


def test_a_route_is_described_from_its_models() -> None:
    described = document()["paths"]["/v1/things/{kind}"]["post"]
    assert described["parameters"][0]["name"] == "kind"
    content = described["requestBody"]["content"]
    assert content["application/json"]["example"] == {"name": "x"}
    assert content["multipart/form-data"]["schema"]["required"] == ["article"]
    assert set(described["responses"]) == {
        *("202", "422"),
        *("400", "401", "413", "415", "429", "503"),  # of every call that needs a key
    }


def test_an_answer_without_content_has_none_of_another_status() -> None:
    route = ApiRoute("GET", "/events", make, Operation("看 / look", "things", also=(204,)))
    described = build_openapi([("/v1/events", route)], version="1", url="http://gate")
    responses = described["paths"]["/v1/events"]["get"]["responses"]
    assert "content" in responses["200"]
    assert "content" not in responses["204"]


def test_every_reference_resolves() -> None:
    schemas = document()["components"]["schemas"]

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [ref for value in node.values() for ref in references(value)]
        if isinstance(node, list):
            return [ref for value in node for ref in references(value)]
        return []

    names = {ref.removeprefix("#/components/schemas/") for ref in references(document())}
    assert names <= set(schemas)
    assert {"Thing", "Made", "ErrorAnswer"} <= names


async def test_the_page_loads_nothing_from_another_host(http: Any) -> None:
    docs = DocsHandler(version="1", url="http://gate")
    app = Starlette(
        routes=[
            Route("/docs", docs.page),
            Route("/docs/{name}", docs.file),
            Route("/openapi.json", docs.openapi),
        ]
    )
    async with http(app) as client:
        page = await client.get("/docs")
        script = await client.get("/docs/swagger_bundle.js")
        start = await client.get("/docs/start.js")
        other = await client.get("/docs/redoc.js")
        assert (await client.get("/openapi.json")).json()["openapi"] == "3.1.0"
    assert "://" not in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert len(script.content) > 500_000
    assert "/openapi.json" in start.text
    assert other.status_code == 404
    assert (swagger_folder() / "swagger_style.css").exists()

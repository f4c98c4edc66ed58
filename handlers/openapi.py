from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

# Any call of a client: several credentials, none, a large or compressed signed body, wrong ones
# again and again, and nonces that cannot be remembered.
_OF_CALLERS = (400, 401, 413, 415, 429, 503)
_REF = "#/components/schemas/{model}"


@dataclass(frozen=True)
class Operation:
    """What `/openapi.json` says of one route; `routes.py` gives one to each."""

    summary: str
    tag: str
    status: int = 200
    body: type[BaseModel] | None = None
    body_required: bool = True
    answer: type[BaseModel] | None = None
    media_type: str = "application/json"
    parameters: tuple[dict[str, Any], ...] = ()
    example: Any = None  # of the request body
    answer_example: Any = None
    multipart: str = ""  # what the file parts mean, where the body may come with files
    part: str = "article"  # the name of the JSON part then
    raw: str = ""  # the media type of a body that may be, or is, bytes and no JSON
    also: tuple[int, ...] = ()  # other statuses of the same answer
    public: bool = False  # needs no key
    errors: tuple[int, ...] = (401, 403)
    limit: str = ""  # calls of one client, or one address, to this route alone: "30/minute"
    in_bulk: bool = False  # its calls come by the hundred: they count on `limit` alone
    description: str = ""


class ApiRoute(Route):
    """A Route that carries its description."""

    def __init__(
        self,
        method: str,
        path: str,
        endpoint: Any,
        operation: Operation,
        middleware: Sequence[Middleware] = (),
    ) -> None:
        super().__init__(path, endpoint, methods=[method], middleware=middleware)
        self.method = method
        self.operation = operation


class ErrorBody(BaseModel):
    """Every failure on /v1 (contract §4)."""

    code: str
    category: str
    level: str
    message: str
    hint: str
    retryable: bool
    request_id: str
    retry_after_s: int | None = None
    field: str | None = None
    upstream: dict[str, Any] | None = None


class ErrorAnswer(BaseModel):
    """The envelope of a failure."""

    error: ErrorBody


@dataclass
class _Components:
    schemas: dict[str, Any]
    names: dict[Any, str] = field(default_factory=dict)

    def reference(self, model: type[BaseModel]) -> dict[str, str]:
        return {"$ref": _REF.format(model=self.names[model])}


def listed_routes(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, ApiRoute]]:
    """Every described route with its full path, those inside of mounts too."""
    for route in routes:
        if isinstance(route, Mount):
            yield from listed_routes(route.routes, prefix + route.path)
        elif isinstance(route, ApiRoute):
            yield prefix + route.path, route


def build_openapi(routes: Iterable[tuple[str, ApiRoute]], *, version: str, url: str) -> Any:
    """The OpenAPI 3.1 document of `routes`: pairs of the full path and the route."""
    listed = list(routes)
    components = _components([route.operation for _, route in listed])
    paths: dict[str, Any] = {}
    for path, route in listed:
        described = _describe(path, route, components)
        paths.setdefault(path, {})[route.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "wxgate",
            "version": version,
            "summary": "微信公众号 API 网关 / gateway to the WeChat Official Account API",
            "description": (
                "`/v1` 是网关自己的接口；`/cgi-bin/…` 等路径按微信原样转发。\n\n"
                "`/v1` is the gateway's own API; `/cgi-bin/…` and its like are relayed to WeChat."
            ),
        },
        "servers": [{"url": url}],
        "security": [{"bearer": []}, {"apiKey": []}],
        "paths": paths,
        "components": {
            "schemas": components.schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


def _components(operations: list[Operation]) -> _Components:
    models: list[tuple[type[BaseModel], Any]] = [(ErrorAnswer, "serialization")]
    for operation in operations:
        if operation.body is not None:
            models.append((operation.body, "validation"))
        if operation.answer is not None:
            models.append((operation.answer, "serialization"))
    unique = list(dict.fromkeys(models))
    by_model, definitions = models_json_schema(unique, ref_template=_REF)
    names = {
        model: str(reference["$ref"]).rsplit("/", 1)[1]
        for (model, _mode), reference in by_model.items()
    }
    return _Components(definitions.get("$defs", {}), names)


def _describe(path: str, route: ApiRoute, components: _Components) -> dict[str, Any]:
    operation = route.operation
    described: dict[str, Any] = {
        "operationId": f"{operation.tag}_{route.endpoint.__name__}",
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": _responses(operation, components),
    }
    if operation.description:
        described["description"] = operation.description
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in route.param_convertors
        if "{" + name in path
    ]
    if in_path or operation.parameters:
        described["parameters"] = [*in_path, *operation.parameters]
    if operation.body is not None or operation.raw:
        described["requestBody"] = {
            "required": operation.body_required,
            "content": _body(operation, components),
        }
    if operation.public:
        described["security"] = []
    return described


def _body(operation: Operation, components: _Components) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if operation.raw:
        content[operation.raw] = {"schema": {"type": "string", "format": "binary"}}
    if operation.body is None:
        return content
    reference = components.reference(operation.body)
    json_content: dict[str, Any] = {"schema": reference}
    if operation.example is not None:
        json_content["example"] = operation.example
    content["application/json"] = json_content
    if operation.multipart:
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "required": [operation.part],
                "properties": {operation.part: reference},
                "additionalProperties": {
                    "type": "string",
                    "contentMediaType": "application/octet-stream",
                    "description": operation.multipart,
                },
            },
            "encoding": {operation.part: {"contentType": "application/json"}},
        }
    return content


def _responses(operation: Operation, components: _Components) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if operation.answer is not None:
        content["schema"] = components.reference(operation.answer)
    if operation.answer_example is not None:
        content["example"] = operation.answer_example
    responses: dict[str, Any] = {
        str(status): {"description": "OK"}
        if status == HTTPStatus.NO_CONTENT
        else {"description": "OK", "content": {operation.media_type: content}}
        for status in (operation.status, *operation.also)
    }
    # Each route may say that it was too much, of calls or of wrong credentials.
    always = (HTTPStatus.TOO_MANY_REQUESTS.value,) if operation.public else _OF_CALLERS
    for status in sorted({*operation.errors, *always}):
        responses[str(status)] = {
            "description": "见 error.hint / see error.hint",
            "content": {"application/json": {"schema": components.reference(ErrorAnswer)}},
        }
    return responses


# Swagger UI's files come with the package offapi. Importing that would load 9 MB of scripts.
_SWAGGER_FILES = {"swagger_bundle.js": "text/javascript", "swagger_style.css": "text/css"}
_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>wxgate API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger_style.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger_bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true});'
_CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


class DocsHandler:
    """The API's description for machines and for people; nothing comes from another host."""

    def __init__(self, *, version: str, url: str) -> None:
        self._version = version
        self._url = url  # of the gateway, as its callers know it
        self._document: Any = None

    async def openapi(self, request: Request) -> Response:
        """The OpenAPI document of the app that this route belongs to."""
        if self._document is None:
            routes = listed_routes(request.app.routes)
            self._document = build_openapi(routes, version=self._version, url=self._url)
        return JSONResponse(self._document)

    async def page(self, _request: Request) -> Response:
        """Swagger UI."""
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _CSP})

    async def file(self, request: Request) -> Response:
        """One of Swagger UI's files, or the line that starts it."""
        name = request.path_params["name"]
        if name == "start.js":
            return Response(_START, media_type="text/javascript")
        if name not in _SWAGGER_FILES:
            raise HTTPException(404)
        return FileResponse(swagger_folder() / name, media_type=_SWAGGER_FILES[name])


def swagger_folder() -> Path:
    """Where Swagger UI's files are installed."""
    spec = find_spec("offapi")
    if spec is None or spec.origin is None:
        raise HTTPException(404)
    return Path(spec.origin).parent

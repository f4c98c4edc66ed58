from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from core.errors import GatewayError, Text
from core.secret import redact
from proxy.rules import CANONICAL, OWN_SEGMENTS, PathDenied, RelayRule, Rules
from wechat.catalogue import Catalogue, Endpoint

# As browsers send it: without a path, so without a slash at the end; extensions have schemes of
# their own. Neither "*" nor "null", which is any file and any sandboxed frame.
Origin = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9+.-]*://[a-z0-9.:\[\]-]+$")]


class RelaySettings(BaseModel):
    """`[relay]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefixes: tuple[str, ...] = Field(
        ("/wx", "/wechat", "/api", "/api-weixin"),
        description="the API is served at the root and under each of these",
    )
    unknown_paths: Literal["refuse", "forward"] = Field(
        "refuse", description="what happens to API paths that are not in the catalogue"
    )
    max_body_mb: int = Field(20, ge=1, le=200, description="larger request bodies are refused")
    spool_max_mb: int = Field(
        1_000, ge=20, description="disk that the bodies of calls under way may take in data_dir/tmp"
    )
    cors_origins: tuple[Origin, ...] = Field(
        (), description="origins of browser tools, such as https://md.example.com"
    )

    enhance_timeout_s: float = Field(
        20, gt=0, le=120, description="what looking after a relayed draft or upload may take"
    )
    rules: tuple[RelayRule, ...] = Field(
        (), description="[[relay.rules]]: calls to allow, deny or send elsewhere; the first counts"
    )

    @field_validator("prefixes")
    @classmethod
    def _prefixes_are_paths(cls, prefixes: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in prefixes:
            if not CANONICAL.fullmatch(prefix.encode()) or prefix.endswith("/"):
                raise ValueError(
                    f"{prefix!r} 应形如 /name / relay.prefixes: {prefix!r} must look like /name"
                )
            if prefix.split("/", 2)[1] in OWN_SEGMENTS:
                raise ValueError(
                    f"{prefix} 是 wxgate 自己的路径 / relay.prefixes: {prefix} is wxgate's own path"
                )
        return prefixes


class PathInvalid(GatewayError):
    """The path can be read in two ways: escapes, `..`, `//`, a backslash."""

    status = 400
    code = "path_invalid"
    category = "params"
    errcode = 40066
    message = Text("请求路径不规范", "the path is not canonical")
    hint = Text(
        "路径里不能有转义、..、// 或反斜杠", "use no escapes, dots, double slashes or backslashes"
    )


class PathUnknown(GatewayError):
    """No such API path at WeChat, as far as the catalogue goes."""

    status = 404
    code = "path_unknown"
    category = "params"
    errcode = 40066
    message = Text("没有这个接口：{path}", "no such API path: {path}")
    hint = Text(
        '核对路径；目录之外的接口可用 relay.unknown_paths = "forward" 放行',
        'check the path; relay.unknown_paths = "forward" lets paths outside the catalogue pass',
    )


class WrongVerb(GatewayError):
    """WeChat takes this path with the other verb."""

    status = 405
    code = "wrong_verb"
    category = "params"
    message = Text("{path} 需要用 {verb} 请求", "{path} wants {verb}")
    hint = Text("按接口文档改用正确的请求方法", "use the verb of WeChat's documentation")


class NeedsGet(WrongVerb):
    """WeChat takes this path with GET."""

    errcode = 43001


class NeedsPost(WrongVerb):
    """WeChat takes this path with POST."""

    errcode = 43002


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes."""

    path: str  # at WeChat; begins with "/", so that it cannot lengthen the name of the host
    endpoint: Endpoint | None  # None: not in the catalogue, forwarded all the same
    # What rules say of some clients alone; the caller is not known yet when a route is found.
    for_clients: tuple[tuple[frozenset[str], "Route | GatewayError"], ...] = ()
    refused: GatewayError | None = None  # what becomes of all other clients' calls

    @property
    def write(self) -> bool:
        """Whether the call may change something at WeChat; so it is assumed of unknown paths."""
        return self.endpoint is None or self.endpoint.write

    def of(self, client_id: str) -> "Route":
        """The route of this client. Raises PathDenied, PathUnknown, WrongVerb."""
        chosen = next(
            (choice for clients, choice in self.for_clients if client_id in clients),
            self.refused or self,
        )
        if isinstance(chosen, Route):
            return chosen
        raise chosen


class Router:
    """Finds the API path that a raw path means, under the root or one of the prefixes."""

    def __init__(self, settings: RelaySettings, catalogue: Catalogue) -> None:
        # The longest first: what stands under it is not read as a path under a shorter one.
        self._prefixes = sorted(
            (b"", *(prefix.encode() for prefix in settings.prefixes)), key=len, reverse=True
        )
        self._forward = settings.unknown_paths == "forward"
        self._catalogue = catalogue
        self._rules = Rules(settings.rules)
        self._first_segments = catalogue.first_segments | self._rules.first_segments
        self._known = frozenset(endpoint.path.lower() for endpoint in catalogue)
        # Every path that may be asked for and that no rule is about: what is found here is
        # canonical, and rules cost it nothing.
        self._routes = {
            prefix + endpoint.path.encode(): Route(endpoint.path, endpoint)
            for endpoint in catalogue
            for prefix in self._prefixes
            if not self._rules.of(endpoint.path)
        }

    def find(self, raw_path: bytes, method: str) -> Route:
        """The route. Raises PathInvalid, PathUnknown, PathDenied, WrongVerb."""
        route = self._routes.get(raw_path)
        if route is None:
            return self._searched(raw_path, method)
        if route.endpoint is not None and method != route.endpoint.method:
            raise _wrong_verb(route.endpoint)
        return route

    def _searched(self, raw_path: bytes, method: str) -> Route:
        """The route of a path that rules are about, or that is not in the catalogue."""
        if not CANONICAL.fullmatch(raw_path):
            raise PathInvalid
        path = self._at_wechat(raw_path)
        unknown = PathUnknown(path=redact(raw_path.decode("ascii"))[:200])
        usual = self._usual(path, method) or unknown
        choices: list[tuple[frozenset[str], Route | GatewayError]] = []
        for rule in self._rules.of_call(path, method) if path else ():
            choice = self._by(rule, path, method) or unknown
            if rule.clients:
                choices.append((frozenset(rule.clients), choice))
            else:
                usual = choice
        if isinstance(usual, Route):
            return replace(usual, for_clients=tuple(choices))
        if not choices:
            raise usual
        return Route(path, self._catalogue.find(path), tuple(choices), usual)

    def _usual(self, path: str, method: str) -> Route | GatewayError | None:
        """What becomes of a call without any rule; None: its path is unknown."""
        segment = path[1:].partition("/")[0]
        forwarded = self._forward and segment in self._catalogue.first_segments
        return self._to(path, method) if forwarded or self._catalogue.find(path) else None

    def _by(self, rule: RelayRule, path: str, method: str) -> Route | GatewayError | None:
        if rule.action == "deny":
            return PathDenied(path=path)
        return self._to(rule.to or path, method)

    def _to(self, path: str, method: str) -> Route | GatewayError | None:
        endpoint = self._catalogue.find(path)
        if endpoint is not None:
            return Route(path, endpoint) if method == endpoint.method else _wrong_verb(endpoint)
        # Another spelling of a known path must not pass by the scope that the path asks for.
        return None if path.rstrip("/").lower() in self._known else Route(path, None)

    def _at_wechat(self, raw_path: bytes) -> str:
        """The path without its prefix; empty if its first segment is none that is relayed."""
        for prefix in self._prefixes:
            if raw_path.startswith(prefix + b"/"):
                path = raw_path[len(prefix) :].decode("ascii")
                if path.split("/", 2)[1] in self._first_segments:
                    return path
        return ""


def _wrong_verb(endpoint: Endpoint) -> WrongVerb:
    refusal = NeedsGet if endpoint.method == "GET" else NeedsPost
    return refusal(path=endpoint.path, verb=endpoint.method)

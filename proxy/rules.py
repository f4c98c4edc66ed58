import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from core.errors import GatewayError, Text
from wechat.catalogue import Endpoint, load_catalogue

# Nothing that two parsers could read differently: no escapes, no empty or dotted segments.
CANONICAL = re.compile(rb"(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)+/?")
# First segments of the gateway's own API, which a prefix or an alias would hide.
OWN_SEGMENTS = frozenset(
    {"v1", "health", "metrics", "openapi.json", "docs", "console", "mcp", "wenyan", "callback"}
)
# "/cgi-bin/draft/*": a star stands for anything, at the end of a path or in it.
_PATTERN = re.compile(r"(?:/[A-Za-z0-9_.*-]+)+")
_TOKEN_PATHS = frozenset({"/cgi-bin/token", "/cgi-bin/stable_token"})


class PathDenied(GatewayError):
    """A rule of `[[relay.rules]]` denies the call."""

    status = 403
    code = "path_denied"
    category = "permission"
    errcode = 48001
    message = Text("规则不允许调用 {path}", "a rule denies calls of {path}")
    hint = Text(
        "这是 wxgate 的限制，与公众号的接口权限无关；wxgate routes 会列出规则",
        "this is wxgate speaking, not WeChat's API permissions; `wxgate routes` lists the rules",
    )


class RelayRule(BaseModel):
    """One entry of `[[relay.rules]]`; the first that fits a call counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description='API path without prefix; "*" stands for anything')
    methods: tuple[Annotated[str, StringConstraints(pattern="^[A-Z]+$")], ...] = Field(
        (), description="only these; empty: all"
    )
    clients: tuple[str, ...] = Field((), description="ids of the clients; empty: everybody")
    action: Literal["allow", "deny", "alias"] = Field(description="what becomes of the call")
    to: str = Field("", description="of an alias: the catalogue's path to call instead")

    @field_validator("path")
    @classmethod
    def _is_a_pattern(cls, path: str) -> str:
        if not _PATTERN.fullmatch(path):
            raise ValueError(f"{path!r} 应形如 /cgi-bin/draft/* / must look like /cgi-bin/draft/*")
        if path.split("/", 2)[1] in OWN_SEGMENTS:
            raise ValueError(f"{path} 是 wxgate 自己的路径 / {path} is wxgate's own path")
        if "*" in path.split("/", 2)[1] and path != "/*":
            raise ValueError("第一段不能有 *，除非是 /* / no star in the first segment, but for /*")
        return path

    @model_validator(mode="after")
    def _alias_leads_somewhere(self) -> Self:
        if (self.action == "alias") != bool(self.to):
            raise ValueError("只有 alias 需要 to / an alias, and nothing else, wants `to`")
        if not self.to:
            return self
        target = load_catalogue().find(self.to)
        if target is None:
            raise ValueError(f"to：目录中没有 {self.to} / {self.to} is not in the catalogue")
        from_early = any(map(_settled_early, filter(self._fits, load_catalogue())))
        if self.clients and (from_early or _settled_early(target)):
            raise ValueError(
                "换取凭证的接口不能只对部分客户端作别名 / "
                "a call for credentials cannot be an alias for some clients only"
            )
        return self

    def _fits(self, endpoint: Endpoint) -> bool:
        return pattern_of(self.path).fullmatch(endpoint.path) is not None

    @property
    def told(self) -> str:
        """The rule in a few words, for people."""
        words: list[str] = [self.action]
        words += [f"→ {self.to}"] if self.to else []
        words += [",".join(self.methods)] if self.methods else []
        words += [f"({', '.join(self.clients)})"] if self.clients else []
        return " ".join(words)


def pattern_of(path: str) -> re.Pattern[str]:
    """`path`, in which a star stands for anything, as an expression."""
    return re.compile(re.escape(path).replace(r"\*", ".*"))


def _pattern(rule: RelayRule) -> re.Pattern[str]:
    """What is denied is denied in each spelling that WeChat might take for the same."""
    pattern = pattern_of(rule.path)
    if rule.action != "deny":
        return pattern
    return re.compile(f"{pattern.pattern}/?", re.IGNORECASE)


def _settled_early(endpoint: Endpoint) -> bool:
    """Whether such a call is handled before its client is known."""
    return endpoint.path in _TOKEN_PATHS or endpoint.auth == "appid_secret"


@dataclass(frozen=True, slots=True)
class _Compiled:
    rule: RelayRule
    pattern: re.Pattern[str]


class Rules:
    """The rules in their order."""

    def __init__(self, rules: Sequence[RelayRule]) -> None:
        self._rules = [_Compiled(rule, _pattern(rule)) for rule in rules]
        self.first_segments = frozenset(
            rule.path.split("/", 2)[1] for rule in rules if rule.action != "deny"
        ) - {"*"}

    def of(self, path: str) -> list[RelayRule]:
        """Those that fit the path, whoever calls it."""
        return [each.rule for each in self._rules if each.pattern.fullmatch(path)]

    def of_call(self, path: str, method: str) -> list[RelayRule]:
        """Those that fit the call, up to the first that is for every client."""
        fitting = []
        for rule in self.of(path):
            if rule.methods and method not in rule.methods:
                continue
            fitting.append(rule)
            if not rule.clients:
                break
        return fitting

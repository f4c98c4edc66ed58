import math
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypedDict

from core.secret import redact

Category = Literal["auth", "quota", "params", "media", "content", "permission", "system", "gateway"]
Level = Literal["info", "warning", "error", "critical"]
Language = Literal["zh", "en"]


class Text(NamedTuple):
    """One text for people, in both languages; may hold `{names}` filled by the error's values."""

    zh: str
    en: str

    def fill(self, language: Language, values: dict[str, object]) -> str:
        """The text in `language`, with its `{names}` replaced by `values`."""
        # The template is always ours; a caller's text only ever stands on the right-hand side.
        text = self.zh if language == "zh" else self.en
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text


class UpstreamAnswer(TypedDict, total=False):
    """What WeChat said: its errcode, errmsg, request id and the API path that was called."""

    errcode: int
    errmsg: str
    rid: str
    path: str


class GatewayError(Exception):
    """A failure with a stable `code` for programs and a text in both languages for people.

    Subclasses are declared beside the code that raises them. One is sent to the caller and logged
    as it is, so credentials in its values are masked: callers put them anywhere. `errcode` is the
    number that tools written for WeChat understand, used when the failure happens on a relayed
    path.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    category: ClassVar[Category] = "gateway"
    level: ClassVar[Level] = "error"
    retryable: ClassVar[bool] = False
    errcode: ClassVar[int] = -1
    message: ClassVar[Text] = Text("网关内部错误", "internal error of the gateway")
    hint: ClassVar[Text] = Text(
        "请带上 request_id 反馈给管理员", "report it with its request_id to your operator"
    )

    def __init__(
        self,
        *,
        field: str | None = None,
        retry_after_s: float | None = None,
        upstream: UpstreamAnswer | None = None,
        **values: object,
    ) -> None:
        self.field = field
        self.retry_after_s = retry_after_s
        self.upstream = upstream
        self.values = {
            name: redact(value) if isinstance(value, str) else value
            for name, value in values.items()
        }
        super().__init__(self.message.fill("en", self.values))

    def anew(self) -> Self:
        """The same error, as if it had not been raised yet.

        For one of several who wait for one thing: each writes its own field. And to be kept: a
        traceback holds every local variable on its way.
        """
        made = type(self).__new__(type(self), *self.args)
        vars(made).update(vars(self))
        return made

    def describe(self, language: Language, request_id: str) -> dict[str, Any]:
        """The object under `error` in an answer (contract §4)."""
        described: dict[str, Any] = {
            "code": self.code,
            "category": self.category,
            "level": self.level,
            "message": self.message.fill(language, self.values),
            "hint": self.hint.fill(language, self.values),
            "retryable": self.retryable,
            "request_id": request_id,
        }
        if self.retry_after_s is not None:
            described["retry_after_s"] = math.ceil(self.retry_after_s)
        if self.field is not None:
            described["field"] = self.field
        if self.upstream is not None:
            described["upstream"] = self.upstream
        return described


def language_of(accept_language: str) -> Language:
    """The language to answer in, from an Accept-Language header: Chinese unless English leads."""
    first = accept_language.split(",", 1)[0].strip().lower()
    return "en" if first.startswith("en") else "zh"

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox.answers import Answer, Refused
from sandbox.bodies import Form, read_form, read_json
from sandbox.settings import SandboxAccount


@dataclass(frozen=True)
class ApiCall:
    """One API call, read whole."""

    path: str
    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    client_ip: str
    fault: str = ""  # what is going to spoil the answer

    @cached_property
    def json(self) -> dict[str, Any]:
        """The JSON object of the body. Raises Refused 44002, 47001."""
        return read_json(self.body)

    @cached_property
    def form(self) -> Form:
        """The parts of an upload. Raises Refused 41005."""
        return read_form(self.headers.get("content-type", ""), self.body)

    def text(self, name: str, errcode: int) -> str:
        """The body's field `name`, which must be a text with something in it, else `errcode`."""
        value = self.json.get(name)
        if not isinstance(value, str) or not value:
            raise Refused(errcode)
        return value

    def integer(self, name: str, errcode: int, *, default: int | None = None) -> int:
        """The body's field `name`, which must be an integer, else `errcode`."""
        value = self.json.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Refused(errcode)
        return value

    def window(self) -> tuple[int, int]:
        """`offset` and `count` of a list call. Raises Refused 40097 outside of their ranges."""
        offset = self.integer("offset", 40097)
        count = self.integer("count", 40097)
        if offset < 0 or not 1 <= count <= 20:
            raise Refused(40097)
        return offset, count


# A handler decides and commits without awaiting: no other call can come between the two.
AccountHandler = Callable[[ApiCall, SandboxAccount], Answer]  # the account of the access_token
OpenHandler = Callable[[ApiCall], Answer]  # paths that take no access_token

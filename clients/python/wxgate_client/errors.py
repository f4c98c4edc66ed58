from typing import Any


class Unreachable(Exception):
    """No gateway answers at that URL."""


class Refused(Exception):
    """The gateway refused; holds its `error` object (contract §4)."""

    def __init__(self, error: dict[str, Any], *, status: int = 0) -> None:
        self.error = error
        self.status = status  # HTTP's; 0: refused on this side
        self.code = str(error.get("code") or "")
        self.message = str(error.get("message") or self.code)
        self.hint = str(error.get("hint") or "")
        super().__init__(f"{self.code}: {self.message}")

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from core.errors import Text
from server.faults import BadConfigurationError, Fault
from server.settings import ServerSettings, Settings, cross_faults


class Overrides(BaseModel):
    """What the command line of `wxgate serve` puts over the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str = ""
    workers: int | None = None

    def over(self, settings: Settings) -> Settings:
        """`settings` with it. Raises BadConfigurationError."""
        given = {name: value for name, value in self if value not in ("", None)}
        if not given:
            return settings
        try:
            server = ServerSettings.model_validate({**settings.server.model_dump(), **given})
        except ValidationError as exc:
            raise BadConfigurationError(list(map(_fault, exc.errors()))) from None
        changed = settings.model_copy(update={"server": server})
        if faults := list(cross_faults(changed)):
            raise BadConfigurationError(faults)
        return changed


def _fault(error: ErrorDetails) -> Fault:
    said, name = error["input"], error["loc"][0]
    if name == "listen":
        return Fault("--listen", Text(f"应为 HOST:PORT：{said}", f"takes HOST:PORT: {said}"))
    return Fault("--workers", Text(f"应为 1 到 64：{said}", f"takes 1 to 64: {said}"))

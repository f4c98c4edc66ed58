from typing import Any

from content import refusals
from content.lanes import LaneFull
from content.workers import WorkerPool, WorkExhausted, WorkFailed, WorkRefused
from core.errors import GatewayError
from templates.errors import TemplateFailed, TemplateInvalid

_RETRY_AFTER_S = 10
_REFUSALS: dict[str, type[GatewayError]] = {
    refusal.code: refusal
    for refusal in (TemplateFailed, TemplateInvalid, refusals.FrontMatterInvalid)
}


class TemplateWork:
    """What is done with the texts of templates, in worker processes."""

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers

    async def fill(self, request: dict[str, Any]) -> str:
        """The text that a template makes (`Bundle.request`).

        Raises TemplateFailed, FrontMatterInvalid, RenderingBusy.
        """
        result = await self._run("template", request, TemplateFailed, request["entry"])
        return str(result["text"])

    async def write(self, request: dict[str, Any]) -> dict[str, str]:
        """Subject, text, markdown and html of a message (`Bundle.request`); raises as `fill`."""
        return await self._run("message", request, TemplateFailed, request["entry"])

    async def inspect(self, name: str, text: str) -> dict[str, Any]:
        """What a template is made of (templates/inspect.py); raises TemplateInvalid."""
        arguments = {"name": name, "text": text}
        return await self._run("template_inspect", arguments, TemplateInvalid, name)

    async def diff(self, name: str, before: str, after: str) -> dict[str, Any]:
        """What is different (templates/diff.py); raises TemplateFailed if that takes too long."""
        arguments = {"before": before, "after": after}
        return await self._run("template_diff", arguments, TemplateFailed, name)

    async def _run(
        self, operation: str, arguments: dict[str, Any], failure: type[GatewayError], name: str
    ) -> dict[str, Any]:
        try:
            return (await self._workers.run(operation, arguments)).result
        except WorkRefused as refused:
            values: dict[str, Any] = refused.values
            raise _REFUSALS[refused.code](field=refused.field, **values) from None
        except LaneFull:
            raise refusals.RenderingBusy(retry_after_s=_RETRY_AFTER_S) from None
        except (WorkExhausted, WorkFailed):
            zh, en = "用时或内存超限", "it takes too much time or memory"
            raise failure(template=name, line="?", zh=zh, en=en) from None

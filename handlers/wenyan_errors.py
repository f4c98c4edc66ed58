from typing import Any

from starlette.responses import JSONResponse

from handlers.error_forms import handlers_in


def refusal(told: dict[str, Any], status: int) -> JSONResponse:
    """An error of contract §4 as Wenyan's tools show it: they print `desc` and nothing else."""
    desc = f"{told['message']}\n{told['hint']} ({told['request_id']})"
    return JSONResponse({"code": -1, "desc": desc, "error": told}, status_code=status)


WENYAN_EXCEPTION_HANDLERS = handlers_in(refusal)

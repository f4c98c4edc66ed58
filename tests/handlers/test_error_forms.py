import json

from starlette.requests import Request
from starlette.responses import JSONResponse

from core.errors import GatewayError
from handlers.body_budget import ServerBusy
from handlers.error_forms import handlers_in
from handlers.errors import EXCEPTION_HANDLERS


async def test_the_form_is_another_and_status_and_headers_stay() -> None:
    theirs = handlers_in(lambda told, status: JSONResponse([told["code"]], status_code=status))
    assert set(theirs) == set(EXCEPTION_HANDLERS)
    request = Request({"type": "http", "headers": [], "state": {"request_id": "req_1"}})
    answer = await theirs[GatewayError](request, ServerBusy(retry_after_s=3))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert json.loads(bytes(answer.body)) == ["server_busy"]
    assert answer.headers["content-length"] == str(len(answer.body))

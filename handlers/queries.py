from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from handlers.bodies import FieldInvalid

NO_NUL = "^[^\\x00]*$"  # PostgreSQL takes none

Query = TypeVar("Query", bound=BaseModel)


def read_query(request: Request, model: type[Query]) -> Query:
    """The request's query as `model`. Raises FieldInvalid, naming the parameter."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as exc:
        fault = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    name = str(fault["loc"][0])[:64]
    raise FieldInvalid(field=name, reason=f"{name}: {fault['msg']}")

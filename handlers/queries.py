import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from core.errors import GatewayError
from handlers.bodies import FieldInvalid

NO_NUL = "^[^\\x00]*$"  # PostgreSQL takes none

Query = TypeVar("Query", bound=BaseModel)


def read_query(request: Request, model: type[Query]) -> Query:
    """The request's query as `model`. Raises FieldInvalid, naming the parameter."""
    try:
        return model.model_validate(_said(request, model))
    except ValidationError as exc:
        fault = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    name = str(fault["loc"][0])[:64]
    raise FieldInvalid(field=name, reason=f"{name}: {fault['msg']}")


def path_id(
    request: Request,
    name: str,
    *,
    form: str,
    unknown: Callable[..., GatewayError],
    told_as: str = "id",
) -> str:
    """What the path names, if an id has that form. Raises `unknown`, which calls it `told_as`."""
    said: str = request.path_params[name]
    if not re.fullmatch(form, said):
        raise unknown(**{told_as: said[:64]})
    return said


def unix(at: datetime | None) -> float | None:
    """The same time, as stores keep it."""
    return None if at is None else at.timestamp()


def _said(request: Request, model: type[BaseModel]) -> dict[str, Any]:
    """By name the last value; of a tuple all of them, repeated or with commas between them."""
    said: dict[str, Any] = dict(request.query_params)
    for name, field in model.model_fields.items():
        kinds = (field.annotation, *get_args(field.annotation))
        if name in said and any(get_origin(kind) is tuple for kind in kinds):
            every = ",".join(request.query_params.getlist(name)).split(",")
            said[name] = tuple(filter(None, every))
    return said

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from handlers.bodies import FieldInvalid
from handlers.queries import NO_NUL, path_id, read_query, unix
from jobs.schedule_errors import ScheduleUnknown
from notify.errors import NotificationUnknown


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1)
    name: str | None = Field(None, pattern=NO_NUL)
    each: tuple[int, ...] = ()
    some: tuple[str, ...] | None = None


def _request(query: bytes) -> Request:
    return Request({"type": "http", "query_string": query, "headers": []})


def test_a_query_becomes_the_model() -> None:
    assert read_query(_request(b"limit=3&name=a"), _Query) == _Query(limit=3, name="a")


def test_many_values_are_repeated_or_have_commas_between() -> None:
    query = read_query(_request(b"each=1,2&each=3&some=a,,b"), _Query)
    assert (query.each, query.some) == ((1, 2, 3), ("a", "b"))
    assert read_query(_request(b"name=a,b&name=c"), _Query).name == "c"
    assert read_query(_request(b"some="), _Query).some == ()


@pytest.mark.parametrize(
    ("query", "field"), [(b"limit=0", "limit"), (b"name=%00", "name"), (b"secret=x", "secret")]
)
def test_a_fault_names_the_parameter_and_not_its_value(query: bytes, field: str) -> None:
    with pytest.raises(FieldInvalid) as caught:
        read_query(_request(query), _Query)
    assert caught.value.field == field


@pytest.mark.parametrize("said", ["", "ntf_1", "ntf_12\n", "x" * 100, "ntf_\x00"])
def test_a_path_names_what_has_the_form_of_an_id(said: str) -> None:
    request = Request({"type": "http", "headers": [], "path_params": {"it": said}})
    with pytest.raises(NotificationUnknown) as caught:
        path_id(request, "it", form="ntf_[0-9]{2}", unknown=NotificationUnknown)
    assert caught.value.values["id"] == said[:64]
    with pytest.raises(ScheduleUnknown):
        path_id(request, "it", form="sch_", unknown=ScheduleUnknown, told_as="schedule_id")
    assert path_id(request, "it", form="(?s).*", unknown=NotificationUnknown) == said


def test_a_time_is_kept_in_seconds() -> None:
    assert unix(datetime.fromtimestamp(5, UTC)) == 5
    assert unix(None) is None

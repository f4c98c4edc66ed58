import re
import zlib
from datetime import date, timedelta
from typing import Any

from core.clock import shanghai_day
from sandbox.answers import Answer, Refused, json_answer
from sandbox.apicall import AccountHandler, ApiCall
from sandbox.settings import SandboxAccount
from sandbox.world import World
from wechat.catalogue import load_catalogue

_PREFIX = "/datacube/"
# Days that one call may span, in memory of WeChat's pages; 30 for what is not listed.
_SPANS = {
    "getusersummary": 7,
    "getusercumulate": 7,
    "getarticlesummary": 1,
    "getarticletotal": 1,
    "getuserread": 3,
    "getuserreadhour": 1,
    "getusershare": 7,
    "getusersharehour": 1,
    "getupstreammsg": 7,
    "getupstreammsghour": 1,
    "getupstreammsgdist": 15,
    "getinterfacesummaryhour": 1,
}
_SPAN_DAYS = 30
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Datacube:
    """datacube/*: statistics made up from the date, the same at each call."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handlers(self) -> dict[str, AccountHandler]:
        """Every call of this family."""
        return {
            endpoint.path: self.sample
            for endpoint in load_catalogue()
            if endpoint.path.startswith(_PREFIX)
        }

    def sample(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """A row a day. Raises Refused: 61500 for what is no date, 61501 for a wrong range."""
        begin, end = _date(call.json.get("begin_date")), _date(call.json.get("end_date"))
        today = date.fromisoformat(shanghai_day(self._world.clock()))
        span = _SPANS.get(call.path.removeprefix(_PREFIX), _SPAN_DAYS)
        days = (end - begin).days + 1
        if not 1 <= days <= span or end >= today:
            raise Refused(61501)
        rows = [_row(account.app_id, begin + timedelta(days=day)) for day in range(days)]
        return json_answer({"list": rows})


def _date(value: object) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise Refused(61500)


def _row(app_id: str, day: date) -> dict[str, Any]:
    seed = zlib.crc32(f"{app_id} {day}".encode())
    return {
        "ref_date": day.isoformat(),
        "user_source": 0,
        "new_user": seed % 40,
        "cancel_user": seed % 7,
        "cumulate_user": 1_000 + seed % 500,
        "int_page_read_user": seed % 300,
        "int_page_read_count": seed % 300 + seed % 90,
        "share_user": seed % 20,
        "share_count": seed % 20 + seed % 5,
    }

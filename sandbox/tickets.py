import hashlib
import io
from urllib.parse import quote

from sandbox.answers import Answer, BrokenTransport, Refused, json_answer, ok
from sandbox.apicall import AccountHandler, ApiCall, OpenHandler
from sandbox.settings import SandboxAccount
from sandbox.world import World

_TICKET_LIFE_S = 7_200
_QR_LIFE_S = 2_592_000  # longest for a temporary QR code
_QR_PX = 430


class Tickets:
    """JS-SDK tickets and QR codes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._began = world.clock()
        self._qr_tickets: set[str] = set()

    def handlers(self) -> dict[str, AccountHandler]:
        """The calls with an access_token."""
        return {
            "/cgi-bin/ticket/getticket": self.getticket,
            "/cgi-bin/qrcode/create": self.create_qrcode,
        }

    def open_handlers(self) -> dict[str, OpenHandler]:
        """showqrcode, which WeChat serves on mp.weixin.qq.com without a token."""
        return {"/cgi-bin/showqrcode": self.showqrcode}

    def getticket(self, call: ApiCall, account: SandboxAccount) -> Answer:
        """A ticket that changes every two hours; asking again retires nothing."""
        kind = call.query.get("type")
        if kind not in ("jsapi", "wx_card"):
            raise Refused(40097)
        period, passed = divmod(int(self._world.clock() - self._began), _TICKET_LIFE_S)
        ticket = hashlib.sha512(f"{account.app_id} {kind} {period}".encode()).hexdigest()[:86]
        return ok(ticket=ticket, expires_in=_TICKET_LIFE_S - passed)

    def create_qrcode(self, call: ApiCall, _account: SandboxAccount) -> Answer:
        """A ticket for showqrcode."""
        if "action_info" not in call.json:
            raise Refused(47001)
        ticket = f"gQ{self._world.new_id(92)}=="
        self._qr_tickets.add(ticket)
        expires = call.integer("expire_seconds", 40097, default=_QR_LIFE_S)
        url = f"{self._world.base_url}/q/{quote(ticket)}"
        return json_answer({"ticket": ticket, "expire_seconds": expires, "url": url})

    def showqrcode(self, call: ApiCall) -> Answer:
        """A picture for a ticket that was given out; 404 for any other."""
        from PIL import Image

        ticket = call.query.get("ticket", "")
        if ticket not in self._qr_tickets:
            raise BrokenTransport(404)
        cells = Image.new("1", (25, 25))
        digest = hashlib.sha512(ticket.encode()).digest() * 2
        cells.putdata([digest[at // 8] >> at % 8 & 1 for at in range(25 * 25)])
        out = io.BytesIO()
        # It looks like a QR code and is none: nothing could be scanned in a sandbox.
        cells.resize((_QR_PX, _QR_PX)).convert("L").save(out, "JPEG")
        return Answer(out.getvalue(), "image/jpg")

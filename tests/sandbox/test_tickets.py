import io

from PIL import Image

from tests.sandbox.caller import Caller

GETTICKET = "/cgi-bin/ticket/getticket"
CREATE = "/cgi-bin/qrcode/create"
SHOW = "/cgi-bin/showqrcode"


async def test_asking_again_gives_the_same_ticket(caller: Caller) -> None:
    first, second = [await caller.get(GETTICKET, type="jsapi") for _ in range(2)]
    assert first["errcode"] == 0
    assert first["ticket"] == second["ticket"]
    assert 0 < first["expires_in"] <= 7200
    assert (await caller.get(GETTICKET, type="wx_card"))["ticket"] != first["ticket"]
    assert (await caller.get(GETTICKET))["errcode"] == 40097


async def test_a_ticket_shows_a_picture_to_anybody(caller: Caller) -> None:
    body = {"action_name": "QR_SCENE", "expire_seconds": 60, "action_info": {"scene": {}}}
    made = await caller.post(CREATE, body)
    assert made["expire_seconds"] == 60
    shown = await caller.http.get(SHOW, params={"ticket": made["ticket"]})
    assert shown.headers["content-type"] == "image/jpg"
    assert Image.open(io.BytesIO(shown.content)).size == (430, 430)
    assert (await caller.post(CREATE, {}))["errcode"] == 47001


async def test_an_unknown_ticket_is_404(caller: Caller) -> None:
    assert (await caller.http.get(SHOW, params={"ticket": "x"})).status_code == 404

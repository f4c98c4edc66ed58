"""What the relay's tests share; their fixtures are in conftest.py."""

import io

from PIL import Image

from tests.gateway import KEY, MAIN

ADD, COUNT, BATCHGET = "/cgi-bin/draft/add", "/cgi-bin/draft/count", "/cgi-bin/draft/batchget"
UPLOADIMG, STABLE = "/cgi-bin/media/uploadimg", "/cgi-bin/stable_token"
LOGIN = {"grant_type": "client_credential", "appid": MAIN.app_id, "secret": KEY}
WITH_KEY = {"authorization": f"Bearer {KEY}"}


def png(side: int = 2) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((side, side), 90).save(out, "PNG")
    return out.getvalue()

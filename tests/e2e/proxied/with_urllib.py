# The standard library alone: urllib, http.client and ssl.
import json
import os
from urllib.parse import urlencode
from urllib.request import urlopen

WECHAT = "https://api.weixin.qq.com/cgi-bin"
about = {"grant_type": "client_credential", "appid": os.environ["APP_ID"], "secret": "made-up"}
with urlopen(f"{WECHAT}/token?{urlencode(about)}", timeout=60) as answer:  # noqa: S310
    token = json.load(answer)["access_token"]
draft = os.environ["DRAFT"].encode()
with urlopen(f"{WECHAT}/draft/add?access_token={token}", draft, timeout=60) as answer:  # noqa: S310
    print(answer.read().decode())

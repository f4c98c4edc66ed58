import os

import requests

WECHAT = "https://api.weixin.qq.com/cgi-bin"
about = {"grant_type": "client_credential", "appid": os.environ["APP_ID"], "secret": "made-up"}
token = requests.get(f"{WECHAT}/token", params=about, timeout=60).json()["access_token"]
draft = os.environ["DRAFT"].encode()
answer = requests.post(f"{WECHAT}/draft/add?access_token={token}", data=draft, timeout=60)
print(answer.text)

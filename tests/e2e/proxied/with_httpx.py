import os

import httpx

with httpx.Client(base_url="https://api.weixin.qq.com/cgi-bin", timeout=60) as http:
    about = {"grant_type": "client_credential", "appid": os.environ["APP_ID"], "secret": "made-up"}
    token = http.get("/token", params=about).json()["access_token"]
    draft = os.environ["DRAFT"].encode()
    print(http.post("/draft/add", params={"access_token": token}, content=draft).text)

"""Calls wxgate with a signed request: Python's standard library and httpx.

WXGATE_URL=http://127.0.0.1:8080 WXGATE_KEY=wxg_blog_… python sign.py
"""

import base64
import hashlib
import hmac
import os
import secrets
import time
from urllib.parse import urlsplit

import httpx


def signed(method: str, url: str, body: bytes, key: str) -> dict[str, str]:
    """The headers of a signed request; `url` is percent-encoded, as it will be sent."""
    parts = urlsplit(url)
    client = key.split("_")[1]
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    lines = {
        "@method": method,
        "@path": parts.path or "/",
        "@query": "?" + parts.query,
        "content-digest": f"sha-256=:{digest}:",
    }
    covered = " ".join(f'"{name}"' for name in lines)
    params = f'({covered});created={int(time.time())};nonce="{secrets.token_hex(16)}"'
    params += f';keyid="{client}";alg="hmac-sha256"'
    base = "".join(f'"{name}": {value}\n' for name, value in lines.items())
    base += f'"@signature-params": {params}'
    signature = base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha256")).decode()
    return {
        "Content-Digest": lines["content-digest"],
        "Signature-Input": f"sig1={params}",
        "Signature": f"sig1=:{signature}:",
    }


if __name__ == "__main__":
    url = os.environ["WXGATE_URL"].rstrip("/") + "/v1/render?from=python"
    body = '{"markdown": "你好，**签名**"}'.encode()
    headers = signed("POST", url, body, os.environ["WXGATE_KEY"])
    headers["Content-Type"] = "application/json"
    print(httpx.post(url, content=body, headers=headers).text)

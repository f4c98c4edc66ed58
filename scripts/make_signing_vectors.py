"""Write examples/signing/vectors.json: signed requests to check other implementations against.

Usage: python scripts/make_signing_vectors.py [--check]. With --check nothing is written, and the
status is 1 if the file is out of date.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from server.signer import ToSign, sign_request  # noqa: E402 - found through the line above

TARGET = ROOT / "examples" / "signing" / "vectors.json"
KEY = "wxg_example_0123456789abcdefghijklmn"
OLD_KEY = "wxg_example_nmlkjihgfedcba9876543210"
CREATED = 1_795_300_000
_ABOUT = (
    "Requests signed by RFC 9421 with hmac-sha256. The key's bytes are its ASCII text. Each has "
    "signature_base, what the signature was made over, and the headers that were added."
)
_HOST = "http://gate.example:8080"
_JSON = {"Content-Type": "application/json"}
_COUNT = "/cgi-bin/draft/count"

# name, method, path and query, body, headers, key
_REQUESTS: list[tuple[str, str, str, bytes | None, dict[str, str], str]] = [
    ("get", "GET", "/v1/jobs", None, {}, KEY),
    ("head", "HEAD", "/v1/jobs", None, {}, KEY),
    ("delete", "DELETE", "/v1/admin/clients/x", None, {}, KEY),
    ("delete-with-body", "DELETE", "/v1/admin/clients/x", b"{}", _JSON, KEY),
    ("put", "PUT", "/v1/admin/clients/x", b'{"scopes":[]}', _JSON, KEY),
    ("patch", "PATCH", "/v1/admin/clients/x", b'{"scopes":[]}', _JSON, KEY),
    ("post-json", "POST", "/v1/render", b'{"markdown":"hi"}', _JSON, KEY),
    ("post-without-body", "POST", "/v1/jobs/job_1/cancel", None, {}, KEY),
    ("post-empty-body", "POST", "/v1/jobs/job_1/cancel", b"", {}, KEY),
    ("relayed-read", "GET", _COUNT, None, {}, KEY),
    ("relayed-write", "POST", "/cgi-bin/draft/delete", b'{"media_id":"x"}', _JSON, KEY),
    ("account-named", "GET", _COUNT, None, {"X-Wxgate-Account": "main"}, KEY),
    ("account-and-body", "POST", "/v1/render", b"{}", {**_JSON, "X-Wxgate-Account": "main"}, KEY),
    ("root-path", "GET", "/", None, {}, KEY),
    ("path-trailing-slash", "GET", "/v1/jobs/", None, {}, KEY),
    ("path-double-slash", "GET", "//v1//jobs", None, {}, KEY),
    ("path-upper-case", "GET", "/v1/JOBS", None, {}, KEY),
    ("path-escaped", "GET", "/v1/accounts/%E4%B8%BB/articles", None, {}, KEY),
    ("path-escape-lower-case", "GET", "/v1/accounts/%e4%b8%bb/articles", None, {}, KEY),
    ("path-tilde", "GET", "/v1/~x", None, {}, KEY),
    ("path-tilde-escaped", "GET", "/v1/%7Ex", None, {}, KEY),
    ("path-prefix", "GET", f"/wx{_COUNT}", None, {}, KEY),
    ("query", "GET", "/v1/jobs?state=failed&limit=5", None, {}, KEY),
    ("query-other-order", "GET", "/v1/jobs?limit=5&state=failed", None, {}, KEY),
    ("query-plus", "GET", "/v1/jobs?q=a+b", None, {}, KEY),
    ("query-space-escaped", "GET", "/v1/jobs?q=a%20b", None, {}, KEY),
    ("query-tilde", "GET", "/v1/jobs?q=~", None, {}, KEY),
    ("query-tilde-escaped", "GET", "/v1/jobs?q=%7E", None, {}, KEY),
    ("query-empty-value", "GET", "/v1/jobs?q=", None, {}, KEY),
    ("query-no-value", "GET", "/v1/jobs?q", None, {}, KEY),
    ("query-duplicate-key", "GET", "/v1/jobs?q=1&q=2&q=1", None, {}, KEY),
    ("query-question-mark", "GET", "/v1/jobs?q=a?b", None, {}, KEY),
    ("query-slash-and-colon", "GET", "/v1/jobs?u=http://a/b", None, {}, KEY),
    ("query-unicode", "GET", "/v1/jobs?q=%E5%BE%AE%E4%BF%A1", None, {}, KEY),
    ("query-with-post", "POST", f"{_COUNT}?a=1", b"{}", _JSON, KEY),
    ("body-unicode", "POST", "/v1/render", '{"markdown":"你好，𠮷 🙂"}'.encode(), _JSON, KEY),
    ("body-line-feeds", "POST", "/v1/render", b'{\r\n"markdown":"a\\n"\n}\n', _JSON, KEY),
    ("body-binary", "POST", "/x", bytes(range(256)), {"Content-Type": "image/png"}, KEY),
    ("body-large", "POST", "/x", b"0123456789" * 200, {"Content-Type": "text/plain"}, KEY),
    ("old-key-while-rotating", "POST", "/v1/render", b'{"markdown":"hi"}', _JSON, OLD_KEY),
]


def main(arguments: list[str]) -> int:
    """Write the file, or compare it."""
    text = json.dumps(
        {"about": _ABOUT, "vectors": [_vector(*request) for request in _REQUESTS]},
        ensure_ascii=False,
        indent=1,
    )
    if "--check" in arguments:
        return 0 if TARGET.read_text("utf-8") == text + "\n" else 1
    TARGET.write_text(text + "\n", "utf-8")
    return 0


def _vector(
    name: str, method: str, target: str, body: bytes | None, headers: dict[str, str], key: str
) -> dict[str, Any]:
    nonce = f"nonce-of-vector-{name}"
    request = ToSign(method, _HOST + target, body, headers)
    signed = sign_request(request, key, created=CREATED, nonce=nonce)
    added = {given: value for given, value in signed.headers.items() if given not in headers}
    return {
        "name": name,
        "key": key,
        "created": CREATED,
        "nonce": nonce,
        "request": {
            "method": method,
            "url": request.url,
            "headers": headers,
            "body_base64": None if body is None else base64.b64encode(body).decode("ascii"),
        },
        "signature_base": signed.base,
        "added_headers": added,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

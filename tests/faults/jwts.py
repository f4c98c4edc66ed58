"""JWTs built by hand, the way an attacker would who knows everything but the key, or even that."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HEADER = {"alg": "HS256", "typ": "JWT", "kid": "1"}


def session_key(data_dir: Path) -> bytes:
    """The key of sessions, derived anew from the master key of a gateway."""
    master_key = bytes.fromhex((data_dir / "master.key").read_text())
    return HKDF(SHA256(), 32, salt=None, info=b"wxgate session jwt v1").derive(master_key)


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT says."""
    payload = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def encoded(part: Any) -> str:
    """A part of a JWT: JSON unless it is bytes already."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: Any, claims: Any, key: bytes, algorithm: str = "sha256") -> str:
    """Both parts under an HMAC."""
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(hmac.digest(key, text.encode(), algorithm))}"


def forgeries(claims: dict[str, Any], key: bytes) -> dict[str, str]:
    """Tokens whose claims are in order and whose making is not, by what is wrong with them."""
    good = signed(HEADER, claims, key)
    head, payload, seal = good.split(".")
    public = hashlib.sha256(b"anything that anybody may know").digest()
    made = {
        f"alg {name}": signed({**HEADER, "alg": name}, claims, key)
        for name in ("none", "None", "nOnE", "", "hs256", "HS384", "RS256", "ES256", "EdDSA", "dir")
    }
    made |= {f"alg {value!r}": signed({**HEADER, "alg": value}, claims, key) for value in (None, 1)}
    made |= {
        f"kid {value!r}": signed({**HEADER, "kid": value}, claims, key)
        for value in ("../../dev/null", "1' OR '1'='1", "", "2", "1\x00", 1, None, ["1"], {"1": 1})
    }
    made |= {
        f"header {name}": signed({**HEADER, name: value}, claims, key)
        for name, value in (
            ("jku", "http://127.0.0.1:9/keys"),
            ("x5u", "http://127.0.0.1:9/cert"),
            ("x5c", ["MIIB"]),
            ("jwk", {"kty": "oct", "k": encoded(key)}),
            ("crit", ["exp"]),
            ("crit", []),
            ("crit", ["unknown"]),
            ("b64", False),
            ("zip", "DEF"),
            ("cty", "JWT"),
        )
    }
    return made | {
        "no kid": signed({"alg": "HS256"}, claims, key),
        "alg none without a seal": f"{encoded({**HEADER, 'alg': 'none'})}.{payload}.",
        "empty seal": f"{head}.{payload}.",
        "half of a seal": f"{head}.{payload}.{seal[:21]}",
        "a seal and more": f"{good}AA",
        "padding": f"{good}=",
        "white space": f"{head}.{payload} .{seal}",
        "a seal of zeros": f"{head}.{payload}.{encoded(bytes(32))}",
        "somebody's key": signed(HEADER, claims, public),
        "the empty key": signed(HEADER, claims, b""),
        "HS384 under HS256": signed({**HEADER, "alg": "HS384"}, claims, key, "sha384"),
        "HS512 under HS256": signed(HEADER, claims, key, "sha512"),
        "header nested deeply": f"{encoded(b'[' * 90)}.{payload}.{seal}",
        "header of another kind": signed(["HS256"], claims, key),
        "header not UTF-8": signed(b'{"alg":"HS256","kid":"\xff"}', claims, key),
        "alg twice": signed(b'{"alg":"none","alg":"HS384","kid":"1"}', claims, key),
        "claims of another kind": signed(HEADER, [claims], key),
        "claims as text": signed(HEADER, "claims", key),
        "claims that are no JSON": signed(HEADER, b"{", key),
        "claims with NaN": signed(HEADER, b'{"exp":NaN}', key),
        "claims nested deeply": signed(HEADER, b"[" * 600, key),
        "too long": signed(HEADER, {**claims, "more": "x" * 2_000}, key),
        "only dots": "..",
    }


def unfit(claims: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Claims that must not be taken under the best of seals, by what is wrong with them."""
    now = int(time.time())
    wrongs: dict[str, tuple[Any, ...]] = {
        "exp": (str(now + 60), now + 60.5, 1e99, -1, True, None, [now + 60], 10**30),
        "iat": (str(now), now + 0.5, now + 3_600, -1, False, None, 1e99),
        "nbf": (now + 3_600, str(now), 1e99, -1, None),
        "aud": ("wxgate.example", "wxgat", "", ["wxgate"], None, 1, ["wxgate", "other"]),
        "iss": ("wxgate.example", "wxgat", "", ["wxgate"], None),
        "sub": ("", "nobody", 1, None, ["blog"], "blog\x00", "BLOG"),
        "sid": (1, None, ["ses"], {}),
        "epo": ("", "00000000", 1, None, ["x"]),
    }
    made = {
        f"{name} {value!r}": {**claims, name: value}
        for name, values in wrongs.items()
        for value in values
    }
    for name in ("exp", "iat", "aud", "iss", "sub", "sid", "epo"):
        made[f"no {name}"] = {key: value for key, value in claims.items() if key != name}
    made["a year long"] = {**claims, "exp": now + 365 * 86_400}
    made["past"] = {**claims, "iat": now - 7_200, "exp": now - 3_600}
    return made

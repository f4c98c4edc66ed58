import json
import time

import pytest

from core.secret import MASK, MAX_CHARS, redact, redact_event, redact_value

CANARY = "CANARY0123456789abcdef"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJibG9nIn0.c2lnbmF0dXJlLWNhbmFyeQ"
HEX32, HEX64 = "0123456789abcdef" * 2, "0123456789abcdef" * 4
WECHATS = "86_" + "aB3-_xYz" * 12
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"GET /cgi-bin/draft/add?access_token={CANARY}&x=1", CANARY),
        (f"/cgi-bin/token?appid=wx1&secret={CANARY}", CANARY),
        ("secret=ok-Kiss-sks-CANARY", "CANARY"),
        (f"/cgi-bin/token?appid=wx1&secret%3D{CANARY}", CANARY),
        (f'{{"appsecret": "{CANARY}"}}', CANARY),
        (f'{{\\"appsecret\\":\\"{CANARY}\\"}}', CANARY),
        (f"{{'access_token': '{CANARY}'}}", CANARY),
        (f"app_secret = '{CANARY}'", CANARY),
        (f"encoding_aes_key={CANARY}", CANARY),
        (f"Authorization: Bearer {CANARY}", CANARY),
        (f"authorization: Basic {CANARY}", CANARY),
        (f"(b'authorization', b'Bearer {CANARY}')", CANARY),
        (f"{{'cookie': 'a=1; session={CANARY}'}}", CANARY),
        (f"Cookie: a=1; session={CANARY}", CANARY),
        (f"x-api-key: {CANARY}", CANARY),
        (f"the key wxg_blog_{CANARY} was refused", CANARY),
        (f"token wxgv_{CANARY}", CANARY),
        (f"refresh wxgr_{CANARY}", CANARY),
        (f"session {JWT} ended", JWT),
        (f"half of a session {JWT[:40]}", JWT[:40]),
        (f"fetched {WECHATS} for main", WECHATS),
        (f"the secret of main is {HEX32}.", HEX32),
        (f"master key {HEX64}", HEX64),
        ("sig1=:SGVsbG8gV29ybGQgSGVsbG8gV29ybGQ=:", "SGVsbG8gV29ybGQgSGVsbG8gV29ybGQ"),
        (f"postgresql+asyncpg://wxgate:{CANARY}@db/wxgate", CANARY),
        (f"redis://:{CANARY}@127.0.0.1:6379/0", CANARY),
        ("redis://:p@ss-CANARY@127.0.0.1", "ss-CANARY"),
        (f"https://hooks.slack.com/services/T0/B0/{CANARY}", CANARY),
        (f"https://open.feishu.cn/open-apis/bot/v2/hook/{CANARY} x", CANARY),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={CANARY}", CANARY),
        (f"https://oapi.dingtalk.com/robot/send?access_token={HEX64}", HEX64),
        (f"secret SEC{HEX64}", HEX64),
        (f"https://sctapi.ftqq.com/SCT1234T{CANARY}.send", CANARY),
        (f"https://1234.push.ft07.com/send/sctp1234t{CANARY}.send", CANARY),
        (f'{{"device_key": "{CANARY}"}}', CANARY),
        (f"access_key_secret = '{CANARY}'", CANARY),
        (f"secret_key={CANARY}", CANARY),
        (f"send_key: {CANARY}", CANARY),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        (f"key: {PEM} end", "MIIEvQ"),
        ("cut -----BEGIN EC PRIVATE KEY-----\nMIIEvQ", "MIIEvQ"),
    ],
)
def test_credentials_inside_of_a_text_are_masked(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert MASK in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "POST /cgi-bin/draft/add title=标题 media_id=abc",
        "req_01jd8v6q3x0000000000000000",
        "job_01jd8zq3k4x5c6v7b8n9m0a1s2 failed after 3 attempts",
        "https://api.weixin.qq.com/cgi-bin/draft/add",
        "main: token: got one, AppID and whitelist are right",
        "加上 ?access_token=…，经 wxgate 时用它发的虚拟 token",
        "rid: 5f1a2b3c-4d5e6f70-01234567",
    ],
)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_the_rest_of_a_url_stays_readable() -> None:
    assert redact(f"/a?access_token={CANARY}&offset=3") == f"/a?access_token={MASK}&offset=3"


def test_secret_named_keys_of_an_event_are_masked() -> None:
    event = {"event": "x", "Authorization": CANARY, "url": f"/a?secret={CANARY}", "count": 3}
    redacted = redact_event(None, "info", event)
    assert CANARY not in str(redacted)
    assert redacted["count"] == 3


def test_nothing_hides_in_what_an_event_holds() -> None:
    class Shown:
        def __str__(self) -> str:
            return f"Shown(secret={CANARY})"

    event = {
        "event": "x",
        "headers": [(b"x-api-key", b"short"), (b"authorization", f"Bearer {CANARY}".encode())],
        "nested": {"deep": [{"token": CANARY}, {f"secret={CANARY}": 1}, {b"cookie": CANARY}]},
        "body": f"access_token={CANARY}".encode(),
        "error": ValueError(f"secret={CANARY}"),
        "other": Shown(),
        "number": 1.5,
        "nothing": None,
    }
    redacted = redact_event(None, "info", event)
    assert CANARY not in json.dumps(redacted)
    assert (redacted["number"], redacted["nothing"]) == (1.5, None)


def test_what_contains_itself_comes_to_an_end() -> None:
    endless: dict[str, object] = {"token": CANARY}
    endless["self"] = endless
    assert CANARY not in str(redact_value(endless))


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "0", "://", "://a:", "://x:@", "secret", "secret='", "wxg_", "wxg_a-", "eyJ", "=:"),
        *("eyJaaaaaaaa.", "=:AAAAAAAAAAAAAAAAAAAAAAAA", "Bearer ", "authorization", "cookie: b'"),
        *("-----BEGIN PRIVATE KEY-----", "12_a", "\\\"'", "password %3d ", "token ", "\n", "é"),
    ],
)
def test_hostile_text_of_a_megabyte_costs_no_more_than_harmless_text(piece: str) -> None:
    def cpu_s(text: str) -> float:
        started = time.process_time()
        redact(text)
        return time.process_time() - started

    harmless = min(cpu_s("word = other, " * 80_000) for _ in range(3))
    hostile = min(cpu_s(piece * (1_000_000 // len(piece))) for _ in range(3))
    # A quadratic search would take thousands of times as long.
    assert hostile < 50 * harmless


def test_no_more_of_a_text_is_kept_than_is_looked_through() -> None:
    text = "x " * MAX_CHARS + f"secret={CANARY}"
    assert len(redact(text)) == MAX_CHARS
    assert len(redact(" " * 10 * MAX_CHARS)) == MAX_CHARS

import base64
import hashlib
import hmac

from notify.senders.webhook_signing import new_secret, signed_headers


def test_the_vector_of_standard_webhooks() -> None:
    # From its specification, section "Signature scheme" and the reference libraries' tests.
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"


def test_each_part_is_signed() -> None:
    secret = new_secret()
    said = {
        signed_headers(secret, *parts)["webhook-signature"]
        for parts in (("a", 1, b"x"), ("b", 1, b"x"), ("a", 2, b"x"), ("a", 1, b"y"))
    }
    assert len(said) == 4
    assert signed_headers(new_secret(), "a", 1, b"x")["webhook-signature"] not in said


def test_a_secret_is_of_32_random_bytes() -> None:
    secret = new_secret()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert len(key) == 32
    body = b"x"
    expected = base64.b64encode(hmac.new(key, b"id.7.x", hashlib.sha256).digest()).decode()
    assert signed_headers(secret, "id", 7, body)["webhook-signature"] == f"v1,{expected}"

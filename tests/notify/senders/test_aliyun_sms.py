import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

import pytest
from starlette.responses import JSONResponse, Response

from fetch.post import Poster
from notify.sender import DeliveryUnknown, NotDelivered, Receipt
from notify.senders.aliyun_sms import AliyunSmsSender, AliyunSmsSettings
from sandbox.faults import Fault
from tests.notify.conftest import MakeMessage
from tests.notify.receivers import Asked, Receiver

NOW = 1_698_315_752.0
KEY_SECRET = "hiddensecret"


def refusal(status: int, code: str, said: str) -> Response:
    return JSONResponse({"Code": code, "Message": said, "RequestId": "R"}, status_code=status)


def aliyun(asked: Asked) -> Response | None:
    """The signature taken apart and made again from the request, as the page describes it."""
    algorithm, _, rest = asked.headers["authorization"].partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(","))
    names = parts["SignedHeaders"].split(";")
    every = {name for name in asked.headers if name.startswith("x-acs-") or name == "host"}
    if algorithm != "ACS3-HMAC-SHA256" or set(names) != every:
        return refusal(400, "IncompleteSignature", "headers")
    if asked.headers["x-acs-content-sha256"] != hashlib.sha256(asked.body).hexdigest():
        return refusal(400, "SignatureDoesNotMatch", "body")
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(asked.query.items())
    )
    lines = [asked.method, asked.path, query]
    lines += [f"{name}:{asked.headers[name].strip()}" for name in sorted(names)]
    lines += ["", ";".join(sorted(names)), asked.headers["x-acs-content-sha256"]]
    hashed = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    right = hmac.digest(KEY_SECRET.encode(), f"{algorithm}\n{hashed}".encode(), "sha256").hex()
    if parts["Signature"] != right or parts["Credential"] != "AKID":
        return refusal(400, "SignatureDoesNotMatch", "Specified signature is not matched.")
    action = (asked.headers["x-acs-action"], asked.headers["x-acs-version"])
    return None if action == ("SendSms", "2017-05-25") else refusal(404, "InvalidAction", "?")


def sender(receiver: Receiver, poster: Poster, **said: Any) -> AliyunSmsSender:
    receiver.good = {"Message": "OK", "RequestId": "F655A8D5", "Code": "OK", "BizId": "9006^0"}
    entry = {
        "name": "sms",
        "type": "aliyun_sms",
        "to": ["+8613800000000"],
        "sign_name": "示例 *",
        "template": "SMS_1",
        "params": ["subject", "account"],
        "access_key_id": "AKID",
        "access_key_secret": KEY_SECRET,
        "base_url": receiver.url(),
    }
    return AliyunSmsSender(
        AliyunSmsSettings.model_validate({**entry, **said}), poster, lambda: NOW, nonce=lambda: "n"
    )


async def test_the_signature_is_the_one_that_the_page_describes(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = aliyun
    said = message(to=("13800000001", "13800000002"), account="main")
    assert await sender(receiver, poster).send(said) == Receipt(reference="9006^0")
    (asked,) = receiver.got
    template = json.loads(asked.query.pop("TemplateParam"))
    assert template == {"subject": "发表失败", "account": "main"}
    assert asked.query | {"TemplateParam": ""} == {
        "PhoneNumbers": "13800000001,13800000002",
        "SignName": "示例 *",
        "TemplateCode": "SMS_1",
        "TemplateParam": json.dumps(template, ensure_ascii=False, separators=(",", ":")),
        "OutId": said.id,
    } | {"TemplateParam": ""}


async def test_a_wrong_secret_is_final(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = aliyun
    with pytest.raises(NotDelivered, match="SignatureDoesNotMatch") as caught:
        await sender(receiver, poster, access_key_secret="hiddenother").send(message())
    assert caught.value.final
    assert "hidden" not in caught.value.reason


@pytest.mark.parametrize(
    ("code", "final", "pause_s"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", False, 60),
        ("isv.DAY_LIMIT_CONTROL", True, 0),
        ("isv.SMS_SIGNATURE_ILLEGAL", True, 0),
        ("isv.SOMETHING_NEW", True, 0),
        ("Throttling.User", False, 10),
        ("InvalidAccessKeyId.NotFound", True, 0),
        ("Something.New", False, 0),
    ],
)
async def test_each_code_says_whether_to_try_again(
    receiver: Receiver,
    poster: Poster,
    message: MakeMessage,
    *,
    code: str,
    final: bool,
    pause_s: float,
) -> None:
    receiver.answers({"Code": code, "Message": "no", "RequestId": "R"})
    with pytest.raises(NotDelivered) as caught:
        await sender(receiver, poster).send(message())
    assert (caught.value.final, caught.value.retry_after_s) == (final, pause_s)


async def test_what_breaks_or_answers_nothing_may_have_been_sent_and_is_not_sent_again(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.answers({"Code": "InternalError", "Message": "?"}, status=500)
    with pytest.raises(DeliveryUnknown):
        await sender(receiver, poster).send(message())
    receiver.plan.add(Fault(kind="reset_before_read"))
    with pytest.raises(DeliveryUnknown):
        await sender(receiver, poster).send(message())
    assert not sender(receiver, poster).repeatable


async def test_the_longest_message_there_is_fits_into_an_address(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = aliyun
    said = message(to=tuple(f"138{i:08}" for i in range(50)), subject="字" * 99, account="字" * 99)
    await sender(receiver, poster).send(said)

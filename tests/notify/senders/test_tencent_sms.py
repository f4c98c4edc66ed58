import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from fetch.post import Poster
from notify.sender import DeliveryUnknown, NotDelivered, Receipt
from notify.senders.tencent_sms import TencentSmsSender, TencentSmsSettings
from tests.notify.conftest import MakeMessage
from tests.notify.receivers import NOW, Asked, Receiver

KEY = "hiddenkey"


def failure(code: str) -> dict[str, Any]:
    return {"Response": {"Error": {"Code": code, "Message": "no"}, "RequestId": "R"}}


def status(number: str, code: str = "Ok") -> dict[str, Any]:
    return {
        "SerialNo": "5000:1045710669157053657849499619" if code == "Ok" else "",
        "PhoneNumber": number,
        "Fee": 1,
        "SessionContext": "x",
        "Code": code,
        "Message": "send success" if code == "Ok" else "no",
        "IsoCode": "CN",
    }


def tencent(asked: Asked) -> Response:
    """The signature taken apart and made again from the request, as the page describes it."""
    head = asked.headers
    algorithm, credential, names, signature = (
        part.rpartition("=")[2] for part in head["authorization"].replace(" ", ",=", 1).split(",")
    )
    secret_id, day, service, last = credential.split("/")
    at = head["x-tc-timestamp"]
    canonical = [asked.method, asked.path, asked.raw_query]
    canonical += [f"{name}:{head[name].lower()}" for name in names.split(";")]
    canonical += ["", names, hashlib.sha256(asked.body).hexdigest()]
    hashed = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    key = ("TC3" + KEY).encode()
    for part in (day, service, last):
        key = hmac.digest(key, part.encode(), "sha256")
    said = "\n".join((head_algorithm(head), at, f"{day}/{service}/{last}", hashed))
    right = hmac.digest(key, said.encode(), "sha256").hex()
    today = datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%d")
    if (signature, day, secret_id, service) != (right, today, "AKID", "sms"):
        return JSONResponse(failure("AuthFailure.SignatureFailure"))
    if abs(int(at) - NOW) > 300 or {"host", "content-type"} - set(names.split(";")):
        return JSONResponse(failure("AuthFailure.SignatureExpire"))
    del algorithm
    each = [status(number) for number in asked.json["PhoneNumberSet"]]
    return JSONResponse({"Response": {"SendStatusSet": each, "RequestId": "R"}})


def head_algorithm(head: dict[str, str]) -> str:
    return head["authorization"].split(" ", 1)[0]


def sender(receiver: Receiver, poster: Poster, **said: Any) -> TencentSmsSender:
    entry = {
        "name": "sms",
        "type": "tencent_sms",
        "to": ["+8613800000000"],
        "sign_name": "示例",
        "template": "1110",
        "params": ["subject", "account"],
        "app_id": "1400006666",
        "secret_id": "AKID",
        "secret_key": KEY,
        "base_url": receiver.url(),
    }
    return TencentSmsSender(
        TencentSmsSettings.model_validate({**entry, **said}), poster, lambda: NOW
    )


async def test_the_signature_is_the_one_that_the_page_describes(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = tencent
    said = message(to=("+8613800000001",), account="main")
    receipt = await sender(receiver, poster).send(said)
    assert receipt == Receipt(reference="5000:1045710669157053657849499619")
    (asked,) = receiver.got
    assert asked.json == {
        "PhoneNumberSet": ["+8613800000001"],
        "SmsSdkAppId": "1400006666",
        "SignName": "示例",
        "TemplateId": "1110",
        "TemplateParamSet": ["发表失败", "main"],
        "SessionContext": said.id,
    }
    assert asked.headers["x-tc-action"] == "SendSms"
    assert asked.headers["x-tc-version"] == "2021-01-11"


async def test_a_wrong_key_is_final(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    receiver.judge = tencent
    with pytest.raises(NotDelivered, match="SignatureFailure") as caught:
        await sender(receiver, poster, secret_key="hiddenother").send(message())
    assert caught.value.final
    assert "hidden" not in caught.value.reason


@pytest.mark.parametrize(
    ("code", "final", "pause_s"),
    [
        ("LimitExceeded.PhoneNumberThirtySecondLimit", False, 30),
        ("LimitExceeded.PhoneNumberDailyLimit", True, 0),
        ("FailedOperation.TemplateIncorrectOrUnapproved", True, 0),
        ("RequestLimitExceeded.IPLimitExceeded", False, 1),
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
    each = {"Response": {"SendStatusSet": [status("+861", code)], "RequestId": "R"}}
    for answer in (failure(code), each):
        receiver.answers(answer)
        with pytest.raises(NotDelivered) as caught:
            await sender(receiver, poster).send(message())
        assert (caught.value.final, caught.value.retry_after_s) == (final, pause_s)


async def test_who_has_it_does_not_get_it_again_for_those_who_have_not(
    receiver: Receiver, poster: Poster, message: MakeMessage
) -> None:
    limit = "LimitExceeded.PhoneNumberThirtySecondLimit"
    each = [status("+8613800000001"), status("+8613800000002", limit)]
    receiver.answers({"Response": {"SendStatusSet": each, "RequestId": "R"}})
    with pytest.raises(NotDelivered, match=r"^1/2 .*not to: \+8613800000002; Limit") as caught:
        await sender(receiver, poster).send(message())
    assert caught.value.final


@pytest.mark.parametrize(
    "answer",
    [failure("InternalError.Timeout"), {}, {"Response": {"SendStatusSet": []}}, {"Response": []}],
)
async def test_what_says_nothing_certain_is_not_sent_again(
    receiver: Receiver, poster: Poster, message: MakeMessage, answer: dict[str, Any]
) -> None:
    receiver.answers(answer)
    with pytest.raises(DeliveryUnknown):
        await sender(receiver, poster).send(message())
    assert not sender(receiver, poster).repeatable

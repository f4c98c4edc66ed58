from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from core.clock import Clock
from core.errors import Text
from notify.channel_settings import BaseUrl
from notify.message import Message
from notify.sender import DeliveryUnknown, NotDelivered, Receipt
from notify.senders.http import JSON_TYPE, Asks, encoded, json_of, post, told_by
from notify.senders.refusals import Refusal, of_beginning, refused
from notify.senders.sms import SmsSettings, numbers_of, values_of
from notify.senders.tc3 import tc3_authorization

# Source: cloud.tencent.com/document/api/382/55981 (SendSms).
_SERVICE, _ACTION, _VERSION = "sms", "SendSms", "2021-01-11"
_OK = "Ok"

_KEYS = Text("SecretId/SecretKey 有误，或本机时间不准", "SecretId, SecretKey, or the clock")
_LIMIT = Text("超过发送频率", "sent too often")
# Source: the same page and cloud.tencent.com/document/api/382/59177. By the longest beginning.
_REFUSALS = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": Refusal(_LIMIT, final=False, rest_s=30),
    "LimitExceeded.PhoneNumberOneHourLimit": Refusal(_LIMIT),
    "LimitExceeded.PhoneNumberDailyLimit": Refusal(_LIMIT),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": Refusal(_LIMIT),
    "LimitExceeded.AppDailyLimit": Refusal(_LIMIT),
    "LimitExceeded": Refusal(_LIMIT, final=False, rest_s=60),
    "RequestLimitExceeded": Refusal(_LIMIT, final=False, rest_s=1),
    "AuthFailure": Refusal(_KEYS),
    "UnauthorizedOperation": Refusal(
        Text("没有权限，或 IP 不在白名单", "not allowed, or the IP is not whitelisted")
    ),
    "FailedOperation.InsufficientBalanceInSmsPackage": Refusal(
        Text("套餐包余量不足", "the package of messages is used up")
    ),
    "FailedOperation.SignatureIncorrectOrUnapproved": Refusal(
        Text("签名未通过", "the sign name is not approved")
    ),
    "FailedOperation.TemplateIncorrectOrUnapproved": Refusal(
        Text("模板未通过或变量不符", "the template is not approved, or its variables do not fit")
    ),
    "FailedOperation.PhoneNumberInBlacklist": Refusal(
        Text("手机号在免打扰名单里", "the number wants no messages")
    ),
    "FailedOperation": Refusal(Text("请查腾讯云短信错误码", "see the provider's error codes")),
    "InvalidParameter": Refusal(Text("参数不符", "a parameter does not fit")),
    "MissingParameter": Refusal(Text("缺少参数", "a parameter is missing")),
    "UnsupportedOperation": Refusal(Text("不支持", "not supported")),
}
# It broke, perhaps after the messages had gone out; they cost money.
_UNKNOWN = ("InternalError",)


class TencentSmsSettings(SmsSettings):
    """Text messages by Tencent Cloud."""

    type: Literal["tencent_sms"]
    app_id: str = Field(pattern=r"^[0-9]{5,20}$", description="SmsSdkAppId, as 1400006666")
    secret_id: str = Field(min_length=1, description="SecretId of a sub-user that may send SMS")
    secret_key: SecretStr = Field(min_length=1, description="its SecretKey; or secret_key_file")
    region: str = Field("ap-guangzhou", pattern=r"^[a-z0-9-]{2,40}$", description="of the service")
    base_url: BaseUrl = Field(
        "https://sms.tencentcloudapi.com", description="the service's address"
    )


class TencentSmsSender:
    """Sends text messages that Tencent Cloud has approved."""

    repeatable: ClassVar[bool] = False  # each costs money and rings a phone

    def __init__(self, settings: TencentSmsSettings, asks: Asks, clock: Clock) -> None:
        self._settings = settings
        self._asks = asks
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        """Hand the message over to all of its numbers; some may refuse it."""
        settings = self._settings
        body = encoded(
            {
                "PhoneNumberSet": numbers_of(settings, message),
                "SmsSdkAppId": settings.app_id,
                "SignName": settings.sign_name,
                "TemplateId": settings.template,
                "TemplateParamSet": list(values_of(settings, message).values()),
                "SessionContext": message.id,
            }
        )
        url = f"{settings.base_url}/"
        told = json_of(await post(self._asks, url, body, self._headers(body)))
        response = told.get("Response")
        return _receipt(response if isinstance(response, dict) else {})

    async def aclose(self) -> None:
        """Nothing is kept."""

    def _headers(self, body: bytes) -> dict[str, str]:
        settings, at = self._settings, int(self._clock())
        signed = {
            "content-type": JSON_TYPE["Content-Type"],
            "host": urlsplit(settings.base_url).netloc,
            "x-tc-action": _ACTION,
        }
        return {
            **signed,
            "x-tc-version": _VERSION,
            "x-tc-region": settings.region,
            "x-tc-timestamp": str(at),
            "authorization": tc3_authorization(
                service=_SERVICE,
                headers=signed,
                body=body,
                at=at,
                secret_id=settings.secret_id,
                secret_key=settings.secret_key.get_secret_value(),
            ),
        }


def _receipt(response: dict[str, Any]) -> Receipt:
    error = response.get("Error")
    if isinstance(error, dict):
        raise _end(str(error.get("Code")), error.get("Message"))
    each = response.get("SendStatusSet")
    if not isinstance(each, list) or not each or not all(isinstance(one, dict) for one in each):
        raise DeliveryUnknown("no SendStatusSet")
    lost = [one for one in each if one.get("Code") != _OK]
    if not lost:
        return Receipt(reference=str(each[0].get("SerialNo", "")))
    end = _end(str(lost[0].get("Code")), lost[0].get("Message"))
    if len(lost) == len(each):
        raise end
    # Those who have it are not to get it again: whoever wants may send to the others.
    names = ", ".join(told_by(one.get("PhoneNumber")) for one in lost)
    raise NotDelivered(
        f"{len(each) - len(lost)}/{len(each)} 已发，未发 / sent, not to: {names}; {end}",
        final=True,
    )


def _end(code: str, said: object) -> NotDelivered | DeliveryUnknown:
    if code.startswith(_UNKNOWN):
        return DeliveryUnknown(code)
    return refused(code, said, of_beginning(_REFUSALS, code))

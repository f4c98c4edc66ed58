import secrets
from collections.abc import Callable
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from core.clock import Clock
from core.errors import Text
from notify.channel_settings import BaseUrl
from notify.message import Message
from notify.sender import DeliveryUnknown, Receipt
from notify.senders.acs3 import acs3_headers, canonical_query
from notify.senders.http import Asks, encoded, json_of, post
from notify.senders.refusals import Refusal, of_beginning, refused
from notify.senders.sms import SmsSettings, numbers_of, values_of

# Source: help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms.
_ACTION, _VERSION = "SendSms", "2017-05-25"
_OK = "OK"

_KEYS = Text("AccessKey 有误或没有权限，或本机时间不准", "the AccessKey, its rights, or the clock")
_LIMIT = Text("超过发送频率", "sent too often")
# Source: help.aliyun.com/zh/sms/developer-reference/api-error-codes (国内消息 API 错误码) and the
# gateway's own codes. By the longest beginning.
_REFUSALS = {
    "isv.BUSINESS_LIMIT_CONTROL": Refusal(_LIMIT, final=False, rest_s=60),
    "isv.DAY_LIMIT_CONTROL": Refusal(Text("当日限额已用完", "the day's limit is used up")),
    "isv.MONTH_LIMIT_CONTROL": Refusal(Text("当月限额已用完", "the month's limit is used up")),
    "isv.OUT_OF_SERVICE": Refusal(Text("欠费停机", "the account has run out of money")),
    "isv.AMOUNT_NOT_ENOUGH": Refusal(Text("余额不足", "the account has run out of money")),
    "isv.MOBILE_NUMBER_ILLEGAL": Refusal(Text("手机号无效", "an invalid number")),
    "isv.SMS_SIGN": Refusal(Text("签名未通过或禁用", "the sign name is not approved")),
    "isv.SMS_TEMPLATE_ILLEGAL": Refusal(Text("模板未通过或不存在", "the template is not approved")),
    "isv.TEMPLATE": Refusal(Text("模板变量不符", "the template's variables do not fit")),
    "isv.PARAM_LENGTH_LIMIT": Refusal(Text("变量太长", "a variable is too long")),
    "isv.": Refusal(Text("请查阿里云短信错误码", "see the provider's error codes")),
    "isp.RAM_PERMISSION_DENY": Refusal(_KEYS),
    "InvalidAccessKeyId": Refusal(_KEYS),
    "SignatureDoesNotMatch": Refusal(_KEYS),
    "InvalidTimeStamp": Refusal(_KEYS),
    "Forbidden": Refusal(_KEYS),
    "Throttling": Refusal(_LIMIT, final=False, rest_s=10),
    "ServiceUnavailable": Refusal(Text("服务暂不可用", "unavailable for now"), final=False),
}
# It broke, perhaps after the messages had gone out; they cost money.
_UNKNOWN = ("InternalError", "isp.SYSTEM_ERROR", "isp.UNKNOWN_ERR_CODE")


class AliyunSmsSettings(SmsSettings):
    """Text messages by Alibaba Cloud."""

    type: Literal["aliyun_sms"]
    access_key_id: str = Field(min_length=1, description="of a RAM user that may send SMS alone")
    access_key_secret: SecretStr = Field(min_length=1, description="or access_key_secret_file")
    base_url: BaseUrl = Field("https://dysmsapi.aliyuncs.com", description="the service's address")


class AliyunSmsSender:
    """Sends text messages that Alibaba Cloud has approved."""

    repeatable: ClassVar[bool] = False  # each costs money and rings a phone

    def __init__(
        self,
        settings: AliyunSmsSettings,
        asks: Asks,
        clock: Clock,
        *,
        nonce: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._settings = settings
        self._asks = asks
        self._clock = clock
        self._nonce = nonce

    async def send(self, message: Message) -> Receipt:
        """Hand the message over."""
        settings = self._settings
        query = canonical_query(
            {
                "PhoneNumbers": ",".join(numbers_of(settings, message)),
                "SignName": settings.sign_name,
                "TemplateCode": settings.template,
                "TemplateParam": encoded(values_of(settings, message)).decode(),
                "OutId": message.id,
            }
        )
        headers = acs3_headers(
            host=urlsplit(settings.base_url).netloc,
            action=_ACTION,
            version=_VERSION,
            query=query,
            nonce=self._nonce(),
            at=self._clock(),
            access_key_id=settings.access_key_id,
            access_key_secret=settings.access_key_secret.get_secret_value(),
        )
        told = json_of(await post(self._asks, f"{settings.base_url}/?{query}", b"", headers))
        code = str(told.get("Code"))
        if code == _OK:
            return Receipt(reference=str(told.get("BizId", "")))
        if code.startswith(_UNKNOWN):
            raise DeliveryUnknown(code)
        raise refused(code, told.get("Message"), of_beginning(_REFUSALS, code))

    async def aclose(self) -> None:
        """Nothing is kept."""

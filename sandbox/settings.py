import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from wechat.limits import LengthRule

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class SandboxAccount(BaseModel):
    """One official account that exists in the sandbox."""

    model_config = _FROZEN

    app_id: str = Field(description="AppID")
    app_secret: str = Field(description="AppSecret; of the sandbox alone, so nothing to hide")
    name: str = Field("", description="shown on article pages")
    verified: bool = Field(
        True, description="may call freepublish/*; personal and unverified accounts get 48001"
    )
    sells: bool = Field(True, description="has a shop; others get 53406 for product cards")
    original_id: str = Field("gh_5a4db0c0ffee", description="ToUserName of pushed events")
    ip_whitelist: tuple[str, ...] | None = Field(
        None, description="IPs and CIDRs that may call; None: any"
    )
    callback_url: str = Field("", description="where events are pushed to; empty: nowhere")
    callback_token: str = Field("", description="signs the pushes")
    encoding_aes_key: str = Field(
        "",
        pattern=r"^([A-Za-z0-9]{43})?$",
        description="43 characters: pushes in safe mode; empty: plain",
    )

    @field_validator("ip_whitelist")
    @classmethod
    def _check_networks(cls, entries: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for entry in entries or ():
            ipaddress.ip_network(entry, strict=False)
        return entries


VERIFIED = SandboxAccount(
    app_id="wx5a4db0c0ffee0001",
    app_secret="sandbox-secret-verified-0000001",  # noqa: S106 - opens nothing but the sandbox
    name="网关试验田",
)
PERSONAL = SandboxAccount(
    app_id="wx5a4db0c0ffee0002",
    app_secret="sandbox-secret-personal-0000002",  # noqa: S106
    name="一个人的公众号",
    original_id="gh_5a4db0c0ffef",
    verified=False,
    sells=False,
)


class SandboxSettings(BaseModel):
    """How the sandbox behaves.

    Where WeChat's behaviour is unconfirmed (wechat-api.md, section 12) there is a switch, and its
    default is the case that is worse for a gateway.
    """

    model_config = _FROZEN

    accounts: tuple[SandboxAccount, ...] = Field(
        (VERIFIED, PERSONAL), min_length=1, description="those that exist"
    )
    data_dir: Path | None = Field(None, description="keeps all state in it; None: memory only")
    latency_s: float = Field(0.0, ge=0, description="added to every API call")
    publish_s: float = Field(0.5, ge=0, description="how long a publication stays in status 1")
    quotas: dict[str, int] = Field(
        default_factory=dict, description="calls a day by path, instead of WeChat's figures"
    )

    resubmit: Literal["duplicate", "refuse_40007"] = Field(
        "duplicate", description="submit of a draft that is still being published"
    )
    lengths: LengthRule = Field(
        "text", description="strict: the smallest limits users met, and content counts its tags"
    )
    escapes: Literal["store", "refuse_47002"] = Field(
        "store", description="a JSON escape of the form backslash-u in a draft"
    )
    markup: Literal["strip", "refuse_45166"] = Field(
        "strip", description="scripts, forms and relative links in an article"
    )
    divs: Literal["unwrap", "keep"] = Field("unwrap", description="div elements in an article")
    unknown_fields: Literal["ignore", "refuse_47001"] = Field(
        "ignore", description="fields of an article that WeChat's pages do not name"
    )
    forced_overlap: bool = Field(
        False, description="the token before a forced refresh lives on for 5 minutes"
    )
    bad_token: Literal["split", "always_40001", "always_40014", "always_42001"] = Field(
        "split", description="errcode for a token that is superseded, garbage or lapsed"
    )
    whitelist: Literal["every_call", "token_calls"] = Field(
        "every_call", description="where the IP whitelist is checked"
    )
    chunked_json: Literal["refuse_412", "accept"] = Field(
        "refuse_412", description="a JSON body without Content-Length; uploads always get 412"
    )
    upload_names: Literal["strict", "lenient"] = Field(
        "strict", description="strict: 40005 for a part without Content-Type or picture extension"
    )
    temporary_image_mb: Literal[2, 10] = Field(2, description="limit of media/upload type=image")
    fail_idx_in_progress: bool = Field(
        True, description="freepublish/get at status 1 already lists fail_idx, as in WeChat's doc"
    )
    mass_sends_a_day: int = Field(
        1, ge=0, description="mass sends a day: of a verified subscription account; then 45028"
    )
    mass_too_soon: bool = Field(
        True, description="the same clientmsgid again within a minute gets 45066, not 45065"
    )
    msg_data_id: bool = Field(False, description="freepublish/submit answers a msg_data_id")
    retired_news: Literal[45103, 45106] = Field(45106, description="errcode of material/add_news")

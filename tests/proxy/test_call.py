import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from pydantic import SecretStr

from core.errors import GatewayError
from proxy.call import NoAnswer, NotUnicode, RelayedCall
from proxy.request import Query
from proxy.routing import PathInvalid, Route
from proxy.stable_token import AccountMisconfigured, TokenUnavailable
from proxy.tokens import TokenConflict
from proxy.upstream import UpstreamSettings
from sandbox.faults import Fault, FaultKind
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from tests.conftest import free_port
from tests.gateway import MAIN, PERSONAL, Gateway, Setup, open_gateway
from wechat.call import BadAnswer, Call, NotBegun, NotSent, OutcomeUnknown, Upload, WeChatRefused
from wechat.draft import ADD, BATCHGET, Article, DraftClient
from wechat.freepublish import SUBMIT
from wechat.material import UPLOADIMG, MaterialClient

COUNT, DELETE, STABLE = "/cgi-bin/draft/count", "/cgi-bin/draft/delete", "/cgi-bin/stable_token"
PAGE = {"offset": 0, "count": 1}


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(out, "PNG")
    return out.getvalue()


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats follow at once."""
    monkeypatch.setattr("proxy.retry._FIRST_WAIT_S", 0.001)
    monkeypatch.setattr("proxy.retry._LONGEST_WAIT_S", 0.002)


async def a_draft(call: Call) -> str:
    picture = Upload("a.png", "image/png", png())
    media_id = (await MaterialClient(call).add_image("main", picture)).media_id
    article = Article(title="标题", content="<p>正文 😀</p>", thumb_media_id=media_id)
    return await DraftClient(call).add("main", [article])


async def test_reads_writes_and_uploads_reach_wechat(
    gateway: Gateway, sandbox: RunningSandbox
) -> None:
    draft = await a_draft(gateway.calls)
    assert await gateway.calls.get("main", COUNT) == {"total_count": 1}
    kept = await DraftClient(gateway.calls).get("main", draft)
    assert kept[0]["title"] == "标题"
    upload = Upload("a.png", "image/png", png())
    url = await MaterialClient(gateway.calls).uploadimg("main", upload)
    assert url.startswith("https://mmbiz.qpic.cn/")
    assert sandbox.calls.count(STABLE) == 1
    assert b"\\u" not in str(kept).encode()


@pytest.mark.parametrize("supersede", [True, False])
async def test_a_token_that_has_died_is_renewed_and_the_call_sent_again_once(
    gateway: Gateway, sandbox: RunningSandbox, *, supersede: bool
) -> None:
    await gateway.calls.get("main", COUNT)
    sandbox.tokens.expire(MAIN.app_id, supersede=supersede)
    assert await gateway.calls.get("main", COUNT) == {"total_count": 0}
    assert sandbox.calls.count(COUNT) == 3
    assert sandbox.calls.count(STABLE) == 2


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_wechat_refusing_every_token_is_no_endless_loop(
    gateway: Gateway, sandbox: RunningSandbox, errcode: int
) -> None:
    sandbox.faults.add(Fault(kind="errcode", errcode=errcode, path=COUNT, count=100))
    with pytest.raises(WeChatRefused) as refused:
        await gateway.calls.get("main", COUNT)
    assert refused.value.wechat_errcode == errcode
    for _ in range(10):
        with pytest.raises(TokenConflict):
            await gateway.calls.get("main", COUNT)
    # normal, then normal and forced for the one renewal
    assert sandbox.calls.count(STABLE) == 3


async def test_an_errcode_comes_back_with_advice(gateway: Gateway) -> None:
    with pytest.raises(WeChatRefused) as refused:
        await gateway.calls.post("main", SUBMIT, {"media_id": "nothing"})
    assert refused.value.wechat_errcode == 40007
    assert refused.value.upstream is not None
    assert refused.value.upstream["path"] == SUBMIT
    with pytest.raises(WeChatRefused) as refused:
        await gateway.calls.post("personal", SUBMIT, {"media_id": "nothing"})
    assert refused.value.wechat_errcode == 48001
    assert "July 2025" in refused.value.describe("en", "r")["hint"]


# What each class of endpoint does about each class of failure (faults.md, R-A): how often the
# call arrives in all, and how it ends when the failure stays.
READ, IDEMPOTENT, UPLOAD, ONCE = BATCHGET, DELETE, UPLOADIMG, SUBMIT


@pytest.mark.parametrize(
    ("kind", "errcode", "path", "times", "ends"),
    [
        ("reset_before_read", 0, READ, 3, NoAnswer),
        ("reset_before_read", 0, IDEMPOTENT, 2, OutcomeUnknown),
        ("reset_before_read", 0, UPLOAD, 2, OutcomeUnknown),
        ("reset_before_read", 0, ADD, 1, OutcomeUnknown),
        ("reset_before_read", 0, ONCE, 1, OutcomeUnknown),
        ("reset_after_commit", 0, ONCE, 1, OutcomeUnknown),
        ("truncate", 0, READ, 3, BadAnswer),
        ("truncate", 0, ONCE, 1, OutcomeUnknown),
        ("html502", 0, READ, 3, BadAnswer),
        ("html502", 0, ONCE, 1, OutcomeUnknown),
        ("garbage", 0, READ, 3, BadAnswer),
        ("garbage", 0, ADD, 1, OutcomeUnknown),
        ("errcode", -1, READ, 3, WeChatRefused),
        ("errcode", -1, IDEMPOTENT, 2, OutcomeUnknown),
        ("errcode", -1, ADD, 1, OutcomeUnknown),
        ("errcode", -1, ONCE, 1, OutcomeUnknown),
        ("errcode", 45009, READ, 1, WeChatRefused),
        ("errcode", 48001, ONCE, 1, WeChatRefused),
    ],
)
async def test_a_call_is_repeated_by_what_is_known_of_it(
    gateway: Gateway,
    sandbox: RunningSandbox,
    *,
    kind: FaultKind,
    errcode: int,
    path: str,
    times: int,
    ends: type[GatewayError],
) -> None:
    await gateway.calls.get("main", COUNT)
    sandbox.faults.add(Fault(kind=kind, path=path, count=50, errcode=errcode))
    with pytest.raises(ends):
        if path == UPLOAD:
            await gateway.calls.upload("main", path, Upload("a.png", "image/png", png()))
        else:
            await gateway.calls.post("main", path, PAGE | {"media_id": "x"})
    assert sandbox.faults.happened[kind, path] == times


async def test_one_passing_failure_of_a_read_is_not_noticed(
    gateway: Gateway, sandbox: RunningSandbox
) -> None:
    await gateway.calls.get("main", COUNT)
    sandbox.faults.add(Fault(kind="html502", path=BATCHGET))
    assert (await gateway.calls.post("main", BATCHGET, PAGE))["total_count"] == 0


async def test_a_stalled_call_ends_at_the_deadline(sandbox: RunningSandbox, tmp_path: Path) -> None:
    settings = UpstreamSettings(base_urls=(sandbox.url,), timeout_s=0.3)
    async with open_gateway(Setup(settings, tmp_path)) as gateway:
        await gateway.calls.get("main", COUNT)
        for fault in (Fault(kind="stall", path=ADD), Fault(kind="drip", path=ADD)):
            sandbox.faults.add(fault)
            with pytest.raises(OutcomeUnknown):
                await gateway.calls.post("main", ADD, {})


async def test_a_wechat_that_cannot_be_reached_has_not_seen_the_call(tmp_path: Path) -> None:
    settings = UpstreamSettings(base_urls=(f"http://127.0.0.1:{free_port()}",), timeout_s=1)
    async with open_gateway(Setup(settings, tmp_path)) as gateway:
        with pytest.raises(NotSent) as caught:
            await gateway.calls.post("main", SUBMIT, {"media_id": "x"})
        assert isinstance(caught.value, TokenUnavailable)


async def test_a_write_is_known_not_to_be_sent_when_only_its_token_is_missing(
    gateway: Gateway, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(Fault(kind="reset_after_commit", path=STABLE, count=50))
    with pytest.raises(NotSent):
        await gateway.calls.post("main", SUBMIT, {"media_id": "x"})
    assert sandbox.calls.count(SUBMIT) == 0


async def test_an_account_that_gets_no_token_says_why(
    sandbox: RunningSandbox, tmp_path: Path, upstream_settings: UpstreamSettings
) -> None:
    wrong = MAIN.model_copy(update={"app_secret": SecretStr("wrong")})
    setup = Setup(upstream_settings, tmp_path, accounts=(wrong, PERSONAL))
    async with open_gateway(setup) as gateway:
        with pytest.raises(AccountMisconfigured) as caught:
            await gateway.calls.get("main", COUNT)
        assert caught.value.upstream is not None
        assert caught.value.upstream["errcode"] == 40125
        with pytest.raises(NotBegun) as not_begun:
            await gateway.calls.post("main", ADD, {})
        assert isinstance(not_begun.value.cause, AccountMisconfigured)
        assert not_begun.value.describe("en", "r") == caught.value.describe("en", "r")
        assert await gateway.calls.get("personal", COUNT) == {"total_count": 0}
    assert sandbox.calls.count(STABLE) == 2


@pytest.fixture
async def strangers() -> AsyncIterator[RunningSandbox]:
    """A sandbox whose whitelist leaves us out."""
    account = VERIFIED.model_copy(update={"ip_whitelist": ("203.0.113.7",)})
    async with run_sandbox(SandboxSettings(accounts=(account,))) as running:
        yield running


async def test_a_missing_whitelist_entry_names_the_ip_to_enter(
    strangers: RunningSandbox, tmp_path: Path
) -> None:
    setup = Setup(UpstreamSettings(base_urls=(strangers.url,)), tmp_path)
    async with open_gateway(setup) as gateway:
        with pytest.raises(AccountMisconfigured) as caught:
            await gateway.calls.get("main", COUNT)
    assert "127.0.0.1" in caught.value.describe("zh", "r")["hint"]


async def test_the_ledger_counts_relayed_and_own_calls_and_believes_wechats_45009(
    gateway: Gateway, sandbox: RunningSandbox
) -> None:
    assert gateway.calls.remaining("main", ADD) == 1_000
    assert gateway.calls.remaining("main", "/cgi-bin/menu/get") is None
    await a_draft(gateway.calls)
    assert gateway.calls.remaining("main", ADD) == 999
    sandbox.faults.add(Fault(kind="errcode", errcode=45009, path=ADD))
    with pytest.raises(WeChatRefused):
        await gateway.calls.post("main", ADD, {})
    assert gateway.calls.remaining("main", ADD) == 0
    assert gateway.calls.remaining("personal", ADD) == 1_000


async def test_half_a_surrogate_pair_is_refused_before_anything_is_sent(
    gateway: Gateway, sandbox: RunningSandbox
) -> None:
    with pytest.raises(NotBegun) as caught:
        await gateway.calls.post("main", ADD, {"title": "\ud800"})
    assert isinstance(caught.value.cause, NotUnicode)
    assert sandbox.calls.count() == 0


async def test_calls_are_counted_by_path_and_errcode(gateway: Gateway) -> None:
    await gateway.calls.get("main", COUNT)
    with pytest.raises(WeChatRefused):
        await gateway.calls.post("main", SUBMIT, {"media_id": "nothing"})
    shown = gateway.metrics.render().decode()
    assert f'wxgate_upstream_calls_total{{errcode="0",path="{COUNT}"}} 1.0' in shown
    assert f'wxgate_upstream_calls_total{{errcode="40007",path="{SUBMIT}"}} 1.0' in shown


async def test_a_path_that_would_lengthen_the_hosts_name_is_never_sent(
    gateway: Gateway, sandbox: RunningSandbox
) -> None:
    call = RelayedCall(MAIN, Route("-evil/cgi-bin/x", None), "GET", Query(b""), {}, None)
    with pytest.raises(PathInvalid):
        await gateway.calls.relay(call)
    assert sandbox.calls.count("/cgi-bin/x") == 0

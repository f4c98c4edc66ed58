import pytest
from pydantic import ValidationError

from proxy.upstream import UpstreamSettings, is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "ftp://api.weixin.qq.com", "api.weixin.qq.com", "https://", "https://a/?x=1", "https://a/#f",
        "https://user:pass@a", "http://api.weixin.qq.com", "http://127.0.0.1.evil.example",
        "http://10.0.0.5:9000", "https://host:abc", "https://host:99999", "https://[",
    ],
)  # fmt: skip
def test_a_base_url_that_would_leak_or_cannot_work_is_refused(url: str) -> None:
    for changes in ({"base_urls": [url]}, {"mp_base_url": url}):
        with pytest.raises(ValidationError) as caught:
            UpstreamSettings.model_validate(changes)
        assert "upstream" in caught.value.errors()[0]["msg"]


def test_plain_http_is_for_this_machine_unless_said_otherwise() -> None:
    for url in ("http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"):
        assert is_loopback(url)
        assert UpstreamSettings(base_urls=(url + "/",)).base_urls == (url,)
    UpstreamSettings(base_urls=("http://sandbox:9000",), allow_plain_http=True)


def test_wechats_hosts_are_the_default() -> None:
    settings = UpstreamSettings()
    assert settings.base_urls[0] == "https://api.weixin.qq.com"
    assert all(url.startswith("https://") for url in settings.base_urls)

from proxy.advice import advice_for, error_header
from wechat.errcodes import load_errcodes

ERRCODES = load_errcodes()


def test_every_errcode_has_advice_in_both_languages() -> None:
    for errcode in ERRCODES:
        advice = advice_for(errcode)
        assert advice.zh
        assert advice.en


def test_advice_fits_the_errcode() -> None:
    assert "whitelist" in advice_for(ERRCODES.get(40164)).en
    assert "2025-07" in advice_for(ERRCODES.get(48001)).en
    assert "quota" in advice_for(ERRCODES.get(45009)).en


def test_the_header_says_category_source_action_and_whether_to_retry() -> None:
    assert error_header(ERRCODES, -1) == (
        "system; source=wechat; action=retry_backoff; retryable=true"
    )
    assert error_header(ERRCODES, 45009).endswith("action=wait_quota; retryable=true")
    assert "retryable=false" in error_header(ERRCODES, 123456789)

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
    assert "July 2025" in advice_for(ERRCODES.get(48001)).en
    assert "零点" in advice_for(ERRCODES.get(45009)).zh


def test_the_ip_that_wechat_refused_stands_in_the_advice() -> None:
    errmsg = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist"
    assert all("203.0.113.7" in text for text in advice_for(ERRCODES.get(40164), errmsg))
    assert not any("{ip}" in text for entry in ERRCODES for text in advice_for(entry))


def test_the_header_names_the_refused_ip_of_a_40164_alone() -> None:
    errmsg = "invalid ip 203.0.113.7, not in whitelist"
    assert error_header(ERRCODES, 40164, errmsg) == (
        "auth; source=wechat; action=whitelist_ip; retryable=false; ip=203.0.113.7"
    )
    assert "ip=" not in error_header(ERRCODES, 40164, "not in whitelist")
    assert "ip=" not in error_header(ERRCODES, 40001, errmsg)


def test_the_header_says_category_source_action_and_whether_to_retry() -> None:
    assert error_header(ERRCODES, -1) == (
        "system; source=wechat; action=retry_backoff; retryable=true"
    )
    assert error_header(ERRCODES, 45009).endswith("action=wait_quota; retryable=true")
    assert "retryable=false" in error_header(ERRCODES, 123456789)

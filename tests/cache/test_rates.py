import pytest

from cache.rates import Rate, parse_rates, share_of


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("10/minute", [(10, 60)]),
        ("600/minute; 5/second", [(600, 60), (5, 1)]),
        ("3 per 2 hours", [(3, 7_200)]),
        ("1000/day", [(1_000, 86_400)]),
        ("", []),
        ("none", []),
        (" None ", []),
    ],
)
def test_rates_are_written_as_people_say_them(text: str, rates: list[tuple[int, int]]) -> None:
    assert [(rate.count, rate.period_s) for rate in parse_rates(text)] == rates


@pytest.mark.parametrize(
    "text",
    ["0/minute", "5/minute; 0/second", "-1/minute", "10", "x", "10/fortnight", "10/minute;",
     "1.5/minute", "9999999999/second", "10/minute\n; x", "1000 per 100000000 year"],
)  # fmt: skip
def test_what_is_no_rate_is_refused_in_both_languages(text: str) -> None:
    with pytest.raises(ValueError, match=r"应形如 .* / must look like"):
        parse_rates(text)


def test_up_to_a_thousand_calls_are_counted_one_by_one() -> None:
    assert [parse_rates(f"{n}/minute")[0].exact for n in (1_000, 1_001)] == [True, False]


def test_a_share_is_never_nothing_and_stays_of_its_kind() -> None:
    assert share_of(Rate(10, 60, exact=True), 3) == Rate(3, 60, exact=True)
    assert share_of(Rate(2, 60, exact=True), 5) == Rate(1, 60, exact=True)
    assert share_of(Rate(1_500, 60, exact=False), 2) == Rate(750, 60, exact=False)

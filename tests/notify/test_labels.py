from notify.labels import facts_of


def test_facts_are_lines_for_people() -> None:
    data = {"account": "main", "errcode": 40164, "keys": ["a", "b"], "ip": None, "odd": 1.5}
    assert facts_of(data, "zh") == [
        {"name": "公众号", "value": "main"},
        {"name": "微信错误码", "value": "40164"},
        {"name": "改动的项", "value": "a, b"},
        {"name": "odd", "value": "1.5"},
    ]
    assert facts_of({"error": {"zh": "坏了", "en": "broken"}}, "en")[0]["value"] == "broken"
    assert facts_of({"x": {"a": 1, "b": ["c"]}}, "en")[0]["value"] == "a: 1, b: c"

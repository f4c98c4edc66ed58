from jobs.manual_steps import steps_by_hand


def test_the_steps_name_the_article_in_both_languages() -> None:
    steps = steps_by_hand("我的 {title}")
    assert len(steps["zh"]) == len(steps["en"]) == 3
    assert "《我的 {title}》" in steps["zh"][1]
    assert "“我的 {title}”" in steps["en"][1]

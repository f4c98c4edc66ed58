from jobs import crash_points


def test_the_points_stand_in_the_order_in_which_a_job_passes_them() -> None:
    assert crash_points.ALL[:6] == (
        "claim.before",
        "claim.after",
        "draft.intent.before",
        "draft.intent.after",
        "sent:/cgi-bin/draft/add",
        "draft.answer",
    )
    assert crash_points.ALL[-1] == "finish"
    assert len(set(crash_points.ALL)) == len(crash_points.ALL) == 15
    assert crash_points.UPDATE[1] == "sent:/cgi-bin/draft/update"

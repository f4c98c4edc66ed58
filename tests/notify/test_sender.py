from notify.sender import DeliveryUnknown, NotDelivered


def test_failures_say_why_and_by_which_way() -> None:
    assert (NotDelivered("550 no such user", final=True, by="one").by) == "one"
    assert DeliveryUnknown("connection lost").reason == "connection lost"

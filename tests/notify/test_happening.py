from notify.happening import Happening, tell_nobody


def test_nobody_needs_to_listen() -> None:
    tell_nobody(Happening(event="disk.near", key="gate-1"))

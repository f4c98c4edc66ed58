from notify.channel_errors import ChannelDisabled, ChannelLocked, ChannelUnknown


def test_they_name_the_channel_and_the_way_out() -> None:
    for error in (ChannelUnknown, ChannelDisabled, ChannelLocked):
        told = error(channel="ops").describe("en", "req_1")
        assert "ops" in told["message"]
        assert "wxgate" in told["hint"]

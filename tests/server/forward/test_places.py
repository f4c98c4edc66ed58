from proxy.upstream import UpstreamSettings
from server.forward.places import Place, places_of
from wechat.hosts import API_HOSTS, MP_HOST


def test_wechats_hosts_lead_to_themselves() -> None:
    places = places_of(UpstreamSettings())
    assert set(places) == {*API_HOSTS, MP_HOST}
    assert all(place == Place(name, 443, is_ours=False) for name, place in places.items())


def test_a_sandbox_in_place_of_wechat_is_where_they_lead() -> None:
    sandbox = "http://127.0.0.1:9000"
    places = places_of(UpstreamSettings(base_urls=(sandbox,), mp_base_url=sandbox))
    assert set(places.values()) == {Place("127.0.0.1", 9000, is_ours=True)}
    mixed = places_of(UpstreamSettings(base_urls=("https://sandbox.internal",)))
    assert mixed["api2.weixin.qq.com"] == Place("sandbox.internal", 443, is_ours=True)
    assert mixed[MP_HOST] == Place(MP_HOST, 443, is_ours=False)

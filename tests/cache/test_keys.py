from redis.crc import key_slot

from cache.keys import Keys

APP = "wx5a4db0c0ffee0001"


def test_every_key_begins_with_prefix_version_kind_and_account() -> None:
    keys = Keys("gate")
    for key, kind in (
        (keys.token(APP), "token"),
        (keys.token_lease(APP), "token"),
        (keys.token_epoch(APP), "token"),
        (keys.calls(APP, "2026-11-22"), "calls"),
        (keys.nonce(APP, "n"), "{nonce}"),
    ):
        assert APP in key
        assert key.startswith(f"gate:v1:{kind}:")


def test_no_two_things_share_a_key() -> None:
    keys = Keys("gate")
    made = [
        build(app)
        for app in (APP, "wx5a4db0c0ffee0002")
        for build in (keys.token, keys.token_lease, keys.token_epoch)
    ]
    made += [keys.nonce("blog", "n"), keys.nonce("blog", "m"), keys.nonces_born()]
    made += [keys.calls(APP, "2026-11-22"), keys.calls(APP, "2026-11-23")]
    assert len(set(made)) == len(made)


def test_an_accounts_answers_stand_apart_from_its_token() -> None:
    keys = Keys("p")
    app_id = "wx0000000000000001"
    assert len({*keys.responses(app_id), keys.token(app_id)}) == 4
    assert all(f":{{{app_id}}}:" in key for key in keys.responses(app_id))


def test_keys_that_go_together_share_a_slot_of_a_cluster_whatever_callers_name() -> None:
    keys = Keys("gate")
    together = [
        [keys.token_lease(APP), keys.token_epoch(APP), keys.token(APP)],
        keys.responses(APP),
        keys.fleet(),
        [
            keys.nonces_born(),
            keys.nonce("blog", "n"),
            keys.nonce("{a}", "{b}"),
            keys.nonce("}", "{"),
        ],
        [keys.window("blog:{x}"), keys.window("}{"), keys.window("other")],
    ]
    for names in together:
        assert len({key_slot(name.encode()) for name in names}) == 1

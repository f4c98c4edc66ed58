from server.roles import Role


def test_together_the_roles_do_all_of_it_and_apart_each_its_own() -> None:
    does = {role: (role.relays, role.serves_api, role.works) for role in Role}
    assert does == {
        Role.ALL: (True, True, True),
        Role.RELAY: (True, False, False),
        Role.API: (False, True, False),
        Role.WORKER: (False, False, True),
    }

from handlers.account_operations import ADMIN_ACCOUNT, ADMIN_ACCOUNT_PROBE, ADMIN_ACCOUNTS


def test_no_example_holds_a_secret() -> None:
    for operation in (ADMIN_ACCOUNT, ADMIN_ACCOUNTS, ADMIN_ACCOUNT_PROBE):
        assert "'app_secret': '" not in str(operation.answer_example)

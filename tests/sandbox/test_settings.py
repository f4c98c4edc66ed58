import pytest
from pydantic import ValidationError

from sandbox.settings import PERSONAL, VERIFIED, SandboxAccount, SandboxSettings


def test_one_account_may_publish_and_one_may_not_by_default() -> None:
    settings = SandboxSettings()
    assert [account.verified for account in settings.accounts] == [True, False]
    assert VERIFIED.app_id != PERSONAL.app_id


def test_every_setting_is_described() -> None:
    for model in (SandboxSettings, SandboxAccount):
        for name, field in model.model_fields.items():
            assert field.description, name


@pytest.mark.parametrize(
    "values", [{"ip_whitelist": ("10.0.0.0/33",)}, {"encoding_aes_key": "short"}, {"app_id": None}]
)
def test_accounts_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SandboxAccount.model_validate(VERIFIED.model_dump() | values)


@pytest.mark.parametrize(
    "values",
    [{"accounts": ()}, {"resubmit": "maybe"}, {"latency_s": -1}, {"retired_news": 1}, {"typo": 1}],
)
def test_settings_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SandboxSettings.model_validate(values)

import pytest
from pydantic import SecretStr

from accounts.clients import Client, Scope
from proxy.approval import ApprovalNeeded, check_approval


def _client(*, approve_publish: bool) -> Client:
    return Client(
        id="junior",
        key=SecretStr("wxg_junior_0123456789abcdefghijklmn"),
        accounts=("main",),
        scopes=frozenset(Scope),
        approve_publish=approve_publish,
    )


@pytest.mark.parametrize("scope", Scope)
def test_who_needs_approval_publishes_through_no_relayed_call(scope: Scope) -> None:
    check_approval(_client(approve_publish=False), scope, "/p")
    if scope in (Scope.PUBLISH, Scope.MASS):
        with pytest.raises(ApprovalNeeded) as caught:
            check_approval(_client(approve_publish=True), scope, "/p")
        assert (caught.value.status, caught.value.errcode) == (403, 48001)
    else:
        check_approval(_client(approve_publish=True), scope, "/p")

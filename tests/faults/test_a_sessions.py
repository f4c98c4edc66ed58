"""Section A: the JWTs of sessions."""

from typing import Any

import httpx

from tests.e2e.conftest import KEY, Stand
from tests.faults.jwts import HEADER, claims_of, forgeries, session_key, signed, unfit

COUNT = "/cgi-bin/draft/count"


async def _claims(stand: Stand) -> dict[str, Any]:
    login = {"client_id": "blog", "client_secret": KEY}
    granted = (await stand.http.post("/v1/auth/token", json=login)).json()
    return claims_of(granted["access_token"])


async def _outcomes(stand: Stand, tokens: dict[str, str]) -> dict[str, set[Any]]:
    """What each token meets under /v1 and on the relay: statuses and error codes."""
    met: dict[str, set[Any]] = {}
    async with httpx.AsyncClient(base_url=stand.url, trust_env=False) as http:
        for wrong, token in tokens.items():
            # As bytes: httpx would refuse some of them.
            headers = [(b"authorization", b"Bearer " + token.encode("utf-8"))]
            answers = [await http.get(path, headers=headers) for path in ("/v1/accounts", COUNT)]
            met[wrong] = {
                (answer.status_code, answer.json().get("error", {}).get("code"))
                for answer in answers
            }
    return met


async def test_013_a_jwt_made_in_any_other_way_than_ours_is_refused(stand: Stand) -> None:
    claims, key = await _claims(stand), session_key(stand.data_dir)
    good = {"as we make them": signed(HEADER, claims, key)}
    headers = {"authorization": f"Bearer {good['as we make them']}", "x-wxgate-account": "main"}
    async with httpx.AsyncClient(base_url=stand.url, headers=headers, trust_env=False) as http:
        assert [(await http.get(path)).status_code for path in ("/v1/accounts", COUNT)] == [200] * 2
    for wrong, outcome in (await _outcomes(stand, forgeries(claims, key))).items():
        assert outcome <= {(401, "auth_session_invalid"), (401, "auth_key_wrong")}, wrong
    assert stand.calls()[COUNT] == 1


async def test_014_claims_that_do_not_fit_are_refused_under_the_right_seal(stand: Stand) -> None:
    claims, key = await _claims(stand), session_key(stand.data_dir)
    tokens = {wrong: signed(HEADER, said, key) for wrong, said in unfit(claims).items()}
    refused = {
        (401, "auth_session_invalid"),
        (401, "auth_session_expired"),
        (401, "auth_session_ended"),
    }
    for wrong, outcome in (await _outcomes(stand, tokens)).items():
        assert outcome <= refused, wrong
    assert stand.calls().get(COUNT, 0) == 0

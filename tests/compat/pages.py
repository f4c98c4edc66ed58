"""An editor inside of a page, by CORS: what is tried otherwise than of all clients."""

from tests.compat.columns import Check, Trial, a_token_is_the_gateways_own


async def a_token_is_for_pages_of_listed_origins(trial: Trial) -> None:
    """The browser gives a page of any other origin nothing, and no preflight lets its calls by."""
    calls = trial.stand.calls()
    assert await trial.tool.shown("elsewhere") == "Failed to fetch"
    assert trial.stand.calls() == calls
    await a_token_is_the_gateways_own(trial)


COLUMNS: dict[str, Check] = {"token": a_token_is_for_pages_of_listed_origins}

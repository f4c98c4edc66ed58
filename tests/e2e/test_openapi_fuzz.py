"""`/openapi.json` is kept: whatever schemathesis makes of it, no 5xx and no undeclared answer."""

import asyncio
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from tests.conftest import free_port
from tests.e2e.conftest import configuration
from tests.e2e.processes import serve, write_toml

CASES = 2_000
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_ADMIN = "wxg_fuzz_0123456789abcdefghijklmn"
_EVERYTHING = [
    *("relay:read", "relay:write", "material", "draft", "publish", "mass"),
    *("stats", "notify", "admin"),
]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_no_generated_call_gets_a_5xx_or_an_undeclared_answer(tmp_path: Path) -> None:
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox:
        port = free_port()
        config = configuration(sandbox, tmp_path / "data", port)
        config["clients"] = [
            {"id": "fuzz", "key": _ADMIN, "accounts": ["main"], "scopes": _EVERYTHING}
        ]
        # Wrong credentials are part of the game.
        config["auth"] = {"failures_per_minute": 1_000, "address_failures_per_minute": 1_000}
        write_toml(tmp_path / "config.toml", config)
        async with serve(tmp_path / "config.toml", f"http://127.0.0.1:{port}", _ADMIN):
            statuses, broken = await asyncio.to_thread(fuzz, f"http://127.0.0.1:{port}")
    assert not broken, "\n".join(broken)
    assert statuses.total() >= CASES
    assert {200, 404, 422} <= statuses.keys()


def fuzz(url: str) -> tuple["Counter[int]", list[str]]:
    """Send as many cases as it takes; the answers' statuses, and what was not as declared."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    statuses: Counter[int] = Counter()
    broken = []
    # Some have fewer different cases than asked for.
    examples = 2 * CASES // (len(operations) * len(GenerationMode))
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {_ADMIN}"
        for operation in operations:
            for mode in GenerationMode:
                try:
                    send(operation, mode, examples, session, statuses)
                except FailureGroup as found:
                    broken.append(f"{operation.label} {mode}: {found}")
    return statuses, broken


def _is_of_a_made_up_account(response: Any) -> bool:
    """Whether WeChat refuses an account that an earlier case has entered: an honest 502."""
    return bool(
        response.status_code == 502 and response.json()["error"]["code"] == "account_misconfigured"
    )


def send(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    examples: int,
    session: requests.Session,
    statuses: "Counter[int]",
) -> None:
    """Send `examples` cases of one operation; each answer must be a declared one."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        response = case.call(session=session, timeout=30)
        statuses[response.status_code] += 1
        checks = list(CHECKS)
        if _is_of_a_made_up_account(response):
            checks.remove(not_a_server_error)
        case.validate_response(response, checks=checks)

    with suppress(Unsatisfiable):  # such as: nothing about this operation can be wrong
        run()

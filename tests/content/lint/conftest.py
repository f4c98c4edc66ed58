from collections.abc import Callable
from typing import Any

import pytest

from content.pipeline import Pipeline
from tests.content.conftest import request

Lint = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def findings() -> Callable[..., list[dict[str, Any]]]:
    """All findings on an article."""
    pipeline = Pipeline()

    def found(markdown: str | None = None, **given: Any) -> list[dict[str, Any]]:
        files = given.pop("files", None)
        arguments = {**request(markdown, given.pop("html", None), **given), "files": files}
        told: list[dict[str, Any]] = pipeline.lint(arguments)["findings"]
        return told

    return found


@pytest.fixture(scope="session")
def lint(findings: Callable[..., list[dict[str, Any]]]) -> Lint:
    """The first finding of each rule, by rule."""

    def found(markdown: str | None = None, **given: Any) -> dict[str, dict[str, Any]]:
        return {each["rule"]: each for each in reversed(findings(markdown, **given))}

    return found

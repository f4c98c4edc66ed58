import pkgutil
from importlib import import_module

import pytest

import handlers
from handlers.openapi import Operation

ALL = {
    f"{module.name}.{name}": operation
    for module in pkgutil.iter_modules(handlers.__path__, "handlers.")
    if module.name.endswith("operations")
    for name, operation in vars(import_module(module.name)).items()
    if isinstance(operation, Operation)
}


@pytest.mark.parametrize("name", ALL)
def test_examples_are_what_the_models_say(name: str) -> None:
    operation = ALL[name]
    if operation.example is not None:
        assert operation.body is not None
        operation.body.model_validate(operation.example)
    if operation.answer_example is not None:
        assert operation.answer is not None
        operation.answer.model_validate(operation.answer_example)


@pytest.mark.parametrize("name", ALL)
def test_who_may_wait_for_the_end_of_a_job_is_told_that_it_may_come(name: str) -> None:
    operation = ALL[name]
    if any(parameter["name"] == "Prefer" for parameter in operation.parameters):
        assert {operation.status, *operation.also} == {200, 202}


@pytest.mark.parametrize("name", ALL)
def test_every_summary_is_in_both_languages(name: str) -> None:
    chinese, _, english = ALL[name].summary.partition(" / ")
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
    assert english.isascii()

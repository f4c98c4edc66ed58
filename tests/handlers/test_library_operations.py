from handlers.library import LibraryQuery
from handlers.library_operations import OPERATIONS


def test_every_parameter_of_the_lists_is_described() -> None:
    for told in OPERATIONS.values():
        named = [parameter["name"] for parameter in told.every.parameters]
        assert sorted(named) == sorted(LibraryQuery.model_fields)


def test_examples_are_what_the_models_say() -> None:
    for told in OPERATIONS.values():
        for operation in told:
            if operation.answer is not None:
                operation.answer.model_validate(operation.answer_example)
            if operation.body is not None:
                operation.body.model_validate(operation.example)

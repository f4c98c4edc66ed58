from handlers import template_operations
from handlers.openapi import Operation
from handlers.template_preview import UnsavedPreview
from templates.forms import NewTemplate, TemplateForm


def test_the_examples_are_what_is_taken() -> None:
    operations = {
        name: value for name, value in vars(template_operations).items() if name.isupper()
    }
    described = [each for each in operations.values() if isinstance(each, Operation)]
    assert len(described) == 12
    for operation in described:
        if operation.example is not None:
            assert operation.body is not None
            operation.body.model_validate(operation.example)
    assert {NewTemplate, TemplateForm, UnsavedPreview} <= {each.body for each in described}

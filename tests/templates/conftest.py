from tests.content.conftest import render

__all__ = ["render"]

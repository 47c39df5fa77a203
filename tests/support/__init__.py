"""Helpers shared by several tests; contains no tests."""

from pathlib import Path

import pytest

# Show the values of failed assertions in helpers too.
pytest.register_assert_rewrite(
    *(f"support.{path.stem}" for path in Path(__file__).parent.glob("[a-z]*.py"))
)

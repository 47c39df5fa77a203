"""Helpers that several tests share; nothing here is a test."""

from pathlib import Path

import pytest

# A failed assertion in a helper shows its values too.
pytest.register_assert_rewrite(
    *(f"support.{path.stem}" for path in Path(__file__).parent.glob("[a-z]*.py"))
)

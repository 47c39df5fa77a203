"""Helpers that several tests share; nothing here is a test."""

import pytest

pytest.register_assert_rewrite("support")  # a failed assertion in a helper shows its values too

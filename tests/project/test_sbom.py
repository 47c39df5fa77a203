"""The bill of materials agrees with the locks, is valid CycloneDX, and has only free licences."""

import importlib.metadata
import json
import re

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import AND, OR, get_spdx_licensing
from packaging.markers import Marker

from support.sbom import DESK, LOCKS, ROOT, SBOM, VENDORED, Component, licence, locked, made

SPDX = get_spdx_licensing()
# May be handed on, changed and sold; a "BSD" without a number is one of the two.
FREE = set(
    """
0BSD Apache-2.0 BlueOak-1.0.0 BSD BSD-2-Clause BSD-3-Clause CC0-1.0 ISC MIT MIT-0 MIT-CMU MPL-1.1
MPL-2.0 PSF-2.0 Zlib
""".split()  # noqa: SIM905 - as words it can be read
)
BILL = json.loads(SBOM.read_text("utf-8"))


def free(text: str) -> bool:
    """Check whether a licence, or one of its alternatives, is free."""

    def allowed(node: object) -> bool:
        parts = getattr(node, "args", ())
        if isinstance(node, OR):
            return any(map(allowed, parts))
        return all(map(allowed, parts)) if isinstance(node, AND) else str(node) in FREE

    return allowed(SPDX.parse(text))


def said(component: Component) -> str:
    [only] = component["licenses"]
    return str(only.get("expression") or only["license"]["name"])


def test_the_bill_is_that_of_the_locks() -> None:
    assert SBOM.read_text("utf-8") == made(), "run: python tests/support/sbom.py"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_in_the_bill(lock: str) -> None:
    text = (ROOT / "scripts" / lock).read_text("utf-8")
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    bill = {(c["name"], c["version"]): c for c in BILL["components"] if "pypi" in c["purl"]}
    assert pins and len(locked(lock)) == len(pins)
    assert set(pins) <= set(bill)
    hashes = {h["content"] for pin in pins for h in bill[pin]["hashes"]}
    assert set(re.findall(r"sha256:(\w+)", text)) <= hashes


def test_every_vendored_file_is_in_the_bill() -> None:
    named = {ROOT / path for paths in VENDORED.values() for path in paths}
    assert set((ROOT / DESK).iterdir()) <= named


def test_the_bill_is_valid_and_names_no_address() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    text = SBOM.read_text("utf-8")
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"type": "library"', '"type": "book"')) is not None
    assert "://" not in text


def test_everything_is_free() -> None:
    assert [c["purl"] for c in BILL["components"] if not free(said(c))] == []
    assert free("GPL-2.0-or-later OR MPL-2.0")
    assert not free("GPL-2.0-or-later AND MIT")
    assert not free("Proprietary")


def test_what_is_installed_declares_what_the_bill_says() -> None:
    """For the lock lines that apply to this computer, the installed version is checked."""
    compared = 0
    for component in BILL["components"]:
        where = [p["value"] for p in component.get("properties", [])]
        if "pypi" in component["purl"] and all(Marker(text).evaluate() for text in where):
            assert importlib.metadata.version(component["name"]) == component["version"]
            assert licence(component["name"]) == said(component)
            compared += 1
    assert compared > 80

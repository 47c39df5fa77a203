"""Write the software bill of materials, docs/sbom.cdx.json (CycloneDX 1.6).

Run ``python tests/support/sbom.py`` to update it. It is made from the locks and the vendored files,
without time or serial number, so that the same locks give the same bytes.
"""

import base64
import hashlib
import importlib.metadata
import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SBOM = ROOT / "docs" / "sbom.cdx.json"
# Scopes: always installed; on demand (`run.py add`); for the tests only.
LOCKS = {
    "requirements.txt": "required",
    "requirements-cluster.txt": "optional",
    "requirements-pdf.txt": "optional",
    "requirements-silk.txt": "optional",
    "requirements-test.txt": "excluded",
}
THEME, DESK = "scripts/cunshi/theme/assets", "scripts/cunshi/review/static/vendor"
VENDORED = {
    ("iframe-worker", "1.0.4", "MIT"): [f"{THEME}/iframe-worker.js"],
    ("wavesurfer.js", "8.0.1", "BSD-3-Clause"): [
        f"{DESK}/wavesurfer-LICENSE.txt",
        f"{DESK}/wavesurfer-regions.esm.js",
        f"{DESK}/wavesurfer.esm.js",
    ],
}
# Names of licences and their SPDX identifiers.
SPELLED = {
    "BSD 2-Clause License": "BSD-2-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
}
# Licences of packages without SPDX metadata or not on every system, according to their files.
LOOKED_UP = {
    "audioop-lts": "PSF-2.0",
    "axe-playwright-python": "MIT",
    "bagit": "CC0-1.0",
    "brotlicffi": "MIT",
    "colorama": "BSD-3-Clause",
    "cssselect2": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "mergedeep": "MIT",
    "pydyf": "BSD-3-Clause",
    "pyphen": "GPL-2.0-or-later OR LGPL-2.0-or-later OR MPL-1.1",
    "segno": "BSD-3-Clause",
    "tinycss2": "BSD-3-Clause",
    "weasyprint": "BSD-3-Clause",
    "webencodings": "BSD-3-Clause",
}
Component = dict[str, Any]


def made() -> str:
    """Return the bill for the current locks and vendored files."""
    program = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": program["name"],
                "name": program["name"],
                "version": program["version"],
                "licenses": licences(program["license"]),
            }
        },
        "components": sorted(_components(), key=lambda component: component["bom-ref"]),
    }
    return json.dumps(bill, ensure_ascii=False, indent=1) + "\n"


def _components() -> list[Component]:
    found = {}
    for lock, scope in LOCKS.items():
        for entry in locked(lock):
            found.setdefault(entry["bom-ref"], entry | {"scope": scope})
    return [*found.values(), *_vendored(), *_on_node()]


def locked(lock: str) -> list[Component]:
    """Return every distribution in a lock, with the hashes of all its files."""
    text = (ROOT / "scripts" / lock).read_text("utf-8")
    entries = re.findall(r"^(\w.+?) \\\n((?: +--hash=sha256:\w+(?: \\)?\n)+)", text, re.MULTILINE)
    return [_distribution(Requirement(said), re.findall(r":(\w+)", h)) for said, h in entries]


def _distribution(requirement: Requirement, hashes: list[str]) -> Component:
    [version] = (specifier.version for specifier in requirement.specifier)
    component = _component("pypi", requirement.name, version, licence(requirement.name))
    component["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in hashes]
    if requirement.marker:
        where = {"name": "cunshi:installed-where", "value": str(requirement.marker)}
        component["properties"] = [where]
    return component


def licence(name: str) -> str:
    """Return the declared licence of a distribution, in SPDX if possible."""
    if name in LOOKED_UP:
        return LOOKED_UP[name]
    said = importlib.metadata.metadata(name)
    classes = [c for c in said.get_all("Classifier", []) if c.startswith("License")]
    declared = said.get("License-Expression") or said.get("License") or ""
    declared = declared or (classes[0].rpartition(" :: ")[2] if classes else "")
    return SPELLED.get(declared, declared)


def licences(text: str) -> list[Component]:
    """Return CycloneDX licences; ``BSD`` alone is ambiguous in SPDX and only a name."""
    return [{"license": {"name": text}}] if text == "BSD" else [{"expression": text}]


def _component(kind: str, name: str, version: str, expression: str) -> Component:
    place = f"pkg:{kind}/{quote(name)}@{version}"
    return {
        "type": "library",
        "bom-ref": place,
        "name": name,
        "version": version,
        "purl": place,
        "licenses": licences(expression),
    }


def _vendored() -> list[Component]:
    """Return the vendored packages with their files, which may be modified
    (docs/dependencies.md).
    """
    return [
        _component("npm", name, version, expression)
        | {"scope": "required", "components": [_file(path) for path in paths]}
        for (name, version, expression), paths in VENDORED.items()
    ]


def _file(path: str) -> Component:
    digest = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
    hashes = [{"alg": "SHA-256", "content": digest}]
    return {"type": "file", "bom-ref": path, "name": path, "hashes": hashes}


def _on_node() -> list[Component]:
    """Return the validators used by the tests."""
    lock = json.loads((ROOT / "tests" / "node" / "package-lock.json").read_text("utf-8"))
    found = {}
    for path, said in lock["packages"].items():
        if path:
            name = path.rpartition("node_modules/")[2]
            component = _component("npm", name, said["version"], said["license"])
            algorithm, __, digest = said["integrity"].partition("-")
            content = base64.b64decode(digest).hex()
            component["hashes"] = [
                {"alg": algorithm.upper().replace("A5", "A-5"), "content": content}
            ]
            found[component["bom-ref"]] = component | {"scope": "excluded"}
    return list(found.values())


if __name__ == "__main__":
    SBOM.write_text(made(), "utf-8", newline="\n")

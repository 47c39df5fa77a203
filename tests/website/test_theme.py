"""Style sheets: no block is styled by more than one."""

import re

from support.village import ROOT

ASSETS = ROOT / "scripts/cunshi/theme/assets"
# What other sheets may adjust on pages of theirs.
COMMON = {"cs-answers", "cs-audio", "cs-clip", "cs-clip__more", "cs-clip__words", "cs-key"}


def test_no_two_style_sheets_shape_the_same_block() -> None:
    """cunshi.css is for all pages; each other file is for its own."""
    owners: dict[str, set[str]] = {}
    for path in ASSETS.glob("*.css"):
        if path.name != "cunshi.css":
            for name in re.findall(r"\.(cs-[a-z0-9]+(?:-[a-z0-9]+)*)\b", path.read_text("utf-8")):
                owners.setdefault(name, set()).add(path.name)
    shared = {name for name, sheets in owners.items() if len(sheets) > 1}
    assert shared <= COMMON | {"cs-quiz"}, shared

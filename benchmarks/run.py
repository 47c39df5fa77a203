"""Measure everything, and write RESULTS.md: what is wanted, what Cunshi needs, what others need.

    .venv/bin/python benchmarks/run.py              two hours and a half on two quiet cores
    .venv/bin/python benchmarks/run.py scale        one part; of the others the last figures stay

Each part is a script of its own, run as a process, and writes a page of its own with all that it
measured. The others it measures in the same run are used where they are installed: pywhispercpp and
openai-whisper in the environment, and what sites.py names. Chromium and the optional part
``cluster`` are needed. Keys and the speed of the desk are apart: review_keys.py, review_editor.py.
"""

import argparse
import subprocess
import sys
from dataclasses import astuple

from workbench import HERE, Figure, collected, table

PARTS = ("village", "recognition", "scale", "cluster")
PLOTS = {"scale": ("scale-time.svg", "scale-makers.svg", "scale-index.svg")}
_HEAD = """# What was measured

Made by `benchmarks/run.py`; each part's own page says how, and has more figures. Each figure stands
beside what the project promises itself, where it promises something, and beside what others need
for the same in the same run. The computer, the day and the versions stand over each table.
"""
_APART = """
## The desk

[review_keys.md](review_keys.md): keys to correct the drafts, against a plain field of text.
[review_editor.md](review_editor.md): a recording of three hours in the editor.
"""


def section(part: str, title: str, head: str, figures: list[Figure]) -> str:
    lines = [f"\n## {title}\n", f"{head} All of it: [{part}.md]({part}.md).\n"]
    lines.append(table(("figure", "wanted", "Cunshi", "others"), map(astuple, figures)))
    lines += [f"\n![{name}]({name})" for name in PLOTS.get(part, ())]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=PARTS)
    for part in parser.parse_args().parts or PARTS:
        subprocess.run([sys.executable, HERE / f"{part}.py"], check=True)
    found = collected()
    sections = [section(part, *found[part]) for part in PARTS if part in found]
    text = "\n".join([_HEAD.rstrip("\n"), *sections, _APART])
    (HERE / "RESULTS.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()

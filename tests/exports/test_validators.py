"""Exports checked with validators that run on Node (tests/node)."""

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from cunshi.archive.project import Project
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment
from cunshi.exports.archival.captions import format_webvtt
from cunshi.exports.archival.ohms import NAMESPACE
from support.exports import entry_of, exported, segments, with_address
from support.village import ROOT

pytestmark = pytest.mark.slow

NODE = ROOT / "tests" / "node"
DESK = ROOT / "scripts" / "cunshi" / "review" / "static"
Run = Callable[..., tuple[int, str]]
Judge = Callable[[list[Path]], list[list[str]]]


@pytest.fixture(scope="session")
def complaints() -> Judge:
    """Return the validators' errors. Skipped without Node, except in CI."""
    if problem := _unready():
        assert not os.environ.get("CUNSHI_REQUIRE_NODE"), problem
        pytest.skip(problem)

    def judge(paths: list[Path]) -> list[list[str]]:
        words = ["node", "validate.mjs"]
        asked = json.dumps([str(path) for path in paths])
        done = subprocess.run(
            words, cwd=NODE, input=asked.encode(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        found: list[list[str]] = json.loads(done.stdout)
        return found

    return judge


def _unready() -> str:
    """Install the locked validators; return the reason if that fails."""
    npm = shutil.which("npm")
    if not shutil.which("node") or not npm:
        return "Node and npm are not installed"
    lock, installed = NODE / "package-lock.json", NODE / "node_modules" / ".package-lock.json"
    if installed.is_file() and installed.stat().st_mtime > lock.stat().st_mtime:
        return ""
    done = subprocess.run([npm, "ci"], cwd=NODE, capture_output=True, check=False)
    return f"npm ci: {done.stderr.decode()}" if done.returncode else ""


def test_what_the_sample_village_publishes_is_valid(
    copy_of_built: Project, run: Run, complaints: Judge, tmp_path: Path
) -> None:
    project = copy_of_built
    with_address(project)
    assert run(project, "site")[0] == 0
    bag = exported(project, run, tmp_path / "out")
    captions = [*project.site.rglob("*.vtt"), *bag.rglob("*.vtt"), *inside_ohms(bag, tmp_path)]
    captions += [accession.transcript for accession in project.accessions()]
    iiif = [*project.site.glob("iiif/*.json"), *bag.glob("data/iiif/*.json")]
    pages = [*project.site.rglob("*.html"), *DESK.rglob("*.html")]
    assert min(map(len, (captions, iiif, pages))) > 5
    assert complaints([*captions, *iiif, *pages]) == []


def inside_ohms(bag: Path, folder: Path) -> list[Path]:
    """Return the captions in OHMS files, each as a file."""
    found = []
    for path in bag.glob("data/ohms-6.0/*.xml"):
        text = ET.parse(path).findtext(f".//{{{NAMESPACE}}}vtt_transcript")  # noqa: S314 - our own
        found.append(folder / f"{path.stem}.vtt")
        found[-1].write_text(text or "", "utf-8")
    return found


def test_whatever_is_said_the_captions_are_valid(complaints: Judge, tmp_path: Path) -> None:
    made: list[Path] = []

    @settings(deadline=None, max_examples=300)
    @given(segments)
    def write(spoken: list[Segment]) -> None:
        lines = sorted(spoken, key=lambda segment: segment.start)
        made.append(tmp_path / f"{len(made)}.vtt")
        made[-1].write_text(format_webvtt(entry_of(*lines), Archive()), "utf-8")

    write()
    assert complaints(made) == []


CUE = "WEBVTT\n\n00:02.000 --> 00:03.000\n桥\n"
MANIFEST = {
    "@context": "http://iiif.io/api/presentation/3/context.json",
    "id": "https://example.org/iiif/a.json",
    "type": "Manifest",
    "label": {"zh-Hans": ["桥"]},
    "items": [
        {"id": "https://example.org/c", "type": "Canvas", "duration": 1.5, "items": []},
    ],
}
PAGE = "<!DOCTYPE html>\n<html lang='zh'><head><title>桥</title></head><body>{}</body></html>\n"
WRONG = [
    ("vtt", CUE.replace("WEBVTT", "WEB")),
    ("vtt", CUE.replace("桥", "<x>桥")),
    ("vtt", f"{CUE}\n00:01.000 --> 00:04.000\n河\n"),  # earlier than the cue before
    ("vtt", CUE.replace("03.000", "01.000")),
    ("json", json.dumps({k: v for k, v in MANIFEST.items() if k != "label"})),
    ("json", json.dumps(MANIFEST | {"label": "桥"})),
    ("json", json.dumps(MANIFEST | {"items": [{"id": "https://example.org/c", "type": "Sound"}]})),
    ("json", json.dumps(MANIFEST).replace("1.5", '"1.5"')),
    ("json", json.dumps(MANIFEST)[:-1]),
    ("html", PAGE.format("<p id='a'></p><p id='a'></p>")),
    ("html", PAGE.format("<button><a href='/'>桥</a></button>")),
    ("html", PAGE.format("<ul><p>桥</p></ul>")),
    (
        "html",
        PAGE.format("<article><b></article>").replace("<title", "<meta name='generator'><title"),
    ),
]


def test_what_is_not_valid_is_told(complaints: Judge, tmp_path: Path) -> None:
    right = [("vtt", CUE), ("json", json.dumps(MANIFEST)), ("html", PAGE.format("<p>桥</p>"))]
    made: list[Path] = []
    for ending, text in [*right, *WRONG]:
        made.append(tmp_path / f"{len(made)}.{ending}")
        made[-1].write_text(text, "utf-8")
    told = {path for path, __ in complaints(made)}
    assert [str(path) for path in made if str(path) not in told] == [*map(str, made[: len(right)])]

"""Other makers of static sites on the pages of the same village, timed beside Cunshi.

Each gets the Markdown and the sounds' addresses that ``cunshi site`` has written to build/docs, and
nothing else of Cunshi. Hugo and Jekyll do less: their pages have no clips, no lines to listen to
and no search of the spoken word by the second.

Hugo and Jekyll are Debian's. Below build/peers lie ``zensical``, an environment in which
zensical==0.0.73 is installed, and ``collectionbuilder-csv``, the commit 91944f7 of
github.com/CollectionBuilder/collectionbuilder-csv. What is missing is left out.
"""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watching import watched
from workbench import ROOT

_PEERS = ROOT / "build" / "peers"
_ZENSICAL = _PEERS / "zensical" / "bin" / "zensical"
_COLLECTIONBUILDER = _PEERS / "collectionbuilder-csv"
_COMMIT = "91944f7"
_HUGO = """baseURL = "https://example.org/"
title = "村史"
disableKinds = ["taxonomy", "term"]
[markup.goldmark.renderer]
unsafe = true
"""
_BASE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>{{ .Title }}</title>
<nav><a href="/">村史</a></nav><main><h1>{{ .Title }}</h1>{{ .Content }}</main></html>
"""
_LIST = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>{{ .Title }}</title>
<main>{{ .Content }}<ul>{{ range .Pages }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a>
{{ end }}</ul></main></html>
"""


@dataclass(frozen=True)
class Made:
    """Seconds, the most memory of all its processes in MB, pages that were made."""

    seconds: float
    memory: float
    pages: int


def make(root: Path, work: Path) -> Iterator[tuple[str, Made]]:
    """Every maker on the pages of the village at ``root``, one after the other."""
    yield "MkDocs with Material, every page by itself", _mkdocs(root, work)
    if _ZENSICAL.exists():
        yield "Zensical, same settings", _zensical(str(_ZENSICAL), root, work)
    if hugo := shutil.which("hugo"):
        yield "Hugo, bare layout, no search", _hugo(hugo, root, work)
    if (jekyll := shutil.which("jekyll")) and _COLLECTIONBUILDER.exists():
        made = _collection(jekyll, _COLLECTIONBUILDER, root, work)
        yield "Jekyll with CollectionBuilder-CSV, recordings only", made


def versions() -> str:
    """What each of the others calls its version."""
    said = [f"collectionbuilder-csv {_COMMIT}"] if _COLLECTIONBUILDER.exists() else []
    for program in (str(_ZENSICAL), "hugo", "jekyll"):
        if shutil.which(program):
            words = [program, "version" if program == "hugo" else "--version"]
            done = subprocess.run(words, check=True, capture_output=True, text=True)
            number = re.search(r"\d+(\.\d+)+", done.stdout)
            said.append(f"{Path(program).name} {number[0] if number else '?'}")
    return ", ".join(said)


def _made(command: list[str], folder: Path, site: Path) -> Made:
    """Run a maker once, from nothing."""
    shutil.rmtree(site, ignore_errors=True)
    spent = watched(command, folder, site.with_suffix(".log"))
    return Made(spent.seconds, spent.resident, len(list(site.rglob("*.html"))))


def _mkdocs(root: Path, work: Path) -> Made:
    site = work / "mkdocs"
    words = ["-m", "mkdocs", "build", "--strict", "--quiet", "--clean", "-d", str(site)]
    return _made([sys.executable, *words], root, site)


def _zensical(program: str, root: Path, work: Path) -> Made:
    site = root / "build" / "zensical"
    settings = (root / "mkdocs.yml").read_text("utf-8")
    settings = re.sub(r"^site_dir: .*$", "site_dir: build/zensical", settings, flags=re.M)
    (root / "zensical.yml").write_text(settings, "utf-8")
    command = [program, "build", "-f", "zensical.yml", "--clean"]
    shutil.rmtree(root / ".cache", ignore_errors=True)
    return _made(command, root, site)


def _pages(root: Path) -> Iterator[tuple[str, str, str]]:
    """Path, title and Markdown of every page that Cunshi has written."""
    docs = root / "build" / "docs"
    for path in sorted(docs.rglob("*.md")):
        text = path.read_text("utf-8")
        body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
        title = re.search(r"^title: (.*)$|^# (.*)$", text, re.M)
        name = next(filter(None, title.groups())) if title else path.stem
        yield path.relative_to(docs).as_posix(), name.strip("'\""), body


def _hugo(program: str, root: Path, work: Path) -> Made:
    source, site = work / "hugo-source", work / "hugo"
    shutil.rmtree(source, ignore_errors=True)
    layouts = source / "layouts" / "_default"
    layouts.mkdir(parents=True)
    (source / "config.toml").write_text(_HUGO, "utf-8")
    (layouts / "single.html").write_text(_BASE, "utf-8")
    (layouts / "list.html").write_text(_LIST, "utf-8")
    for name, title, body in _pages(root):
        target = source / "content" / name.replace("index.md", "_index.md")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"---\ntitle: {json.dumps(title)}\n---\n{body}", "utf-8")
    return _made([program, "--quiet", "-d", str(site)], source, site)


def _collection(program: str, template: Path, root: Path, work: Path) -> Made:
    source, site = work / "collection", work / "jekyll"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(template, source, ignore=shutil.ignore_patterns(".git", "docs", "Gemfile"))
    config = source / "_config.yml"
    text = config.read_text("utf-8")
    config.write_text(re.sub(r"^metadata: .*$", "metadata: village", text, flags=re.M), "utf-8")
    fields = ("objectid", "title", "description", "display_template", "object_location")
    with (source / "_data" / "village.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(fields)
        for name, title, body in _pages(root):
            if name.startswith("recordings/") and name != "recordings/index.md":
                words = " ".join(re.sub(r"<[^>]*>", " ", body).split())
                key = Path(name).stem
                rows.writerow([key, title, words, "audio", f"/audio/{key}.m4a"])
    return _made([program, "build", "--quiet", "-d", str(site)], source, site)

"""Other makers of static sites on the pages of the same village, timed beside MkDocs.

Each gets the Markdown and the sounds' addresses that ``cunshi site`` has written to build/docs, and
nothing else of Cunshi. Hugo and Jekyll do less: their pages have no clips, no lines to listen to
and no search of the spoken word by the second.

Zensical (``pip install zensical==0.0.73`` into a folder of its own), Hugo and Jekyll (Debian has
both) and a checkout of CollectionBuilder-CSV (github.com/CollectionBuilder/collectionbuilder-csv)
are found by ``Peers``; what is missing is left out.
"""

import csv
import json
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
    """Seconds, the largest memory of a process in MB, pages that were made."""

    seconds: float
    memory: float
    pages: int


@dataclass(frozen=True)
class Peers:
    """Where the others are; empty where one is not installed."""

    zensical: str = ""
    hugo: str = shutil.which("hugo") or ""
    jekyll: str = shutil.which("jekyll") or ""
    collectionbuilder: str = ""

    def make(self, root: Path, work: Path) -> Iterator[tuple[str, Made]]:
        """Every maker on the pages of the village at ``root``, one after the other."""
        yield "MkDocs with Material, as Cunshi runs it", _mkdocs(root, work)
        if self.zensical:
            yield "Zensical, same settings", _zensical(self.zensical, root, work)
        if self.hugo:
            yield "Hugo, bare layout, no search", _hugo(self.hugo, root, work)
        if self.jekyll and self.collectionbuilder:
            template = Path(self.collectionbuilder)
            made = _collection(self.jekyll, template, root, work)
            yield "Jekyll with CollectionBuilder-CSV, recordings only", made


def timed(command: list[str], folder: Path, site: Path, **environment: str) -> Made:
    """Run a maker once, from nothing."""
    shutil.rmtree(site, ignore_errors=True)
    with (work_log := site.with_suffix(".log")).open("wb") as log:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log
        )
        __, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    if status:
        raise RuntimeError(work_log.read_text("utf-8", "replace")[-2000:])
    return Made(seconds, _megabytes(used), len(list(site.rglob("*.html"))))


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / 1024


def _mkdocs(root: Path, work: Path) -> Made:
    site = work / "mkdocs"
    words = ["-m", "mkdocs", "build", "--strict", "--quiet", "--clean", "-d", str(site)]
    package = Path(__file__).parents[1] / "scripts"
    python = str(Path(__file__).parents[1] / ".venv" / "bin" / "python")
    return timed([python, *words], root, site, PYTHONPATH=str(package), NO_MKDOCS_2_WARNING="1")


def _zensical(program: str, root: Path, work: Path) -> Made:
    site = root / "build" / "zensical"
    settings = (root / "mkdocs.yml").read_text("utf-8")
    settings = re.sub(r"^site_dir: .*$", "site_dir: build/zensical", settings, flags=re.M)
    (root / "zensical.yml").write_text(settings, "utf-8")
    package = Path(__file__).parents[1] / "scripts"
    command = [program, "build", "-f", "zensical.yml", "--clean"]
    shutil.rmtree(root / ".cache", ignore_errors=True)
    return timed(command, root, site, PYTHONPATH=str(package))


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
    return timed([program, "--quiet", "-d", str(site)], source, site)


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
    return timed([program, "build", "--quiet", "-d", str(site)], source, site)

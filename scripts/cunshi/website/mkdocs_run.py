"""Runs MkDocs on build/docs, and brings what it makes and what is made already into build/site."""

import filecmp
import gzip
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from urllib.parse import quote

from cunshi.archive.cache.stage_stamps import StageStamps, stamp_of
from cunshi.archive.project import Project
from cunshi.core.errors import SiteError, last_lines, parse_disk_error
from cunshi.core.files import link_or_copy, walk_file_names, write_rebuildable
from cunshi.core.i18n import _
from cunshi.core.processes import run_module
from cunshi.core.yaml_fields import load_fields
from cunshi.domain.course import Catalogue
from cunshi.website.page_shell import Frames, is_frame
from cunshi.website.pages.assemble import framed_pages, framed_paths
from cunshi.website.search_index import divide_index, spoken_parts

_LAST_LINES = 15
_HOOK = Path(__file__).with_name("mkdocs_hook.py")
_URL = re.compile(r"\s*<url>\s*<loc>([^<]*)</loc>.*?</url>", re.DOTALL)


def run_mkdocs(
    project: Project,
    catalogue: Catalogue,
    shared: Iterable[str],
    cards: Iterable[str] = (),
    meanwhile: Callable[[], object] = lambda: None,
    at_last: Callable[[], object] = lambda: None,
) -> None:
    """Make build/site from build/docs, which has the shared pages. SiteError if MkDocs refuses.

    MkDocs builds into a folder of its own, so that a failure leaves the site as it is.
    ``meanwhile`` makes the framed pages in build/docs, and ``at_last`` waits for what else there
    is to be: pictures, sound, kits.
    """
    aside = project.site.with_name(".site")
    framed = sorted(chain.from_iterable(map(framed_paths, catalogue.entries)))
    of_each_kind = {entry.recording.kind: entry for entry in reversed(catalogue.entries)}.values()
    forms = chain.from_iterable(framed_pages(catalogue, entry) for entry in of_each_kind)
    frames = Frames((page.path, page.text) for page in forms)
    with ThreadPoolExecutor(1) as pool:
        pages = [path for path in (*shared, *framed) if path.endswith(".md")]
        extra = {"cards": sorted(cards), "frames": frames.sources, "pages": pages}
        by_mkdocs = pool.submit(_start_mkdocs, project, aside, extra)
        meanwhile()
        by_mkdocs.result()
    made = {path: (aside / path).with_suffix(".html") for path in frames.sources}
    html = {path: file.read_text("utf-8") for path, file in made.items()}
    for file in made.values():
        file.unlink()
    _complete_sitemap(aside, framed)
    _divide_index(aside, catalogue)
    written = _fill(project, frames, framed, html)
    at_last()
    written |= set(_bring(walk_file_names(aside), aside, project.site))
    written |= set(_bring(_media(project.docs), project.docs, project.site))
    _remove_others(project.site, written)
    shutil.rmtree(aside, ignore_errors=True)


def _text(project: Project, path: str) -> str:
    return (project.docs / path).read_text("utf-8")


def _start_mkdocs(project: Project, aside: Path, extra: Mapping[str, object]) -> None:
    added = {
        "INHERIT": "mkdocs.yml",
        "docs_dir": project.docs.relative_to(project.root).as_posix(),
        "extra": extra,
        "hooks": [*load_fields(project.root / "mkdocs.yml", "", []).texts("hooks"), str(_HOOK)],
    }
    # Read from here, the settings count from the project's folder.
    settings = "".join(f"{key}: {json.dumps(value)}\n" for key, value in added.items())
    words = ["build", "--strict", "--quiet", "--clean", "-f", "-", "-d", str(aside)]
    done = run_module("mkdocs", *words, cwd=project.root, stdin=settings)
    if done.returncode:
        last = last_lines(done, _LAST_LINES)
        if refused := parse_disk_error(last):
            raise refused
        raise SiteError(
            _("网站没有做成：\n{last}").format(last=last),
            _("按上面的提示改好，再运行一次；原来的网站还在"),
            where="mkdocs.yml",
        )


def _complete_sitemap(site: Path, framed: Iterable[str]) -> None:
    """List the pages instead of their frames.

    Without a site_url a sitemap has no addresses, only the day it was built, and goes.
    """
    sitemap = site / "sitemap.xml"
    packed = site / "sitemap.xml.gz"
    packed.unlink(missing_ok=True)
    text = sitemap.read_text("utf-8") if sitemap.is_file() else ""
    if "<loc>http" not in text:
        sitemap.unlink(missing_ok=True)
        return
    entries = {found[1]: found[0] for found in _URL.finditer(text)}
    frames = {url: entry for url, entry in entries.items() if is_frame(url)}
    text = _URL.sub(lambda found: "" if found[1] in frames else found[0], text)
    by_folder = {url.split("/")[-2]: (url, entry) for url, entry in frames.items()}
    listed = ""
    for path in framed:
        folder, __, name = path.partition("/")
        url, entry = by_folder[folder]
        page = f"{url.rpartition('/')[0]}/{quote(name.removesuffix('.md'))}.html"
        listed += entry.replace(url, page)
    text = text.replace("\n</urlset>", f"{listed}\n</urlset>")
    sitemap.write_text(text, "utf-8")
    packed.write_bytes(gzip.compress(text.encode(), mtime=0))


def _divide_index(site: Path, catalogue: Catalogue) -> None:
    """Make the hits of the search lead to seconds; pages from a disk read the .js of the two."""
    path = site / "search" / "search_index.json"
    if path.is_file():
        parts = []
        for name, part in spoken_parts(catalogue):
            (site / name).write_text(part, "utf-8")
            parts.append(name)
        index = divide_index(json.loads(path.read_text("utf-8")), catalogue, parts)
        text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        path.write_text(text, "utf-8")
        path.with_suffix(".js").write_text(f"var __index = {text}", "utf-8")


def _fill(
    project: Project, frames: Frames, framed: Iterable[str], html: Mapping[str, str]
) -> set[str]:
    """Put pages into their frames where either has changed; their paths in the site."""
    stamps, names = StageStamps(project, "framed"), set[str]()
    basis = stamp_of(sorted(html.items()))

    def stamp(path: str, name: str) -> str:
        return stamp_of(basis, files=[project.docs / path, project.site / name])

    for path in framed:
        name = f"{path.removesuffix('.md')}.html"
        if not stamps.is_current(path, stamp(path, name)):
            write_rebuildable(project.site / name, frames.fill(path, _text(project, path), html))
            stamps.record(path, stamp(path, name))
        names.add(name)
    stamps.save()
    return names


def _media(docs: Path) -> Iterator[str]:
    """What stands in the site as it is; MkDocs too leaves out what a dot begins."""
    for name in walk_file_names(docs):
        if not name.endswith(".md") and "/." not in f"/{name}":
            yield name


def _bring(names: Iterable[str], source: Path, site: Path) -> Iterator[str]:
    """Give the site what has changed; the paths of all.

    A file that has not changed keeps its time; one that is open in a browser on Windows can still
    be replaced one by one where a whole folder could not. Of the same size and time as its source
    a file is taken for its copy: a village has gigabytes of sound.
    """
    for name in names:
        path, copy = source / name, site / name
        if not (copy.is_file() and filecmp.cmp(path, copy)):
            link_or_copy(path, copy)
        yield name


def _remove_others(site: Path, wanted: set[str]) -> None:
    for name in list(walk_file_names(site)):
        if name not in wanted:
            (site / name).unlink()
    for folder in (Path(path) for path, *__ in os.walk(site, topdown=False)):
        if folder != site and not any(folder.iterdir()):
            folder.rmdir()

"""Run MkDocs on build/docs and copy the results, with audio and images, to build/site."""

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
from typing import Any
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
from cunshi.website.search_index import split_index, transcript_parts

_LAST_LINES = 15
_HOOK = Path(__file__).with_name("mkdocs_hook.py")
_URL = re.compile(r"\s*<url>\s*<loc>([^<]*)</loc>.*?</url>", re.DOTALL)


def run_mkdocs(
    project: Project,
    catalogue: Catalogue,
    shared: Iterable[str],
    cards: Iterable[str] = (),
    while_building: Callable[[], object] = lambda: None,
    before_copying: Callable[[], object] = lambda: None,
) -> None:
    """Build build/site from build/docs, which contains the shared pages; SiteError if MkDocs fails.

    MkDocs builds into a staging folder, so that a failure leaves the site unchanged.
    ``while_building`` writes the framed pages to build/docs while MkDocs runs; ``before_copying``
    waits for images, audio and kits.
    """
    staging = project.site.with_name(".site")
    framed = sorted(chain.from_iterable(map(framed_paths, catalogue.entries)))
    of_each_kind = {entry.recording.kind: entry for entry in reversed(catalogue.entries)}.values()
    forms = chain.from_iterable(framed_pages(catalogue, entry) for entry in of_each_kind)
    frames = Frames((page.path, page.text) for page in forms)
    with ThreadPoolExecutor(1) as pool:
        pages = [path for path in (*shared, *framed) if path.endswith(".md")]
        extra: dict[str, Any] = {"cards": sorted(cards), "frames": frames.sources, "pages": pages}
        extra["settings"] = catalogue.site_settings
        by_mkdocs = pool.submit(_start_mkdocs, project, staging, extra)
        while_building()
        by_mkdocs.result()
    made = {path: (staging / path).with_suffix(".html") for path in frames.sources}
    html = {path: file.read_text("utf-8") for path, file in made.items()}
    for file in made.values():
        file.unlink()
    _complete_sitemap(staging, framed)
    _divide_index(staging, catalogue)
    written = _fill_frames(project, frames, framed, html)
    before_copying()
    written |= set(_copy_changed(walk_file_names(staging), staging, project.site))
    written |= set(_copy_changed(_static_files(project.docs), project.docs, project.site))
    _remove_others(project.site, written)
    shutil.rmtree(staging, ignore_errors=True)


def _text(project: Project, path: str) -> str:
    return (project.docs / path).read_text("utf-8")


def _start_mkdocs(project: Project, staging: Path, extra: Mapping[str, Any]) -> None:
    added = {
        **extra["settings"],
        "INHERIT": "mkdocs.yml",
        "docs_dir": project.docs.relative_to(project.root).as_posix(),
        "extra": extra,
        "hooks": [*load_fields(project.root / "mkdocs.yml", "", []).texts("hooks"), str(_HOOK)],
    }
    # Settings read from stdin are relative to the project's folder.
    settings = "".join(f"{key}: {json.dumps(value)}\n" for key, value in added.items())
    arguments = ["build", "--strict", "--quiet", "--clean", "-f", "-", "-d", str(staging)]
    done = run_module("mkdocs", *arguments, cwd=project.root, stdin=settings)
    if done.returncode:
        last = last_lines(done, _LAST_LINES)
        if disk_error := parse_disk_error(last):
            raise disk_error
        raise SiteError(
            _("网站没有做成：\n{last}").format(last=last),
            _("按上面的提示改好，再运行一次；原来的网站还在"),
            where="mkdocs.yml",
        )


def _complete_sitemap(site: Path, framed: Iterable[str]) -> None:
    """List the pages in the sitemap instead of their frames.

    Without a site_url the sitemap contains no URLs, only the build date, and is removed.
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
    """Split the search index, so that hits lead to times; pages on file:// load the .js version."""
    path = site / "search" / "search_index.json"
    if path.is_file():
        parts = []
        for name, part in transcript_parts(catalogue):
            (site / name).write_text(part, "utf-8")
            parts.append(name)
        index = split_index(json.loads(path.read_text("utf-8")), catalogue, parts)
        text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        path.write_text(text, "utf-8")
        path.with_suffix(".js").write_text(f"var __index = {text}", "utf-8")


def _fill_frames(
    project: Project, frames: Frames, framed: Iterable[str], html: Mapping[str, str]
) -> set[str]:
    """Fill the frames of pages whose content or frame has changed; return their paths in the
    site.
    """
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


def _static_files(docs: Path) -> Iterator[str]:
    """Yield the files that are copied unchanged; like MkDocs, without hidden ones."""
    for name in walk_file_names(docs):
        if not name.endswith(".md") and "/." not in f"/{name}":
            yield name


def _copy_changed(names: Iterable[str], source: Path, site: Path) -> Iterator[str]:
    """Copy changed files to the site and yield the paths of all files.

    Files are replaced one by one, because on Windows a folder cannot be replaced while a browser
    has a file open. A copy with the size and time of its source is taken for current, because a
    village has gigabytes of audio.
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

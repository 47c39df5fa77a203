"""All that may be shown of an archive, in the forms that other archives read, as one bag.

Nothing withheld is in it: it is made from the catalogue that the site is made from. Masters are
not in it either; who takes over an archive takes its folder.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cunshi.archive.bag import facts_of, write_bag
from cunshi.core.errors import SiteError
from cunshi.core.files import walk_files, write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Result
from cunshi.core.text import clean, safe_file_name
from cunshi.domain.course import Catalogue, Entry, Page
from cunshi.exports.archival import ro_crate
from cunshi.exports.archival.captions import captions_path, format_both, srt_path
from cunshi.exports.archival.description import Described, describe, describe_one
from cunshi.exports.archival.iiif import format_collection, format_manifest, manifest_path
from cunshi.exports.archival.ohms import EDITIONS, format_ohms
from cunshi.exports.archival.tables import catalogue_sheet, dublin_core

_COLLECTION = "iiif/collection.json"


@dataclass(frozen=True)
class Exported(Result):
    """The bag that was written."""

    path: Path


def captions_and_manifests(catalogue: Catalogue) -> Iterator[Page]:
    """What the site itself offers: captions of every talk, and IIIF where it has an address."""
    described: list[Described] = []
    for entry in catalogue.entries:
        yield from captions(catalogue, entry)
        yield from manifest(catalogue, entry, described)
    yield from collection(catalogue, described)


def manifest(catalogue: Catalogue, entry: Entry, described: list[Described]) -> Iterator[Page]:
    """The IIIF manifest of a talk, where the site has an address; ``described`` grows by it."""
    if catalogue.course.address and entry.audio:
        described.append(describe_one(catalogue, entry))
        said = format_manifest(catalogue, entry, described[-1])
        yield Page(manifest_path(entry.recording.id), said)


def collection(catalogue: Catalogue, described: list[Described]) -> Iterator[Page]:
    """The collection of the manifests, where the site has an address."""
    if catalogue.course.address:
        ordered = sorted(described, key=lambda said: said.id)
        yield Page(_COLLECTION, format_collection(catalogue, ordered))


def manifest_paths(catalogue: Catalogue) -> list[str]:
    """Where the manifests and their collection are in the site, if it has an address."""
    talks = [entry.recording.id for entry in catalogue.entries if entry.audio]
    return [_COLLECTION, *map(manifest_path, talks)] if catalogue.course.address else []


def caption_paths(entry: Entry) -> list[str]:
    """Where the captions of a talk are in the site, in both forms."""
    webvtt = captions_path(entry)
    return [webvtt, srt_path(webvtt)] if webvtt else []


def captions(catalogue: Catalogue, entry: Entry) -> Iterator[Page]:
    """The captions of a talk in both forms, if it has any."""
    if path := captions_path(entry):
        webvtt, srt = format_both(entry, catalogue.archive)
        yield Page(path, webvtt)
        yield Page(srt_path(path), srt)


def make_export(docs: Path, catalogue: Catalogue, folder: Path) -> Exported:
    """Write the bag into a folder, from the site's source; SiteError when it is there already."""
    name = f"{safe_file_name(catalogue.course.title)} 导出 {catalogue.today.isoformat()}"
    target = folder / name
    if target.exists():
        raise SiteError(
            _("这里已经有一份今天的导出，不会覆盖它"), _("换一个文件夹，或先把它移走"), where=target
        )
    payload = folder / f".{name}.payload.tmp"
    shutil.rmtree(payload, ignore_errors=True)
    for path, data in _files(catalogue):
        write_atomic(payload / path, data)
    for made in _media(catalogue):
        if (docs / made).is_file():
            (payload / made).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(docs / made, payload / made)
    sizes = {p.relative_to(payload).as_posix(): p.stat().st_size for p in walk_files(payload)}
    write_atomic(
        payload / ro_crate.NAME, ro_crate.format_crate(catalogue, describe(catalogue), sizes)
    )
    write_bag(payload, target, facts_of(catalogue.archive, catalogue.course.title), catalogue.today)
    return Exported(target)


def _media(catalogue: Catalogue) -> Iterator[str]:
    for entry in catalogue.entries:
        yield from filter(None, (entry.audio, entry.photo))


def _files(catalogue: Catalogue) -> Iterator[tuple[str, str | bytes]]:
    described = describe(catalogue)
    by_id = {entry.id: entry for entry in described}
    yield "目录.xlsx", catalogue_sheet(described, clean(catalogue.course.title))
    yield "dublin-core.csv", dublin_core(described)
    yield "citations.txt", "".join(f"{entry.citation}\n" for entry in described)
    yield from ((page.path, page.text) for page in captions_and_manifests(catalogue))
    for entry in catalogue.entries:
        if entry.audio:
            said = by_id[entry.recording.id]
            for edition in EDITIONS:
                path = f"ohms-{edition}/{said.id}.xml"
                yield path, format_ohms(catalogue, entry, said, edition)

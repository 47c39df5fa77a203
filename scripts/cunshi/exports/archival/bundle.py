"""Write everything published to one bag in archival formats.

It is made from the same catalogue as the site, so it contains nothing withheld. Masters are not
included; a new holder of the archive gets its folder.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cunshi.archive.bag import facts_of, write_bag
from cunshi.core.errors import SiteError
from cunshi.core.files import write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Result
from cunshi.core.text import safe_file_name
from cunshi.domain.course import Catalogue
from cunshi.exports.archival import (
    Exporter,
    ExportSource,
    captions,
    catalogue_sheet,
    dublin_core,
    how_to_cite,
    iiif,
    ohms,
    ro_crate,
)
from cunshi.exports.archival.description import describe

# In this order, because the crate lists the files of the others.
EXPORTERS: Mapping[str, Exporter] = {
    "catalogue-sheet": catalogue_sheet,
    "dublin-core": dublin_core,
    "how-to-cite": how_to_cite,
    "captions": captions,
    "iiif": iiif,
    "ohms": ohms,
    "ro-crate": ro_crate,
}


@dataclass(frozen=True)
class Exported(Result):
    """The bag that was written."""

    path: Path


def make_export(docs: Path, catalogue: Catalogue, folder: Path) -> Exported:
    """Write the bag to a folder; SiteError if it exists already."""
    name = f"{safe_file_name(catalogue.course.title)} 导出 {catalogue.today.isoformat()}"
    target = folder / name
    if target.exists():
        raise SiteError(
            _("这里已经有一份今天的导出，不会覆盖它"), _("换一个文件夹，或先把它移走"), where=target
        )
    payload = folder / f".{name}.payload.tmp"
    shutil.rmtree(payload, ignore_errors=True)
    written = _copy_media(docs, catalogue, payload)
    source = ExportSource(catalogue, describe(catalogue), written)
    for exporter in EXPORTERS.values():
        for path, data in exporter.export(source):
            write_atomic(payload / path, data)
            written[path] = (payload / path).stat().st_size
    write_bag(payload, target, facts_of(catalogue.archive, catalogue.course.title), catalogue.today)
    return Exported(target)


def _copy_media(docs: Path, catalogue: Catalogue, payload: Path) -> dict[str, int]:
    """Copy the site's access copies and photos; return their paths and sizes."""
    written = {}
    for path in _media(catalogue):
        if (docs / path).is_file():
            (payload / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(docs / path, payload / path)
            written[path] = (payload / path).stat().st_size
    return written


def _media(catalogue: Catalogue) -> Iterator[str]:
    for entry in catalogue.entries:
        yield from filter(None, (entry.audio, entry.photo))

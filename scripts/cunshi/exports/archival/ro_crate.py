"""Describe an export as an RO-Crate 1.1
(https://www.researchobject.org/ro-crate/specification/1.1/).

Each recording has its files, narrator and place, as JSON-LD. Only published names occur, because it
is made from descriptions in the catalogue.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from cunshi.core.text import clean
from cunshi.domain.course import Catalogue
from cunshi.exports.archival import ExportFile, ExportSource
from cunshi.exports.archival.description import Described

NAME = "ro-crate-metadata.json"
_VERSION = "https://w3id.org/ro/crate/1.1"
_UNKNOWN = "没有说明，请问保管单位"
_FORMS = {
    ".csv": "text/csv",
    ".jpg": "image/jpeg",
    ".json": "application/ld+json",  # IIIF
    ".m4a": "audio/mp4",
    ".srt": "application/x-subrip",
    ".txt": "text/plain",
    ".vtt": "text/vtt",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
}
Entity = dict[str, Any]


def export(source: ExportSource) -> Iterator[ExportFile]:
    """The crate of all that is in the export already: this exporter has to be the last."""
    yield NAME, format_crate(source.catalogue, source.described, source.written)


def format_crate(
    catalogue: Catalogue, described: Sequence[Described], files: Mapping[str, int]
) -> str:
    """Return the metadata of a folder; ``files`` maps its relative paths to sizes in bytes."""
    file_entities = [_file(path, size) for path, size in sorted(files.items())]
    recordings = [_recording(entry, files) for entry in described]
    context = {e["@id"]: e for entry in described for e in _context_entities(entry)}
    holder = _holder(catalogue.archive.institution)
    rights = _rights(catalogue.archive.rights)
    context |= {entity["@id"]: entity for entity in (holder, rights)}
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": clean(catalogue.course.title),
        "description": clean(catalogue.course.about or catalogue.course.title),
        "datePublished": catalogue.today.isoformat(),
        "license": _reference(rights),
        "author": _reference(holder),
        "publisher": _reference(holder),
        "hasPart": [_reference(file) for file in file_entities],
        "hasMember": [_reference(recording) for recording in recordings],
    }
    descriptor: Entity = {
        "@id": NAME,
        "@type": "CreativeWork",
        "conformsTo": {"@id": _VERSION},
        "about": _reference(root),
    }
    graph = [descriptor, root, *recordings, *context.values(), *file_entities]
    whole = {
        "@context": f"{_VERSION}/context",
        "@graph": [_without_empty(entity) for entity in graph],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _recording(entry: Described, files: Iterable[str]) -> Entity:
    own = (path for path in sorted(files) if PurePosixPath(path).stem == entry.id)
    return {
        "@id": f"#{entry.id}",
        "@type": "RepositoryObject",
        "identifier": entry.id,
        "name": entry.title,
        "description": entry.summary,
        "genre": entry.kind,
        "creator": _reference(_narrator(entry)) if entry.narrator else None,
        "contentLocation": _reference(_place(entry)) if entry.village else None,
        "dateCreated": entry.date,
        "inLanguage": entry.language,
        "keywords": ", ".join(entry.words),
        "license": _reference(_rights(entry.rights)),
        "publisher": _reference(_holder(entry.holder)),
        "conditionsOfAccess": entry.access,
        "url": entry.address,
        "hasFile": [{"@id": quote(path)} for path in own],
    }


def _context_entities(entry: Described) -> Iterable[Entity]:
    yield _rights(entry.rights)
    yield _holder(entry.holder)
    if entry.narrator:
        yield _narrator(entry)
    if entry.village:
        yield _place(entry)


def _narrator(entry: Described) -> Entity:
    """Return a person, identified by village and name: names are often titles shared by people."""
    return _named("Person", f"narrator/{entry.village}", entry.narrator)


def _place(entry: Described) -> Entity:
    return _named("Place", "place", entry.village)


def _holder(name: str) -> Entity:
    return _named("Organization", "holder", name)


def _rights(text: str) -> Entity:
    return _named("CreativeWork", "rights", text) | {"description": clean(text) or _UNKNOWN}


def _named(kind: str, what: str, name: str) -> Entity:
    shown = clean(name) or _UNKNOWN
    return {"@id": f"#{quote(f'{what}/{shown}')}", "@type": kind, "name": shown}


def _file(path: str, size: int) -> Entity:
    name = PurePosixPath(path)
    form = _FORMS.get(name.suffix, "")
    return {
        "@id": quote(path),
        "@type": "File",
        "name": name.name,
        "encodingFormat": form,
        "contentSize": str(size),
    }


def _reference(entity: Entity) -> Entity:
    return {"@id": entity["@id"]}


def _without_empty(entity: Entity) -> Entity:
    return {key: value for key, value in entity.items() if value}

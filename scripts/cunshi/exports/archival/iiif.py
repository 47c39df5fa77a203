"""Format IIIF Presentation 3 manifests of recordings (https://iiif.io/api/presentation/3.0/).

Ids have to be absolute URLs, so manifests exist only if the site has an address. Captions are
annotations of the canvas, as in the IIIF cookbook (recipe 0219).
"""

import json
from collections.abc import Iterator
from typing import Any

from cunshi.core.text import clean
from cunshi.domain.course import Catalogue, Clip, Entry, Page
from cunshi.exports.archival import ExportFile, ExportSource
from cunshi.exports.archival.captions import captions_path, srt_path
from cunshi.exports.archival.description import Described, describe_entry

_COLLECTION = "iiif/collection.json"
_CONTEXT = "http://iiif.io/api/presentation/3/context.json"
_LANGUAGES = {"cmn": "zh-Hans", "wuu": "wuu-Hans", "mixed": "zh-Hans"}


def export(source: ExportSource) -> Iterator[ExportFile]:
    """A manifest of every talk and their collection, where the site has an address."""
    catalogue, described = source.catalogue, list[Described]()
    for entry in catalogue.entries:
        for page in manifest(catalogue, entry, described):
            yield page.path, page.text
    for page in collection(catalogue, described):
        yield page.path, page.text


def manifest(catalogue: Catalogue, entry: Entry, described: list[Described]) -> Iterator[Page]:
    """The IIIF manifest of a talk, where the site has an address; ``described`` grows by it."""
    if catalogue.course.address and entry.audio:
        described.append(describe_entry(catalogue, entry))
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


def manifest_path(recording_id: str) -> str:
    """Return the path of a manifest in the site."""
    return f"iiif/{recording_id}.json"


def format_manifest(catalogue: Catalogue, entry: Entry, described: Described) -> str:
    """Return the manifest of a recording with audio; the course must have an address."""
    base = catalogue.course.address.rstrip("/")
    own = f"{base}/{manifest_path(described.id)}"
    manifest = {
        "@context": _CONTEXT,
        "id": own,
        "type": "Manifest",
        "label": _text(described.title),
        "metadata": [_pair(label, value) for label, value in _facts(described) if value],
        "requiredStatement": _pair("引用", described.citation),
        "homepage": [_link(described.address, "Text", "text/html", described.title)],
        "items": [_canvas(catalogue, entry, described, own)],
    }
    if described.summary:
        manifest["summary"] = _text(described.summary)
    if captions := captions_path(entry):
        named = ((captions, "text/vtt"), (srt_path(captions), "text/plain"))
        manifest["rendering"] = [_link(f"{base}/{p}", "Text", form, "文稿") for p, form in named]
    if ranges := _ranges(catalogue, entry, own):
        manifest["structures"] = ranges
    return _dump(manifest)


def format_collection(catalogue: Catalogue, described: list[Described]) -> str:
    """Return the collection of all manifests, from which viewers start."""
    base = catalogue.course.address.rstrip("/")
    items = [
        {"id": f"{base}/{manifest_path(d.id)}", "type": "Manifest", "label": _text(d.title)}
        for d in described
    ]
    return _dump(
        {
            "@context": _CONTEXT,
            "id": f"{base}/{_COLLECTION}",
            "type": "Collection",
            "label": _text(clean(catalogue.course.title)),
            "items": items,
        }
    )


def _canvas(catalogue: Catalogue, entry: Entry, described: Described, own: str) -> dict[str, Any]:
    base = catalogue.course.address.rstrip("/")
    canvas, length = f"{own}/canvas", round(described.length, 3)
    sound = {
        "id": f"{base}/{entry.audio}",
        "type": "Sound",
        "format": "audio/mp4",
        "duration": length,
    }
    found: dict[str, Any] = {
        "id": canvas,
        "type": "Canvas",
        "duration": length,
        "items": [_page(f"{canvas}/sound", "painting", sound, canvas)],
    }
    if captions := captions_path(entry):
        language = _LANGUAGES.get(described.language, "zh-Hans")
        body = {
            **_link(f"{base}/{captions}", "Text", "text/vtt", "字幕"),
            "language": language,
        }
        found["annotations"] = [_page(f"{canvas}/captions", "supplementing", body, canvas)]
    return found


def _page(own: str, motivation: str, body: dict[str, Any], target: str) -> dict[str, Any]:
    annotation = {
        "id": f"{own}/1",
        "type": "Annotation",
        "motivation": motivation,
        "body": body,
        "target": target,
    }
    return {"id": own, "type": "AnnotationPage", "items": [annotation]}


def _ranges(catalogue: Catalogue, entry: Entry, own: str) -> list[dict[str, Any]]:
    """Return a range for each passage that a lesson cites."""
    cited = [
        (clip, lesson.title)
        for lesson, clips in catalogue.lessons
        for clip in clips
        if clip.ref.recording_id == entry.recording.id and not clip.withheld
    ]
    cited.sort(key=lambda pair: pair[0].ref.start)
    return [_range(clip, title, f"{own}/range/{n}", own) for n, (clip, title) in enumerate(cited)]


def _range(clip: Clip, title: str, own: str, manifest: str) -> dict[str, Any]:
    times = f"t={clip.ref.start:.3f},{clip.ref.end:.3f}"
    return {
        "id": own,
        "type": "Range",
        "label": _text(clean(title)),
        "items": [{"id": f"{manifest}/canvas#{times}", "type": "Canvas"}],
    }


def _facts(described: Described) -> list[tuple[str, str]]:
    return [
        ("编号", described.id),
        ("讲述人", described.narrator),
        ("地点", described.village),
        ("日期", described.date),
        ("课程", "；".join(described.lessons)),
        ("主题词", "；".join(described.words)),
        ("文稿", described.transcript),
        ("保管单位", described.holder),
        ("权利", described.rights),
    ]


def _link(address: str, kind: str, form: str, label: str) -> dict[str, Any]:
    return {"id": address, "type": kind, "format": form, "label": _text(label)}


def _pair(label: str, value: str) -> dict[str, Any]:
    return {"label": _text(label), "value": _text(value)}


def _text(text: str) -> dict[str, list[str]]:
    """Return a language map, which version 3 requires instead of a string."""
    return {"zh-Hans": [text]}


def _dump(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"

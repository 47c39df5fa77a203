"""What every format of the export has to hold to: a new one is tested once it is registered."""

import io
import json
import re
import time
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from cunshi.archive.project import Project
from cunshi.catalogue.gather import gather
from cunshi.core.text import safe_file_name
from cunshi.domain.access import Days
from cunshi.domain.consent import Access, Consent
from cunshi.domain.course import Catalogue
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment, Transcript, TranscriptStatus
from cunshi.exports.archival import ExportSource, bundle
from cunshi.exports.archival.bundle import EXPORTERS, make_export
from cunshi.exports.archival.description import describe
from support.exports import catalogue_of, entry_of, with_address
from support.village import ROOT

Files = dict[str, bytes]
OPEN, SEALED, LISTED, CLASSROOM, RENAMED = (f"2026011{n}-7a99455{n}" for n in range(5))
SECRETS = (
    "家里的秘密不能说",  # a line that is withheld: its words, who says them, what they mean
    "不能说的人",
    "这是藏起来的意思",
    "封存的题名",
    "封存的老人",
    "封存的话",
    "目录里不说的备注",
    "目录里不说的话",
    "课堂里的题名",
    "课堂里的话",
    "真名金老师",  # also in the name of the file that was dropped
    "签字的儿子",  # no export says who signed a consent
    "代签的女儿",
)


@pytest.fixture
def catalogue(village: Project) -> Catalogue:
    """What may be shown of a village that withholds a line, a name and recordings."""
    with_address(village)
    (village.courses / "course.yml").write_text("title: 村史\nlessons: []\n", "utf-8")
    signed = Consent("签字的儿子", catalogue_of().today, guardian="代签的女儿")
    said = {
        OPEN: (
            _recording(OPEN, title="桥", narrator="王阿婆", consent=signed),
            "河上有一座桥",
        ),
        SEALED: (
            _recording(SEALED, title="封存的题名", narrator="封存的老人", access=Access.SEALED),
            "封存的话",
        ),
        LISTED: (
            _recording(LISTED, title="老街", note="目录里不说的备注", access=Access.LISTED),
            "目录里不说的话",
        ),
        CLASSROOM: (
            _recording(CLASSROOM, title="课堂里的题名", access=Access.CLASSROOM),
            "课堂里的话",
        ),
        RENAMED: (_recording(RENAMED, title="船", narrator="真名金老师"), "船从河上来"),
    }
    renamed, words = said[RENAMED]
    consent = replace(renamed.description.consent, shown_as="东街老伯")
    description = replace(renamed.description, consent=consent)
    original = "01/金村村_真名金老师.m4a"
    said[RENAMED] = (replace(renamed, description=description, original_name=original), words)
    hidden = Segment(
        5,
        8,
        "家里的秘密不能说",
        speaker="不能说的人",
        mandarin="这是藏起来的意思",
        withheld=True,
    )
    transcripts = {
        id_: Transcript((Segment(1, 4, words), hidden), TranscriptStatus.EDITED)
        for id_, (__, words) in said.items()
    }
    recordings = [recording for recording, __ in said.values()]
    archive = Archive(institution="金村村档案室", rights="属于讲述人")
    days = Days(today=catalogue_of().today, clock=catalogue_of().today)
    return gather(village, archive, recordings, transcripts, days, [])


def _recording(id_: str, **said: object) -> Recording:
    shown = entry_of().recording
    description = replace(shown.description, village="金村村", **said)  # type: ignore[arg-type]
    return replace(shown, id=id_, master=f"{id_}.m4a", description=description)


def exports(catalogue: Catalogue) -> dict[str, Files]:
    """The files of each exporter, each after the others as in the bag."""
    written: dict[str, int] = {}
    source = ExportSource(catalogue, describe(catalogue), written)
    found: dict[str, Files] = {}
    for name, exporter in EXPORTERS.items():
        found[name] = {}
        for path, data in exporter.export(source):
            found[name][path] = data if isinstance(data, bytes) else data.encode()
            written[path] = len(found[name][path])
    return found


def unpacked(files: Files) -> Files:
    """The files with what is packed in them."""
    found = dict(files)
    for path, data in files.items():
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                found |= {f"{path}/{name}": packed.read(name) for name in packed.namelist()}
    return found


each = pytest.mark.parametrize("name", EXPORTERS)


@each
def test_it_writes_what_may_be_shown(name: str, catalogue: Catalogue) -> None:
    assert {entry.recording.id for entry in catalogue.entries} == {OPEN, RENAMED}
    files = unpacked(exports(catalogue)[name])
    for id_ in (OPEN, RENAMED):
        assert any(id_ in path or id_.encode() in data for path, data in files.items())


@each
def test_nothing_that_is_withheld_is_in_it(name: str, catalogue: Catalogue) -> None:
    for path, data in unpacked(exports(catalogue)[name]).items():
        for secret in SECRETS:
            assert secret not in path
            assert secret.encode() not in data, path
            assert json.dumps(secret)[1:-1].encode() not in data, path


@each
def test_the_same_is_written_at_any_time(
    name: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = exports(catalogue)[name]
    later = time.time() + 100_000
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(later)))
    assert exports(catalogue)[name] == first


@each
def test_any_disk_takes_its_names(name: str, catalogue: Catalogue) -> None:
    for path in exports(catalogue)[name]:
        assert not path.startswith("/") and "\\" not in path
        for part in PurePosixPath(path).parts:
            assert safe_file_name(part) == part


@each
def test_its_files_are_documented(name: str, catalogue: Catalogue) -> None:
    text = (ROOT / "docs" / "formats.md").read_text("utf-8")
    documented = text.partition("## The export\n")[2].partition("\n## ")[0]
    for path in exports(catalogue)[name]:
        assert f"`{re.sub('[0-9]{8}-[0-9a-f]{8}', '<id>', path)}`" in documented


@each
def test_of_an_empty_archive_it_is_written_too(name: str) -> None:
    assert exports(catalogue_of())[name] is not None


def test_no_two_formats_write_the_same_file(catalogue: Catalogue) -> None:
    paths = [path.casefold() for files in exports(catalogue).values() for path in files]
    assert len(paths) == len(set(paths))


def test_the_crate_comes_last_and_names_the_files_of_all_others(catalogue: Catalogue) -> None:
    *others, crate = exports(catalogue).values()
    [data] = crate.values()
    named = {entity["name"] for entity in json.loads(data)["@graph"] if entity["@type"] == "File"}
    assert named == {PurePosixPath(path).name for files in others for path in files}


class Trivial:
    """The least that an exporter is."""

    @staticmethod
    def export(source: ExportSource) -> list[tuple[str, str]]:
        return [("titles.txt", "".join(f"{entry.title}\n" for entry in source.described))]


def test_what_is_registered_is_in_the_bag(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "EXPORTERS", {"trivial": Trivial, **EXPORTERS})
    made = make_export(tmp_path, catalogue, tmp_path).path
    assert (made / "data" / "titles.txt").read_text("utf-8") == "桥\n老街\n船\n"
    assert '"titles.txt"' in (made / "data" / "ro-crate-metadata.json").read_text("utf-8")

"""Exports are valid for software of others, and contain nothing withheld."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import bagit
import openpyxl
import pytest
import srt
import webvtt
from hypothesis import HealthCheck, given, settings
from rocrate.rocrate import ROCrate

from cunshi.archive import bag
from cunshi.archive.project import Project
from cunshi.core.text import clean
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment
from cunshi.exports.archival.captions import format_srt, format_webvtt
from cunshi.exports.archival.catalogue_sheet import catalogue_sheet
from cunshi.exports.archival.description import describe
from cunshi.exports.archival.dublin_core import dublin_core, escape_formula
from cunshi.exports.archival.ohms import NAMESPACE, format_ohms
from cunshi.exports.archival.ro_crate import NAME, format_crate
from support.exports import Run, catalogue_of, entry_of, exported, printable, segments, with_address
from support.village import tree

# The order of elements in OHMS' schema 5.4 (an xs:sequence), of those that we write.
ORDER = """
version date date_nonpreferred_format cms_record_id title accession duration collection_id
collection_name series_id series_name repository funding repository_url subject keyword
interviewee interviewer format file_name sync sync_alt transcript_alt_lang translate media_id
media_url mediafile kembed language user_notes index type description rel vtt_transcript
vtt_transcript_alt transcript transcript_alt rights fmt usage userestrict xmllocation xmlfilename
collection_link series_link
""".split()  # noqa: SIM905 - as words it can be read

# What RO-Crate 1.1 has a term for (its context), of what we write.
TERMS = """
@id @type about author conditionsOfAccess conformsTo contentLocation contentSize creator dateCreated
datePublished description encodingFormat genre hasFile hasMember hasPart identifier inLanguage
keywords license name publisher url
""".split()  # noqa: SIM905 - as words it can be read
TYPES = "CreativeWork Dataset File Organization Person Place RepositoryObject".split()  # noqa: SIM905


# --- captions


@settings(deadline=None)
@given(segments)
def test_captions_are_read_as_they_were_written(spoken: list[Segment]) -> None:
    entry = entry_of(*spoken)
    found = webvtt.from_string(format_webvtt(entry, Archive()), strict=True)
    blocks = list(srt.parse(format_srt(entry)))
    assert len(found.captions) == len(blocks)
    for cue, block in zip(found.captions, blocks, strict=True):
        assert cue.end_in_seconds >= cue.start_in_seconds
        assert block.end > block.start
        assert "\n".join(line for line in cue.text.splitlines() if line)
    starts = [block.start.total_seconds() for block in blocks]
    # Whatever is not printable is left out, and a line of nothing else with it.
    assert set(starts) <= {segment.start for segment in spoken}


def test_a_voice_makes_no_arrow() -> None:
    entry = entry_of(Segment(1, 2, "桥", speaker="--"))
    [cue] = webvtt.from_string(format_webvtt(entry, Archive()), strict=True).captions
    assert (cue.voice, cue.text) == ("－－", "桥")


def test_voices_meanings_and_marks_come_through() -> None:
    entry = entry_of(
        Segment(1, 2.5, "桥 <1> & 河 --> 好", speaker="王>阿婆", mandarin="桥和河都好"),
        Segment(3, 3, "[听不清]"),
    )
    found = webvtt.from_string(format_webvtt(entry, Archive()), strict=True)
    assert [cue.voice for cue in found.captions] == ["王＞阿婆", None]
    assert found.captions[0].raw_text.startswith("<v 王＞阿婆>桥 &lt;1&gt; &amp; 河 --&gt; 好\n")
    assert found.captions[0].start == "00:00:01.000"
    first, second = srt.parse(format_srt(entry))
    assert first.content == "王>阿婆：桥 <1> & 河 → 好\n普通话：桥和河都好"
    assert second.content == "（这里有人说话，没有听清）"


# --- tables


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@settings(deadline=None)
@given(printable)
def test_no_cell_is_a_formula(title: str) -> None:
    entry = entry_of(title=f"={title}", narrator="@SUM(A1)", village="+1")
    described = describe(catalogue_of(entry))
    [row] = rows_of(dublin_core(described))
    assert all(not value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())
    book = openpyxl.load_workbook(io.BytesIO(catalogue_sheet(described, "村史")))
    assert all(cell.data_type != "f" for line in book.active.iter_rows() for cell in line)


def test_the_tables_say_what_the_catalogue_says() -> None:
    entry = entry_of(Segment(0, 1, "桥"), title="石桥", narrator="金老师", village="金村村")
    described = describe(catalogue_of(entry, address="https://example.org/cunshi/"))
    [row] = rows_of(dublin_core(described))
    assert row["dc:title"] == "石桥"
    assert row["dc:creator"] == "金老师"
    assert row["dcterms:extent"] == "PT75S"
    assert row["dc:relation"] == "https://example.org/cunshi/recordings/20260112-7a994552.html"
    assert row["dcterms:bibliographicCitation"] == (
        "金老师（2026）．石桥［口述录音］．金村村档案室．20260112-7a994552"
    )
    sheet = openpyxl.load_workbook(io.BytesIO(catalogue_sheet(described, "村史"))).active
    head, line = ([cell.value for cell in row] for row in sheet.iter_rows())
    told = dict(zip(head, line, strict=True))
    assert told["题名"] == "石桥"
    assert told["时长"] == "00:01:15"
    assert told["校验码（SHA-256）"] == "7a994552" * 8
    assert catalogue_sheet(described, "村史") == catalogue_sheet(described, "村史")


def test_harmless_cells_keep_their_words() -> None:
    assert escape_formula("桥") == "桥"
    assert escape_formula("=1+1") == "'=1+1"


# --- OHMS


@settings(deadline=None)
@given(segments, printable)
def test_ohms_has_the_order_of_its_schema(spoken: list[Segment], title: str) -> None:
    entry = entry_of(*spoken, title=title)
    catalogue = catalogue_of(entry)
    [described] = describe(catalogue)
    for edition in ("5.4", "6.0"):
        root = ET.fromstring(  # noqa: S314 - our own
            format_ohms(catalogue, entry, described, edition)
        )
        names = [element.tag.removeprefix(f"{{{NAMESPACE}}}") for element in root[0]]
        assert [ORDER.index(name) for name in names] == sorted(map(ORDER.index, names))
        assert ("vtt_transcript" in names) is (edition == "6.0")
        assert re.fullmatch(r"\d{1,10}", root[0].attrib["id"])


def test_the_captions_in_ohms_are_captions() -> None:
    entry = entry_of(Segment(0, 2, "桥 & 河", speaker="金老师"))
    catalogue = catalogue_of(entry)
    root = ET.fromstring(  # noqa: S314 - our own
        format_ohms(catalogue, entry, *describe(catalogue), "6.0")
    )
    text = root.findtext(f".//{{{NAMESPACE}}}vtt_transcript")
    assert text
    [cue] = webvtt.from_string(text, strict=True).captions
    assert (cue.voice, cue.start_in_seconds) == ("金老师", 0)


# --- RO-Crate


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(printable, printable, printable)
def test_a_crate_is_read_and_has_the_terms_of_its_version(
    tmp_path: Path, title: str, narrator: str, village: str
) -> None:
    said = {"narrator": narrator, "village": village}
    entries = entry_of(title=title, **said), entry_of(title="又一件", **said)
    catalogue = catalogue_of(*entries, address="https://example.org/")
    text = format_crate(catalogue, describe(catalogue), {f"audio/{entries[0].recording.id}.m4a": 9})
    (tmp_path / NAME).write_text(text, "utf-8")
    graph = json.loads(text)["@graph"]
    assert {key for entity in graph for key in entity} <= set(TERMS)
    assert {entity["@type"] for entity in graph} <= set(TYPES)
    # The same person and place are described once.
    others = [entity for entity in graph if entity["@type"] not in {"RepositoryObject"}]
    assert len({entity["@id"] for entity in others}) == len(others)
    first, second = ROCrate(tmp_path).root_dataset["hasMember"]
    assert first.get("creator") == second.get("creator")
    assert (first.get("creator") or {"name": ""})["name"] == clean(narrator)


def test_the_same_name_in_two_villages_is_two_people() -> None:
    catalogue = catalogue_of(*(entry_of(narrator="王阿婆", village=v) for v in ("东村", "西村")))
    graph = json.loads(format_crate(catalogue, describe(catalogue), {}))["@graph"]
    assert [e["name"] for e in graph if e["@type"] == "Person"] == ["王阿婆", "王阿婆"]


# --- the bag and the site


def test_the_bag_is_valid_whole_and_says_if_it_is_not(
    told: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, open_id, sealed_id = told
    with_address(project)
    made = exported(project, run, tmp_path / "out")
    found = bagit.Bag(str(made))
    assert found.version == "1.0"
    found.validate()
    names = set(found.payload_entries())
    assert {
        "data/目录.xlsx",
        "data/dublin-core.csv",
        "data/citations.txt",
        f"data/audio/{open_id}.m4a",
        f"data/captions/{open_id}.vtt",
        f"data/captions/{open_id}.srt",
        f"data/ohms-5.4/{open_id}.xml",
        f"data/ohms-6.0/{open_id}.xml",
        f"data/iiif/{open_id}.json",
        "data/iiif/collection.json",
        "data/ro-crate-metadata.json",
    } == names
    assert not any(sealed_id in text for text in map(str, tree(made)))
    (made / "data" / "citations.txt").write_text("别的", "utf-8")
    with pytest.raises(bagit.BagError):
        found.validate()


def test_the_crate_names_every_file_and_recording(
    told: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, open_id, __ = told
    data = exported(project, run, tmp_path / "out") / "data"
    crate = ROCrate(data)
    listed = {unquote(entity.id) for entity in crate.data_entities}
    assert listed == set(tree(data)) - {NAME}
    [recording] = crate.root_dataset["hasMember"]
    assert recording["name"] and recording["creator"]["name"] == "金老师"
    assert recording["contentLocation"]["name"] == "金村村"
    assert {file["encodingFormat"] for file in recording["hasFile"]} == {
        *("audio/mp4", "text/vtt", "application/x-subrip", "application/xml")
    }
    assert all(open_id in file.id for file in recording["hasFile"])
    assert crate.root_dataset["license"]["description"]


def test_two_exports_are_the_same_and_none_is_replaced(
    told: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, __, __ = told
    first = exported(project, run, tmp_path / "a")
    second = exported(project, run, tmp_path / "b")
    assert tree(first) == tree(second)
    before = tree(first)
    code, printed = run(project, "export", "--to", str(tmp_path / "a"))
    assert code == 10
    assert "不会覆盖" in printed
    assert tree(tmp_path / "a" / first.name) == before


def test_iiif_is_what_version_3_asks_for(
    told: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, open_id, __ = told
    with_address(project)
    assert run(project, "site")[0] == 0
    manifest = json.loads((project.site / "iiif" / f"{open_id}.json").read_text("utf-8"))
    [canvas] = manifest["items"]
    [painting] = canvas["items"][0]["items"]
    assert painting["motivation"] == "painting"
    assert painting["target"] == canvas["id"]
    assert painting["body"]["type"] == "Sound"
    assert painting["body"]["duration"] == canvas["duration"] > 0
    [captions] = canvas["annotations"][0]["items"]
    assert captions["motivation"] == "supplementing"
    for address in (painting["body"]["id"], captions["body"]["id"]):
        assert (project.site / address.removeprefix("https://example.org/cunshi/")).is_file()
    for label in labels_of(manifest):
        assert isinstance(label, dict)
        assert all(isinstance(texts, list) for texts in label.values())


def labels_of(node: object) -> list[object]:
    if isinstance(node, dict):
        inner = [found for value in node.values() for found in labels_of(value)]
        return ([node["label"]] if "label" in node else []) + inner
    if isinstance(node, list):
        return [found for value in node for found in labels_of(value)]
    return []


def test_without_an_address_there_is_no_iiif(told: tuple[Project, str, str]) -> None:
    project, open_id, sealed_id = told
    assert not (project.site / "iiif").exists()
    assert (project.site / "captions" / f"{open_id}.vtt").is_file()
    assert not (project.site / "captions" / f"{sealed_id}.vtt").exists()
    page = (project.site / "recordings" / f"{open_id}.html").read_text("utf-8")
    assert f'href="../captions/{open_id}.vtt"' in page


def test_a_bag_counts_what_is_in_it(tmp_path: Path) -> None:
    payload = tmp_path / "payload"
    payload.mkdir()
    (payload / "河.txt").write_text("一", "utf-8")
    (payload / "桥.txt").write_text("二", "utf-8")
    bag.write_bag(payload, tmp_path / "bag", {"Contact-Name": "王\n老师"}, date(2026, 3, 1))
    found = bagit.Bag(str(tmp_path / "bag"))
    found.validate()
    assert found.info["Contact-Name"] == "王 老师"
    assert found.info["Payload-Oxum"] == "6.2"

"""Unchanged inputs cause no work, and withdrawn ones are not served from a cache."""

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import Any, BinaryIO

import pytest

from cunshi.archive.fixity import manifest
from cunshi.archive.project import Project
from cunshi.archive.transcript_file import format_cue
from cunshi.catalogue import transcripts
from cunshi.catalogue.course.places import slug_of
from cunshi.core import clock, processes
from cunshi.core.files import walk_files
from cunshi.domain.course import Catalogue, Entry, Page
from cunshi.domain.transcript import Segment
from cunshi.media import audio
from cunshi.website import mkdocs_run, prerender
from cunshi.website.pages import assemble as pages
from cunshi.website.pages import mentions
from support.village import EPOCH, LESSON_HEAD, sample_path, settle

Run = Callable[..., tuple[int, str]]
BUILD = ("build", "--engine", "recorded")
DAY = 24 * 3600


@pytest.fixture
def still(told: tuple[Project, str, str], run: Run) -> tuple[Project, str]:
    """Return a village that is up to date, and the id of its open talk."""
    project, open_id, __ = told
    for __ in range(2):
        assert run(project, *BUILD)[0] == 0
    return project, open_id


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the names of files that are hashed or copied."""
    names: list[str] = []
    digest, copy = hashlib.file_digest, manifest.copy_hashed

    def note(stream: BinaryIO, name: str) -> Any:
        names.append(Path(stream.name).name)
        return digest(stream, name)

    def note_copy(source: Path, target: BinaryIO) -> str:
        names.append(source.name)
        return copy(source, target)

    monkeypatch.setattr(hashlib, "file_digest", note)
    monkeypatch.setattr(manifest, "copy_hashed", note_copy)
    return names


def files(*folders: Path) -> dict[str, tuple[int, int, int]]:
    """Return every file with size, time and inode, to detect files that were written again."""
    found = {}
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        stat = path.stat()
        name = path.relative_to(folder_of(path, folders)).as_posix()
        if path.name not in {".lock", ".writing"}:
            found[name] = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
    return found


def folder_of(path: Path, folders: tuple[Path, ...]) -> Path:
    return next(folder.parent for folder in folders if path.is_relative_to(folder))


def everything(project: Project) -> dict[str, tuple[int, int, int]]:
    return files(project.archive, project.recordings, project.docs, project.site)


def test_nothing_new_hashes_nothing_and_writes_no_file(
    still: tuple[Project, str], run: Run, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, __ = still
    before = everything(project)
    monkeypatch.setattr(mkdocs_run, "_start_mkdocs", lambda *__: pytest.fail("MkDocs was asked"))
    for words in (BUILD, ("site",)):
        assert run(project, *words)[0] == 0
    assert hashed == []
    assert everything(project) == before


def test_without_its_memory_a_build_takes_longer_and_writes_the_same(
    still: tuple[Project, str], run: Run, hashed: list[str]
) -> None:
    project, __ = still
    before = everything(project)
    for path in project.cache.glob("settled-*"):
        path.unlink()
    assert run(project, *BUILD)[0] == 0
    assert set(hashed) == {"machine.json"}
    assert everything(project) == before


def test_one_new_recording_costs_itself_and_the_pages_that_tell_of_it(
    still: tuple[Project, str], run: Run, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, open_id = still
    before, sounded = files(project.archive, project.docs, project.site), list[str]()
    make = audio.make_access_copy
    monkeypatch.setattr(
        audio,
        "make_access_copy",
        lambda master, target, **how: [sounded.append(target.name), make(master, target, **how)],
    )
    known = {accession.id for accession in project.accessions()}
    new = project.recordings / "02-老街" / "横泾村_钱会计_2026-01-18.m4a"
    shutil.copy(sample_path("10"), new)
    settle(new)
    assert run(project, *BUILD)[0] == 0
    [id_] = {accession.id for accession in project.accessions()} - known
    after = files(project.archive, project.docs, project.site)
    assert before.keys() <= after.keys() | {n for n in before if "/search/part-" in n}
    changed = {name for name in after if after[name] != before.get(name)}
    # Of other recordings nothing is touched, neither in the archive nor on the site.
    assert not [name for name in changed if open_id in name]
    pages = {
        "index",
        "glossary",
        "people",
        "timeline",
        "recordings/index",
        f"recordings/{id_}",
        "villages/index",
        f"villages/{slug_of('横泾村')}",
    }
    assert {n for n in changed if n.startswith("docs/")} == {
        *(f"docs/{page}.md" for page in pages),
        f"docs/audio/{id_}.m4a",
        f"docs/captions/{id_}.vtt",
        f"docs/captions/{id_}.srt",
    }
    searched = {name for name in changed if name.startswith("site/search/")}
    assert {n for n in changed if n.startswith("site/")} - searched == {
        *(f"site/{page}.html" for page in pages),
        f"site/audio/{id_}.m4a",
        f"site/captions/{id_}.vtt",
        f"site/captions/{id_}.srt",
    }
    assert sounded == [f"{id_}.m4a"]
    masters = [name for name in hashed if ".m4a" in name]
    # The deposit, the copy that is made of it, read again; and what is published.
    assert sorted(masters) == sorted([new.name, new.name, f".{id_}.m4a.tmp", f"{id_}.m4a"])


@pytest.mark.parametrize("days", [-1, 0])
def test_a_day_that_ends_a_consent_ends_it_although_nothing_has_changed(
    still: tuple[Project, str], run: Run, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    project, open_id = still
    record = project.accession(open_id).record
    last = clock.today()
    text = record.read_text("utf-8")
    agreed = "signed_on: 2026-01-01}"
    assert agreed in text
    record.write_text(text.replace(agreed, f"signed_on: 2026-01-01, until: {last}}}"), "utf-8")
    assert run(project, *BUILD)[0] == 0
    page = project.site / "recordings" / f"{open_id}.html"
    assert page.exists()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(EPOCH) + (days + 1) * DAY))
    assert run(project, *BUILD)[0] == 0
    assert page.exists() == (days < 0)
    told = [path for path in project.site.rglob("*") if path.is_file()]
    assert any(open_id.encode() in path.read_bytes() for path in told) == (days < 0)


@pytest.mark.parametrize("name", ["recording.yml", "sidecar"])
def test_a_withdrawal_that_keeps_size_and_time_of_its_file_is_heeded(
    still: tuple[Project, str], run: Run, name: str
) -> None:
    project, open_id = still
    path, open_, sealed = project.accession(open_id).record, "by: 王老师", "by:" + " " * 10
    if name == "sidecar":
        [sound] = project.recordings.rglob("金村村_金老师*.m4a")
        path, open_, sealed = sound.with_suffix(".yml"), "access: open  ", "access: sealed"
        path.write_text(f"{open_}\n", "utf-8")
        for __ in range(2):
            assert run(project, *BUILD)[0] == 0
    stat, text = path.stat(), path.read_text("utf-8")
    assert open_ in text
    path.write_text(text.replace(open_, sealed), "utf-8")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert run(project, *BUILD)[0] == 0
    assert not (project.site / "recordings" / f"{open_id}.html").exists()
    assert not (project.docs / "audio" / f"{open_id}.m4a").exists()


def spoil(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


@pytest.mark.parametrize(
    "change",
    [
        lambda project, __: (project.site / "index.html").unlink(),
        lambda project, __: spoil(project.site / "about.html"),
        lambda project, id_: spoil(project.docs / "recordings" / f"{id_}.md"),
        lambda project, __: (project.site / "stranger.html").write_text("x"),
        lambda project, __: project.publications.unlink(),
    ],
)
def test_a_site_that_was_changed_is_made_good(
    still: tuple[Project, str], run: Run, change: Callable[[Project, str], object]
) -> None:
    project, open_id = still
    before = {path: path.read_bytes() for path in project.site.rglob("*") if path.is_file()}
    change(project, open_id)
    assert run(project, "site")[0] == 0
    after = {path: path.read_bytes() for path in project.site.rglob("*") if path.is_file()}
    assert after == before
    assert project.publications.is_file()


@pytest.mark.parametrize("name", ["mkdocs.yml", "glossary.yml", "course.yml", "theme"])
def test_a_change_of_what_all_pages_depend_on_reaches_them(
    still: tuple[Project, str], run: Run, name: str
) -> None:
    project, __ = still
    path, old, new = {
        "mkdocs.yml": (
            project.root / "mkdocs.yml",
            "site_name: 村史里的冬训课堂",
            "site_name: 新名",
        ),
        "glossary.yml": (project.glossary, "年纪大的人", "新名"),
        "course.yml": (project.courses / "course.yml", "title: 村史", "title: 新名"),
        "theme": (
            project.root / "scripts" / "cunshi" / "theme" / "partials" / "logo.html",
            "村史",
            "新名",
        ),
    }[name]
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    assert run(project, "site")[0] == 0
    assert any("新名" in page.read_text("utf-8") for page in project.site.rglob("*.html"))


def test_sound_is_there_once_and_a_site_loses_none_when_its_source_goes(
    still: tuple[Project, str], run: Run
) -> None:
    project, open_id = still
    made, shown = (root / "audio" / f"{open_id}.m4a" for root in (project.docs, project.site))
    shutil.rmtree(project.site)
    assert run(project, "site")[0] == 0
    assert made.samefile(shown)
    data = shown.read_bytes()
    made.unlink()
    assert shown.read_bytes() == data
    assert run(project, "site")[0] == 0
    assert made.read_bytes() == shown.read_bytes() == data


def test_where_a_disk_knows_no_second_name_sound_is_copied(
    still: tuple[Project, str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    project, open_id = still
    before = {path: path.read_bytes() for path in walk_files(project.site)}
    shutil.rmtree(project.site)
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert run(project, "site")[0] == 0
    assert {path: path.read_bytes() for path in walk_files(project.site)} == before
    made, shown = (root / "audio" / f"{open_id}.m4a" for root in (project.docs, project.site))
    assert not made.samefile(shown)


def test_what_is_wrong_is_said_again_and_changes_nothing(
    still: tuple[Project, str], run: Run
) -> None:
    project, __ = still
    (project.courses / "course.yml").write_text("title: 村史\nlessons: [01-x]\n", "utf-8")
    code, first = run(project, "site")
    before = everything(project)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mkdocs_run, "_start_mkdocs", lambda *__: pytest.fail("MkDocs was asked"))
        assert run(project, "site") == (code, first)
    assert code == 6 and "01-x" in first
    assert everything(project) == before


Step = Callable[[Project, str], object]
CITED = f"""{LESSON_HEAD}/// clip | {{id}} 0:00-0:02.5 金句
///
"""


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text, path
    path.write_text(text.replace(old, new, 1), "utf-8")


def in_transcript(old: str, new: str) -> Step:
    return lambda project, id_: rewrite(project.accession(id_).transcript, old, new)


def in_record(old: str, new: str) -> Step:
    return lambda project, id_: rewrite(project.accession(id_).record, old, new)


def cite(project: Project, id_: str) -> None:
    folder = project.courses / "01-qiao"
    folder.mkdir()
    (folder / "lesson.md").write_text(CITED.format(id=id_), "utf-8")
    rewrite(project.courses / "course.yml", "lessons: []", "lessons: [01-qiao]")


STEPS: dict[str, Step] = {
    "a word": in_transcript("一条河", "一条金鱼村的河"),
    "approved": in_record("approved_by:", "approved_by: 王老师"),
    "golden": in_transcript("00:00:0", "NOTE 金句\n\n00:00:0"),
    "cited": cite,
    "its lesson has another name": lambda project, __: rewrite(
        project.courses / "01-qiao" / "lesson.md", "title: 桥", "title: 老桥"
    ),
    "a term": lambda project, __: rewrite(
        project.glossary, "terms:\n", "terms:\n  - {term: 金鱼村, kind: 地名, meaning: 村}\n"
    ),
    "withheld": in_transcript("NOTE 金句", "NOTE 不公开"),
    "another name": in_record("signed_on: 2026-01-01}", "signed_on: 2026-01-01, shown_as: 老伯}"),
    "a name that nobody says": lambda project, __: rewrite(
        project.archive / "archive.yml",
        "villages:",
        "pseudonyms: [{name: 老人家, shown_as: 长辈}]\nvillages:",
    ),
    "a person": lambda project, __: project.persons.write_text(
        "persons: [{names: [一座桥], shown_as: 某处}]\n", "utf-8"
    ),
    "a right": lambda project, __: rewrite(
        project.archive / "archive.yml", "villages:", "rights: 只供阅读\nvillages:"
    ),
    "an address": lambda project, __: rewrite(
        project.root / "mkdocs.yml", "site_name:", "site_url: https://village.example/\nsite_name:"
    ),
    "withdrawn": in_record("shown_as: 老伯}", "shown_as: 老伯, withdrawn_on: 2026-03-01}"),
}


def made(project: Project) -> dict[Path, bytes]:
    return {p: p.read_bytes() for top in (project.docs, project.site) for p in walk_files(top)}


def test_a_site_made_step_by_step_is_the_one_made_at_once(
    still: tuple[Project, str], run: Run
) -> None:
    project, open_id = still
    told = project.cache / "told"
    for name, step in STEPS.items():
        step(project, open_id)
        before = made(project)
        run(project, "site")
        after = made(project)
        assert after != before, name
        forget(project)
        run(project, "site")
        at_once = made(project)
        differ = [p for p in {*at_once, *after} if at_once.get(p) != after.get(p)]
        assert differ == [], name
    # Of what is withdrawn not even the program remembers a word.
    assert [path.stem for path in walk_files(told) if "村" in path.read_text("utf-8")] == []


def forget(project: Project) -> None:
    """Remove the pages and all caches."""
    shutil.rmtree(project.site)
    shutil.rmtree(project.cache / "told")
    for path in walk_files(project.docs):
        if path.suffix in {".md", ".vtt", ".srt", ".json"}:
            path.unlink()
    for path in project.cache.glob("settled-*"):
        path.unlink()


def test_a_new_word_of_the_glossary_is_found_without_reading_transcripts_again(
    still: tuple[Project, str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, open_id = still
    term = "{term: 一条河, kind: 地名, meaning: 河}"
    rewrite(project.glossary, "terms:\n", f"terms:\n  - {term}\n")
    monkeypatch.setattr(mentions, "_join_passages", lambda *__: pytest.fail("it was read for it"))
    assert run(project, "site")[0] == 0
    glossary = (project.site / "glossary.html").read_text("utf-8")
    assert f"recordings/{open_id}.html#t=" in glossary.partition("一条河")[2]


def memo_of(project: Project, recording_id: str) -> Path:
    (found,) = (project.cache / "told").glob(f"*/{recording_id}.json")
    return found


@pytest.mark.parametrize("helped", [True, False])
def test_what_other_processes_make_is_the_same(
    still: tuple[Project, str], run: Run, monkeypatch: pytest.MonkeyPatch, helped: bool
) -> None:
    project, open_id = still
    cite(project, open_id)
    run(project, "site")
    before = made(project)
    forget(project)
    shutil.rmtree(project.docs / "kits")
    monkeypatch.setattr(prerender, "MIN_RECORDINGS", 1)
    if not helped:  # each process ends before it has done anything
        ended = partial(subprocess.Popen, [sys.executable, "-c", ""], stdin=PIPE, stdout=PIPE)
        monkeypatch.setattr(processes._Worker, "_start", lambda __: ended())
    rendered: list[str] = []
    page_of = pages.recording_page

    def render(catalogue: Catalogue, entry: Entry) -> Page:
        rendered.append(entry.recording.id)
        return page_of(catalogue, entry)

    monkeypatch.setattr(pages, "recording_page", render)
    run(project, "site")
    assert made(project) == before
    assert any(path.suffix == ".pptx" for path in before)
    assert memo_of(project, open_id).is_file()
    assert (rendered.count(open_id) > 1) is not helped


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"{",
        lambda data: b"[]",
        lambda data: b"\xff",
        lambda data: b'{"stamp": 1}',
        lambda data: data[:-1],
        lambda data: data[:-8] + bytes(8),
        lambda data: data.replace("村".encode(), b"\xff\xff\xff"),
    ],
)
def test_what_is_remembered_of_a_recording_may_be_damaged(
    still: tuple[Project, str], run: Run, damage: Callable[[bytes], bytes]
) -> None:
    project, open_id = still
    before, told = made(project), memo_of(project, open_id)
    data = told.read_bytes()
    assert damage(data) != data
    told.write_bytes(damage(data))
    (project.site / "index.html").unlink()
    assert run(project, "site")[0] == 0
    assert made(project) == before
    assert told.read_bytes() == data


def test_what_could_not_be_read_for_a_moment_is_not_remembered(
    still: tuple[Project, str], run: Run
) -> None:
    project, open_id = still
    before = made(project)
    memo_of(project, open_id).unlink()
    spoil(project.docs / "recordings" / f"{open_id}.md")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transcripts, "read_origin", lambda __: None)
        assert run(project, "site")[0] == 0
    assert made(project) != before
    spoil(project.docs / "recordings" / f"{open_id}.md")
    assert run(project, "site")[0] == 0
    assert made(project) == before


def long_talk(characters: int) -> Iterator[Segment]:
    sentence, start = "从前金村的老街四面都是水，家家户户枕着河睡觉。", 0.0
    for number in range(characters // len(sentence) + 1):
        yield Segment(start, start + 5.5, f"{number:05d}{sentence}")
        start += 6.25


def test_the_page_of_a_long_talk_is_no_larger_than_a_picture(
    still: tuple[Project, str], run: Run
) -> None:
    project, open_id = still
    cues = "\n".join(map(format_cue, long_talk(5000)))
    project.accession(open_id).transcript.write_text(f"WEBVTT\n\n{cues}", "utf-8")
    assert run(project, "site")[0] == 0
    page = project.site / "recordings" / f"{open_id}.html"
    said = re.sub("<[^>]+>", "", page.read_text("utf-8"))
    assert "00200从前金村的老街" in said
    assert page.stat().st_size < 150_000
    # Every page loads the index, and it holds no words of any talk.
    index = (project.site / "search" / "search_index.json").read_text("utf-8")
    assert "家家户户枕着河" not in index

"""The USB pack: complete, valid on every system, and without anything withheld."""

import hashlib
import re
import shutil
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import Page as BrowserPage
from pypdf import PdfReader

from cunshi import cli, workflow
from cunshi.archive.fixity.manifest import parse_manifest
from cunshi.archive.project import Project
from cunshi.core.errors import SiteError
from cunshi.core.progress import SilentReporter
from cunshi.domain.course import Catalogue
from cunshi.exports.classroom import usb_pack
from cunshi.exports.classroom.pdf import can_print
from support.consents import write_sidecar
from support.village import EPOCH, new_village, sample_path, settle, tree

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str]]

ACCESS = {"open": "01/", "classroom": "02/", "listed": "03/", "sealed": "04/"}

LESSON = """---
title: 三段录音
villages: [金村村]
grade: 三年级
minutes: 40
objectives: [听一听]
keywords: [暗泾]
sources: [县志]
---

## 开场

开场。

## 听一听

{clips}

## 想一想

想。

## 动手做

做。

## 回家任务

问。
"""


def run_once(project: Project, *words: str) -> int:
    """Run a command outside a test; return the exit code."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        cli.main(["--root", str(project.root), *words])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def packed_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A packed village with an open, a classroom, a listed and a sealed recording, all cited."""
    project = new_village(tmp_path_factory.mktemp("guarded") / "village")
    shutil.rmtree(project.courses)
    (project.courses / "01-luyin").mkdir(parents=True)
    (project.courses / "course.yml").write_text("title: 村史\nlessons: []\n", "utf-8")
    consent = "consent:\n  by: 王老师\n  signed_on: 2026-01-01\n"
    for access, beginning in ACCESS.items():
        deposit = project.recordings / f"金村村_{access}人_2026-01-12.m4a"
        shutil.copy(sample_path(beginning), deposit)
        text = f"access: {access}\ntitle: {access}题\nnote: {access}备注\n"
        deposit.with_suffix(".yml").write_text(text + consent, "utf-8")
        settle(deposit)
        settle(deposit.with_suffix(".yml"))
    assert run_once(project, "ingest") == 0
    for access, recording in ids(project).items():
        project.accession(recording).transcript.write_text(
            f"WEBVTT\n\n00:00.000 --> 00:05.000\n{access}的话\n", "utf-8"
        )
    clips = "\n\n".join(f"/// clip | {a.id} 0:00-0:05\n///" for a in project.accessions())
    (project.courses / "01-luyin/lesson.md").write_text(LESSON.format(clips=clips), "utf-8")
    quiz = "".join(
        f"- question: {access}的题目\n  choices: [{access}的甲, 乙]\n  answer: A\n"
        f"  explain: {access}的解说\n  clip: {recording} 0:00-0:05\n"
        for access, recording in ids(project).items()
    )
    (project.courses / "01-luyin/quiz.yml").write_text(quiz, "utf-8")
    (project.courses / "course.yml").write_text(
        'title: "村史：课 <1>"\nlessons: [01-luyin]\n', "utf-8"
    )
    # Withheld citations: three on the public site, two even in classrooms.
    assert run_once(project, "site") == 6
    shutil.copytree(project.site, project.root / "site-before")
    assert run_once(project, "pack") == 6
    return project


@pytest.fixture
def guarded(packed_once: Project, tmp_path: Path) -> Project:
    """A copy of the packed village."""
    shutil.copytree(packed_once.root, tmp_path / "village", symlinks=True)
    return Project.at(tmp_path / "village")


def everything(files: dict[str, bytes]) -> str:
    """Return all text of some files, including packed ones."""
    found = []
    for name, data in files.items():
        found.append(name)
        if name.endswith((".docx", ".pptx", ".zip")):
            with zipfile.ZipFile(BytesIO(data)) as inner:
                found += [inner.read(n).decode("utf-8", "replace") for n in inner.namelist()]
        if name.endswith(".pdf"):
            found += ["".join(p.extract_text().split()) for p in PdfReader(BytesIO(data)).pages]
        found.append(data.decode("utf-8", "replace"))
    return "\n".join(found)


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as made:
        assert made.testzip() is None
        return {name: made.read(name) for name in made.namelist()}


def the_pack(project: Project) -> Path:
    [path] = (project.root / "build").glob("*.zip")
    return path


def ids(project: Project) -> dict[str, str]:
    """Return the ids of the recordings by access level."""
    records = {a.id: a.record.read_text("utf-8") for a in project.accessions()}
    return {n: i for n in ACCESS for i, text in records.items() if f"access: {n}" in text}


def test_the_pack_has_what_classrooms_may_hear_and_no_more(guarded: Project, run: Run) -> None:
    code, printed = run(guarded, "pack")
    assert code == 6  # two citations are withheld even there
    assert "1 件只供课堂的录音" in printed
    packed = contents(the_pack(guarded))
    words, known = everything(packed), ids(guarded)
    for access in ("open", "classroom"):
        assert f"{access}的话" in words and f"{access}备注" in words
        assert f"{access}的解说" in words
        assert any(f"audio/{known[access]}.m4a" in name for name in packed)
        assert any(f"clips/{known[access]}" in name for name in packed)
    for access in ("listed", "sealed"):
        assert f"{access}的话" not in words and f"{access}备注" not in words
        assert f"{access}的解说" not in words
        assert known[access] not in words
    assert "sealed题" not in words and "sealed人" not in words


def test_the_site_has_nothing_of_the_classroom(guarded: Project, run: Run) -> None:
    before = tree(guarded.root / "site-before")
    assert tree(guarded.site) == before
    known = ids(guarded)
    assert known["open"] in everything(before)
    assert known["classroom"] not in everything(before)
    for files in (before, tree(guarded.docs)):
        for words in (
            *("classroom题", "classroom人", "classroom的话", "classroom备注"),
            "classroom的解说",
        ):
            assert words not in everything(files)
    # Also when the site is made after the pack.
    run(guarded, "site")
    assert tree(guarded.site) == before


def test_the_kits_of_the_pack_have_the_classroom_clips(packed_once: Project) -> None:
    guarded = packed_once
    packed = contents(the_pack(guarded))
    [plan] = [data for name, data in packed.items() if name.endswith("kits/01/plan.docx")]
    [slides] = [data for name, data in packed.items() if name.endswith("kits/01/slides.pptx")]
    boxes = [cell.text for t in Document(BytesIO(plan)).tables for cell in t._cells]
    assert sum("的话" in text for text in boxes) == 2
    with zipfile.ZipFile(BytesIO(slides)) as inner:
        voices = {inner.read(n) for n in inner.namelist() if n.endswith(".m4a")}
    assert voices == {data for name, data in packed.items() if "/clips/" in name}
    public = (guarded.site / "kits/01/slides.pptx").read_bytes()
    with zipfile.ZipFile(BytesIO(public)) as inner:
        assert sum(name.endswith(".m4a") for name in inner.namelist()) == 1


def test_what_is_printed_follows_the_same_rules(packed_once: Project) -> None:
    if not can_print():
        pytest.skip("no PDF is made here")
    printed = {n: d for n, d in contents(the_pack(packed_once)).items() if n.endswith(".pdf")}
    assert len(printed) == 2
    words, known = everything(printed), ids(packed_once)
    for access in ACCESS:
        assert (f"{access}的话" in words) == (access in {"open", "classroom"})
        assert (known[access] in words) == (access in {"open", "classroom"})
    public = everything({p.name: p.read_bytes() for p in packed_once.site.rglob("*.pdf")})
    assert "open的话" in public and known["open"] in public
    for access in ("classroom", "listed", "sealed"):
        assert f"{access}的话" not in public and known[access] not in public


def test_the_site_can_do_without_pdfs(
    guarded: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = guarded.site / "lessons/01.html"
    assert ("讲义" in page.read_text("utf-8")) == can_print()
    monkeypatch.setattr("cunshi.exports.classroom.names.can_print", lambda: False)
    assert run(guarded, "site")[0] == run(guarded, "pack")[0] == 6
    assert "讲义" not in page.read_text("utf-8") and "课件" in page.read_text("utf-8")
    assert not [*guarded.site.rglob("*.pdf"), *guarded.docs.rglob("*.pdf")]
    assert not [name for name in contents(the_pack(guarded)) if name.endswith(".pdf")]


def test_a_withdrawal_reaches_the_next_pack(guarded: Project, run: Run) -> None:
    known = ids(guarded)
    record = guarded.accession(known["classroom"]).record
    record.write_text(
        record.read_text("utf-8").replace("access: classroom", "access: sealed"), "utf-8"
    )
    run(guarded, "pack")
    packed = contents(the_pack(guarded))
    assert known["classroom"] not in everything(packed)
    assert not any(known["classroom"] in name for name in tree(guarded.classroom.docs))


def test_the_manifest_names_every_file(packed_once: Project) -> None:
    packed = contents(the_pack(packed_once))
    [top] = {name.partition("/")[0] for name in packed}
    manifest = parse_manifest(packed.pop(f"{top}/{usb_pack.MANIFEST}").decode())
    assert {f"{top}/{name}": digest for name, digest in manifest.items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in packed.items()
    }
    assert {
        f"{top}/{name}" for name in (usb_pack.START, usb_pack.READ_ME, usb_pack.CONTENTS)
    } <= packed.keys()


def test_every_name_is_one_for_windows(packed_once: Project) -> None:
    names = list(contents(the_pack(packed_once)))
    assert len({name.casefold() for name in names}) == len(names)
    for name in (*names, the_pack(packed_once).name):
        assert len(name) <= usb_pack.MAX_PATH
        for part in name.split("/"):
            assert not re.search(r'[<>:"\\|?*\x00-\x1f]', part) and part == part.strip(" .")
    assert names[0] == "村史：课 1/开始.html"


def test_the_read_me_is_for_notepad(packed_once: Project) -> None:
    [data] = [d for name, d in contents(the_pack(packed_once)).items() if name.endswith("说明.txt")]
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n") > 8
    assert "只供课堂" in data.decode("utf-8-sig")


def test_two_packs_are_the_same_bytes(guarded: Project, run: Run, tmp_path: Path) -> None:
    shutil.rmtree(guarded.root / "build/classroom")
    run(guarded, "pack", "--to", str(tmp_path / "b.zip"))
    assert (tmp_path / "b.zip").read_bytes() == the_pack(guarded).read_bytes()


def test_only_a_pack_is_replaced(guarded: Project, run: Run, tmp_path: Path) -> None:
    letters, photos = tmp_path / "信.zip", tmp_path / "照片.zip"
    letters.write_text("写给老师的信", "utf-8")
    with zipfile.ZipFile(photos, "w") as made:
        made.writestr("照片/1.jpg", b"photo")
    for path in (letters, photos):
        before = path.read_bytes()
        code, printed = run(guarded, "pack", "--to", str(path))
        assert code == 10 and "不会覆盖" in printed
        assert path.read_bytes() == before
    folder = tmp_path / "U盘"
    folder.mkdir()
    assert run(guarded, "pack", "--to", str(folder))[0] == 6
    assert run(guarded, "pack", "--to", str(folder))[0] == 6
    assert len(list(folder.iterdir())) == 1


def test_a_pack_that_breaks_leaves_the_old_one(
    guarded: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = the_pack(guarded).read_bytes()

    def spoil(path: Path, *rest: object) -> None:
        path.write_bytes(before.replace("开始".encode(), "开开".encode()))

    monkeypatch.setattr(usb_pack, "_write", spoil)
    with pytest.raises((SiteError, KeyError, zipfile.BadZipFile)):
        usb_pack.make_pack(guarded.classroom.site, _catalogue(guarded), the_pack(guarded))
    assert the_pack(guarded).read_bytes() == before
    assert [p.name for p in (guarded.root / "build").glob(".*")] == []


def _catalogue(project: Project) -> Catalogue:
    catalogue = workflow.survey(project).catalogue
    assert catalogue
    return catalogue


def test_a_pack_says_how_many_recordings_their_consents_reserve_for_classrooms(
    told: tuple[Project, str, str],
) -> None:
    project, __, __ = told
    write_sidecar(project, "金村村_金老师", "同意: {用途: 存档、转写、课程}\n")
    workflow.ingest(project, SilentReporter())
    packed = workflow.pack(project, SilentReporter(), None)
    assert packed.classroom == 1
    with zipfile.ZipFile(packed.path) as zipped:
        [read_me] = [name for name in zipped.namelist() if name.endswith(usb_pack.READ_ME)]
        assert "里面有只供课堂播放的录音" in zipped.read(read_me).decode("utf-8-sig")


@pytest.mark.parametrize(
    "names", [["a/CON.txt"], ["a/x."], ["a/b", "A/B"], ["a/" + "长" * 200], ["a/b:c"], ["aux"]]
)
def test_names_that_windows_does_not_take_are_refused(names: list[str]) -> None:
    with pytest.raises(SiteError):
        usb_pack._check_names(names)


def test_usual_names_are_taken() -> None:
    usb_pack._check_names(
        ["村史/开始.html", "村史/site/lessons/01.html", "村史/site/assets/a.b.js"]
    )


@pytest.fixture
def unpacked(packed_once: Project, tmp_path: Path) -> Path:
    shutil.unpack_archive(the_pack(packed_once), tmp_path / "stick")
    [top] = (tmp_path / "stick").iterdir()
    return top


@pytest.mark.browser
def test_from_the_stick_to_a_lesson(
    unpacked: Path, browser_page: Callable[..., BrowserPage]
) -> None:
    page = browser_page((unpacked / usb_pack.START).as_uri())
    assert "只供课堂" in page.inner_text("main")
    page.click("text=打开网站")
    page.go_back()
    page.click("text=第一课")
    assert page.locator("h1").inner_text().endswith("三段录音")
    assert page.locator(".cs-kit__file").count() == (4 if can_print() else 2)
    page.goto((unpacked / usb_pack.CONTENTS).as_uri())
    for link in page.locator("a").all():
        target = unpacked / (link.get_attribute("href") or "").split("#")[0]
        assert target.is_file(), target

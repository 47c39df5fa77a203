"""Which files in recordings/ are deposits, and how they are described."""

import datetime as dt
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.domain.consent import Access
from cunshi.domain.recording import Kind
from cunshi.domain.settings import Archive
from cunshi.intake.deposits import Deposit, find_deposits
from support.descriptions import has_consent

TODAY = dt.date(2026, 6, 1)
ARCHIVE = Archive(villages=("金村村", "妙桥社区"))


def put(project: Project, *names: str, text: str = "x") -> Path:
    for name in names:
        path = project.recordings / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return path


def find(project: Project) -> tuple[list[Deposit], list[Problem]]:
    problems: list[Problem] = []
    return find_deposits(project, ARCHIVE, problems), problems


def names(project: Project, deposits: list[Deposit]) -> list[list[str]]:
    """Return the files of each deposit below recordings/, the recording first."""
    return [[f.relative_to(project.recordings).as_posix() for f in d.files] for d in deposits]


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "._金村村_金老师_2026-01-12.m4a",
        ".隐藏/a.m4a",
        "Thumbs.db",
        "desktop.ini",
        "README.md",
        "readme.txt",
        "folder.yml",
        "~$甲.docx",
        "甲.m4a.part",
        "甲.m4a.crdownload",
        "甲.m4a.TMP",
    ],
)
def test_what_the_computer_leaves_behind_is_no_deposit(village: Project, name: str) -> None:
    put(village, f"01-村名/{name}", text="")
    assert find(village) == ([], [])


@pytest.mark.parametrize("name", ["甲.m4a", "甲.MP3", "甲", "甲.docx", "甲.pdf", "REC 1.amr"])
def test_every_other_file_is_one_and_is_judged_by_its_content(village: Project, name: str) -> None:
    put(village, f"01-村名/{name}")
    deposits, problems = find(village)
    assert (names(village, deposits), problems) == ([[f"01-村名/{name}"]], [])
    assert deposits[0].kind is Kind.TALK


def test_deposits_come_in_the_order_of_their_paths(village: Project) -> None:
    put(village, "02-乙/b.m4a", "01-甲/c.m4a", "01-甲/a.m4a", "z.m4a")
    found = names(village, find(village)[0])
    assert found == [["z.m4a"], ["01-甲/a.m4a"], ["01-甲/c.m4a"], ["02-乙/b.m4a"]]


def test_folders_say_what_all_below_them_inherits(village: Project) -> None:
    put(village, "folder.yml", text="access: 公开\nrights: 甲\nconsent:\n  by: 王老师\n")
    put(village, "03-庙会/folder.yml", text="rights: 乙\nconsent:\n  signed_on: 2026-01-01\n")
    put(village, "03-庙会/老人/folder.yml", text="access: 目录\nvillage: 欧桥村\n")
    put(village, "03-庙会/老人/甲.m4a", "03-庙会/乙.m4a")
    deposits, problems = find(village)
    said = {d.path.stem: d.description for d in deposits}
    assert problems == []
    assert (said["甲"].rights, said["甲"].village, said["甲"].access) == (
        "乙",
        "欧桥村",
        Access.LISTED,
    )
    assert (said["乙"].village, said["乙"].access) == ("", Access.OPEN)
    for one in said.values():
        assert (one.consent.by, str(one.consent.signed_on)) == ("王老师", "2026-01-01")
        assert (one.lesson, one.title) == (3, "庙会")


def test_no_folder_below_opens_what_one_above_has_closed(village: Project) -> None:
    put(village, "01-甲/folder.yml", text="access: 封存\nminor: 是\n")
    put(village, "01-甲/乙/folder.yml", text="access: 公开\nminor: 否\n")
    put(village, "01-甲/乙/丙.m4a")
    said = find(village)[0][0].description
    assert (said.access, said.minor) == (Access.SEALED, True)


@pytest.mark.parametrize(
    "sidecar", ["金村村_金老师_2026-01-12.yml", "金村村_金老师_2026-01-12.m4a.yml"]
)
def test_a_sidecar_says_more_than_the_name(village: Project, sidecar: str) -> None:
    put(village, "01-村名/金村村_金老师_2026-01-12.m4a")
    put(village, f"01-村名/{sidecar}", text="讲述人: 金福林\ntitle: 慈乌村\n")
    deposits, problems = find(village)
    said = deposits[0].description
    assert (said.village, said.narrator, str(said.date)) == ("金村村", "金福林", "2026-01-12")
    assert (said.lesson, said.title, problems) == (1, "慈乌村", [])


DOUBTS = {
    "a full-width colon": ("01-村名/folder.yml", "access：封存\n"),
    "a limit that is no date": ("01-村名/folder.yml", "consent:\n  withdrawn_on: 昨天\n"),
    "a misspelt limit": ("01-村名/folder.yml", "consent:\n  withdrawn: 2026-02-01\n"),
    "a limit outside the consent": ("01-村名/folder.yml", "withdrawn_on: 2026-02-01\n"),
    "a misspelt access": ("01-村名/甲.yml", "acces: 封存\n"),
    "access written twice": ("01-村名/甲.m4a.yml", "access: 公开\naccess: 封存\n"),
    "two consents": ("folder.yml", "consent: {by: 王, signed_on: 2026-01-01}\nconsent: {by: 李}\n"),
    "a misnamed folder.yml": ("01-村名/folder.yml.txt", "access: 封存\n"),
    "a misnamed sidecar": ("01-村名/甲.yaml", "access: 封存\n"),
}


@pytest.mark.parametrize(("name", "text"), DOUBTS.values(), ids=DOUBTS)
def test_what_cannot_be_read_may_be_a_withdrawal(village: Project, name: str, text: str) -> None:
    put(village, "01-村名/甲.m4a")
    assert has_consent(find(village)[0][0].description, TODAY)
    put(village, name, text=text)
    deposits, problems = find(village)
    assert not has_consent(deposits[0].description, TODAY)
    assert deposits[0].doubtful
    assert {problem.where for problem in problems} == {f"recordings/{name}"}


def test_a_doubt_about_one_recording_closes_no_other(village: Project) -> None:
    put(village, "01-村名/甲.m4a", "01-村名/乙.m4a")
    put(village, "01-村名/甲.yml", text="acces: 封存\n")
    assert {d.path.stem: d.doubtful for d in find(village)[0]} == {"甲": True, "乙": False}


@pytest.mark.parametrize("name", ["乙.yml", "乙.m4a.yml", "乙.yaml"])
def test_a_sidecar_of_nothing_is_reported(village: Project, name: str) -> None:
    put(village, "01-村名/甲.m4a")
    put(village, f"01-村名/{name}", text="access: 封存\n")
    deposits, problems = find(village)
    assert names(village, deposits) == [["01-村名/甲.m4a"]]
    assert [problem.where for problem in problems] == [f"recordings/01-村名/{name}"]


def test_a_mistake_in_a_sidecar_is_reported_with_its_line(village: Project) -> None:
    put(village, "01-村名/甲.m4a")
    put(village, "01-村名/甲.yml", text="title: 乙\nnarator: 金老师\n")
    problem = find(village)[1][0]
    assert (problem.where, problem.line) == ("recordings/01-村名/甲.yml", 2)


MOTTOES = {
    "audio": (["甲.m4a"], [["甲.m4a"]]),
    "text alone": (["甲.txt"], [["甲.txt"]]),
    "markdown alone": (["甲.md"], [["甲.md"]]),
    "text and photo": (["甲.txt", "甲.jpg"], [["甲.txt", "甲.jpg"]]),
    "audio and text": (["甲.m4a", "甲.txt"], [["甲.m4a", "甲.txt"]]),
    "audio and photo": (["甲.m4a", "甲.PNG"], [["甲.m4a", "甲.PNG"]]),
    "all three": (["甲.m4a", "甲.txt", "甲.jpg"], [["甲.m4a", "甲.jpg", "甲.txt"]]),
    "two families": (["甲.m4a", "乙.txt", "乙.jpg"], [["乙.txt", "乙.jpg"], ["甲.m4a"]]),
}


@pytest.mark.parametrize(("files", "expected"), MOTTOES.values(), ids=MOTTOES)
@pytest.mark.parametrize("folder", ["mottoes", "mottoes/金家"])
def test_a_motto_is_spoken_or_written(
    village: Project, folder: str, files: list[str], expected: list[list[str]]
) -> None:
    put(village, *(f"{folder}/{name}" for name in files))
    deposits, problems = find(village)
    assert names(village, deposits) == [[f"{folder}/{n}" for n in group] for group in expected]
    assert {deposit.kind for deposit in deposits} == {Kind.MOTTO}
    assert problems == []


@pytest.mark.parametrize(
    "name", ["mottoes/甲.jpg", "01-村名/甲.jpg", "01-村名/甲.txt", "01-村名/甲.md"]
)
def test_a_lonely_photo_or_stray_text_is_reported(village: Project, name: str) -> None:
    put(village, name, f"{Path(name).parent}/乙.m4a")
    deposits, problems = find(village)
    assert [deposit.path.name for deposit in deposits] == ["乙.m4a"]
    assert [(p.where, p.code) for p in problems] == [(f"recordings/{name}", ExitCode.DEPOSIT)]
    assert problems[0].remedy


def test_a_talk_may_have_a_photo_of_its_own_name(village: Project) -> None:
    put(village, "01-村名/甲.m4a", "01-村名/甲.jpg")
    deposits, problems = find(village)
    assert (names(village, deposits), problems) == ([["01-村名/甲.m4a", "01-村名/甲.jpg"]], [])


def test_a_second_text_of_the_same_name_comes_along(village: Project) -> None:
    put(village, "mottoes/甲.md", "mottoes/甲.txt")
    assert names(village, find(village)[0]) == [["mottoes/甲.md", "mottoes/甲.txt"]]


@pytest.mark.parametrize("inside", [True, False])
def test_a_link_is_followed_only_inside(village: Project, tmp_path: Path, inside: bool) -> None:
    target = village.recordings / "01-村名/甲.m4a" if inside else tmp_path / "甲.m4a"
    target.parent.mkdir(exist_ok=True)
    target.write_text("x", "utf-8")
    link = village.recordings / "02-老街" / "乙.m4a"
    link.parent.mkdir()
    link.symlink_to(target)
    deposits, problems = find(village)
    assert (link in [deposit.path for deposit in deposits]) is inside
    assert [problem.where for problem in problems] == (
        [] if inside else ["recordings/02-老街/乙.m4a"]
    )


def test_a_link_to_a_folder_outside_is_refused(village: Project, tmp_path: Path) -> None:
    (tmp_path / "别处").mkdir()
    (tmp_path / "别处" / "甲.m4a").touch()
    (village.recordings / "01-村名").symlink_to(tmp_path / "别处", target_is_directory=True)
    deposits, problems = find(village)
    assert (deposits, [p.where for p in problems]) == ([], ["recordings/01-村名"])


def test_a_link_to_a_folder_inside_shows_nothing_twice_and_never_goes_round(
    village: Project,
) -> None:
    put(village, "01-村名/甲.m4a")
    for name in ("01-村名/圈", "02-又"):
        target = village.recordings / "01-村名"
        (village.recordings / name).symlink_to(target, target_is_directory=True)
    deposits, problems = find(village)
    assert (names(village, deposits), problems) == ([["01-村名/甲.m4a"]], [])


@pytest.mark.parametrize("target", ["不在了.m4a", "../不在了.m4a"])
def test_a_link_to_nothing_is_reported(village: Project, target: str) -> None:
    (village.recordings / "甲.m4a").symlink_to(target)
    deposits, problems = find(village)
    assert (deposits, [p.where for p in problems]) == ([], ["recordings/甲.m4a"])
    assert problems[0].remedy


def test_a_folder_named_like_a_recording_is_reported_and_its_contents_are_taken(
    village: Project,
) -> None:
    put(village, "01-村名/录音.mp3/甲.m4a")
    deposits, problems = find(village)
    assert names(village, deposits) == [["01-村名/录音.mp3/甲.m4a"]]
    assert [problem.where for problem in problems] == ["recordings/01-村名/录音.mp3"]


def test_a_drop_box_that_is_gone_is_reported(village: Project) -> None:
    (village.recordings / "folder.yml").unlink()
    village.recordings.rmdir()
    deposits, problems = find(village)
    assert (deposits, [p.where for p in problems]) == ([], ["recordings"])

"""What is taken away reaches the public, whatever is wrong elsewhere and wherever it is written."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cunshi import workflow
from cunshi.archive.project import Project
from cunshi.catalogue.course import lessons
from cunshi.core.progress import SilentReporter
from cunshi.domain.settings import Destination
from cunshi.publishing.folder import Share
from cunshi.workflow import publication, stages
from support.desk import open_desk
from support.leaks import leaks
from support.village import EPOCH, LESSON_HEAD, tree

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str]]
SECTIONS = "".join(f"## {name}\n\n讲一讲。\n\n" for name in lessons.SECTIONS)
PRIVATE = "我家的钥匙藏在灶台下面的砖头里。"
WITHDRAWN = "consent: {by: 王老师, signed_on: 2026-01-01, withdrawn_on: 2026-05-01}\n"


@dataclass(frozen=True)
class Course:
    """A village with two open talks, and two lessons: one cites both, the other the second only."""

    project: Project
    share: Share
    first: str
    second: str

    def lesson(self, number: int) -> Path:
        return next(self.project.courses.glob(f"{number:02}-*/lesson.md"))

    def served(self) -> dict[str, bytes]:
        files = tree(self.share.current.resolve())
        del files[".cunshi-release"]
        return files

    def publish(self, run: Run) -> tuple[int, str]:
        return run(self.project, "publish", "--to", str(self.share.target))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text, text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture(scope="module")
def published(
    told_once: Project, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str]:
    """The village in a folder with the share that it was published to, and the two ids."""
    folder = tmp_path_factory.mktemp("removal")
    shutil.copytree(told_once.root, folder / "village", symlinks=True)
    project = Project.at(folder / "village")
    for sidecar in project.recordings.glob("*/*.yml"):
        sidecar.unlink()
    for accession in project.accessions():
        accession.record.write_text(
            accession.record.read_text("utf-8").replace("access: sealed", "access:"), "utf-8"
        )
    ids = {"金老师" in a.record.read_text("utf-8"): a.id for a in project.accessions()}
    first, second = ids[True], ids[False]
    transcript = project.accession(first).transcript
    head, cue, rest = transcript.read_text("utf-8").partition("--> 00:00:30.296\n")
    transcript.write_text(head + cue + PRIVATE + rest[rest.index("\n") :], "utf-8")
    clips = f"/// clip | {first} 0:02-0:06\n///\n\n/// clip | {second} 0:02-0:06\n///\n"
    for name, body in (("01-one", clips), ("02-two", f"/// clip | {second} 0:01-0:05\n///\n")):
        path = project.courses / name / "lesson.md"
        path.parent.mkdir()
        path.write_text(f"{LESSON_HEAD}\n{SECTIONS}{body}", "utf-8")
    course = project.courses / "course.yml"
    course.write_text("title: 村史\nlessons: [01-one, 02-two]\n", "utf-8")
    where = Destination(folder=str(folder / "share"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        workflow.ingest(project, SilentReporter())
        done = workflow.publish(project, SilentReporter(), where, dry_run=False)
    assert done.wrong == []
    return folder, first, second


@pytest.fixture
def course(published: tuple[Path, str, str], tmp_path: Path) -> Course:
    folder, first, second = published
    shutil.copytree(folder, tmp_path / "copy", symlinks=True)
    project = Project.at(tmp_path / "copy" / "village")
    return Course(project, Share(tmp_path / "copy" / "share"), first, second)


def in_the_record(course: Course) -> None:
    record = course.project.accession(course.first).record
    change(record, "signed_on: 2026-01-01", "signed_on: 2026-01-01, withdrawn_on: 2026-05-01")


def in_a_sidecar(course: Course) -> None:
    sound = next(course.project.recordings.glob("01-*/*.m4a"))
    sound.with_suffix(".yml").write_text("同意: {撤回日期: 2026-05-01}\n", "utf-8")


def in_a_sidecar_without_its_recording(course: Course) -> None:
    in_a_sidecar(course)
    next(course.project.recordings.glob("01-*/*.m4a")).unlink()


def in_the_folder(course: Course) -> None:
    folder = next(course.project.recordings.glob("01-*"))
    (folder / "folder.yml").write_text(WITHDRAWN, "utf-8")


def in_a_sidecar_that_cannot_be_read(course: Course) -> None:
    sound = next(course.project.recordings.glob("01-*/*.m4a"))
    sound.with_suffix(".yml").write_text("撤回日期: [2026-05-01\n", "utf-8")


def as_a_minor(course: Course) -> None:
    change(course.project.accession(course.first).record, "minor: false", "minor: true")


def nothing(course: Course) -> None:
    """Nothing else is wrong."""


def a_broken_lesson(course: Course) -> None:
    change(course.lesson(2), "0:01-0:05", "0:01-9:05")


def a_lost_lesson(course: Course) -> None:
    course.lesson(2).unlink()


def a_damaged_master(course: Course) -> None:
    master = next(course.project.accession(course.second).master.iterdir())
    master.write_bytes(master.read_bytes() + b"\0")


def a_bad_course(course: Course) -> None:
    change(course.project.courses / "course.yml", "title: 村史", "title: 村史\nwhat: [")


def a_site_that_cannot_be_made(course: Course) -> None:
    (course.project.root / "mkdocs.yml").write_text("site_name: [", "utf-8")


def settings_that_cannot_be_read(course: Course) -> None:
    (course.project.archive / "archive.yml").write_text("institution: [", "utf-8")


WAYS = [
    in_the_record,
    in_a_sidecar,
    in_a_sidecar_without_its_recording,
    in_the_folder,
    in_a_sidecar_that_cannot_be_read,
]
FAULTS = [
    nothing,
    a_broken_lesson,
    a_lost_lesson,
    a_damaged_master,
    a_bad_course,
    a_site_that_cannot_be_made,
    settings_that_cannot_be_read,
]
# Every way and every fault, not all pairs: they meet in different parts of the program.
CASES = [(way, nothing) for way in WAYS] + [(in_the_record, fault) for fault in FAULTS[1:]]


@pytest.mark.parametrize(("way", "fault"), CASES)
def test_a_withdrawal_reaches_the_public(
    course: Course,
    run: Run,
    way: Callable[[Course], None],
    fault: Callable[[Course], None],
) -> None:
    before = course.served()
    assert any(course.first in path for path in before)
    way(course)
    fault(course)
    code, printed = course.publish(run)
    after = course.served()
    assert "撤下" in printed, printed
    assert [path for path in after if course.first in path] == []
    assert leaks(course.share.target, course.first) == []
    assert len(course.share.stamps()) == 1
    # The other voice is still there, and what it is quoted in.
    assert f"audio/{course.second}.m4a" in after, (code, printed)
    assert f"clips/{course.second}-1000-5000.m4a" in after
    assert "lessons/02.html" in after


def test_the_lesson_has_a_calm_placeholder_and_nobody_is_asked_for_a_consent(
    course: Course, run: Run
) -> None:
    in_the_record(course)
    __, printed = course.publish(run)
    assert "撤回" in printed and "登记 consent" not in printed
    page = course.served()["lessons/01.html"].decode()
    assert "这段录音现在不能播放" in page
    assert course.second in page
    assert "没有改动" in course.publish(run)[1]  # it stays published, however often


def test_a_faulty_page_stays_as_it_was_published(course: Course, run: Run) -> None:
    before = course.served()
    in_the_record(course)
    a_broken_lesson(course)
    code, printed = course.publish(run)
    after = course.served()
    assert code == 6 and "lessons/02.html" in printed
    assert after["lessons/02.html"] == before["lessons/02.html"]


def test_a_faulty_page_that_holds_what_is_withheld_becomes_a_placeholder(
    course: Course, run: Run
) -> None:
    in_the_record(course)
    change(course.lesson(1), f"{course.second} 0:02-0:06", f"{course.second} 0:02-9:06")
    code, printed = course.publish(run)
    page = course.served()["lessons/01.html"].decode()
    assert code == 6 and "lessons/01.html" in printed
    assert "正在整理" in page and course.second not in page
    assert not any(path.startswith("kits/01/") for path in course.served())


def test_nothing_wrong_is_added_while_nothing_is_taken_away(course: Course, run: Run) -> None:
    before = course.served()
    a_broken_lesson(course)
    code, printed = course.publish(run)
    assert code == 6 and "没有发布" in printed
    assert course.served() == before


def test_a_line_withheld_reaches_the_public_beside_a_broken_lesson(
    course: Course, run: Run
) -> None:
    path = course.project.accession(course.first).transcript
    assert leaks(course.share.target, PRIVATE)
    text = path.read_text("utf-8")
    before, __, line = text.partition("00:00:24.496 -->")
    path.write_text(f"{before}NOTE 不公开\n\n00:00:24.496 -->{line}", "utf-8")
    a_broken_lesson(course)
    course.publish(run)
    assert leaks(course.share.target, PRIVATE) == []
    assert f"audio/{course.first}.m4a" in course.served()


def test_a_site_that_cannot_be_made_is_blank_here_too(course: Course, run: Run) -> None:
    in_the_record(course)
    a_site_that_cannot_be_made(course)
    assert run(course.project, "site")[0] == 10
    assert leaks(course.project.site, course.first) == []
    assert (course.project.site / f"audio/{course.second}.m4a").is_file()


@pytest.mark.parametrize(
    ("words", "way"),
    [
        (("status",), in_a_sidecar),
        (("check",), in_the_folder),
        (("site",), in_a_sidecar),
        (("pack",), in_a_sidecar),
        (("export",), in_a_sidecar_that_cannot_be_read),
        (("status",), as_a_minor),
    ],
)
def test_every_command_knows_what_is_written_beside_a_recording(
    course: Course, run: Run, tmp_path: Path, words: tuple[str, ...], way: Callable[[Course], None]
) -> None:
    way(course)
    to = tmp_path / "out"
    if words == ("pack",):
        to.mkdir()
    more = {"pack": ("--to", f"{to}/pack.zip"), "export": ("--to", str(to))}.get(words[0], ())
    __, printed = run(course.project, *words, *more)
    if words == ("status",):
        assert "公开 1 件" in printed
    assert to.exists() == bool(more)
    assert leaks(to, course.first) == []
    if words == ("site",):
        assert leaks(course.project.site, course.first) == []


def test_status_writes_nothing(course: Course, run: Run) -> None:
    in_a_sidecar(course)
    before = tree(course.project.archive)
    run(course.project, "status")
    run(course.project, "check")
    assert tree(course.project.archive) == before


def set_destination(course: Course) -> None:
    settings = course.project.archive / "archive.yml"
    text = settings.read_text("utf-8")
    settings.write_text(f"{text}\npublish:\n  to: {course.share.target}\n", "utf-8")


def test_the_desk_takes_down_what_is_withdrawn_while_a_long_command_works(course: Course) -> None:
    set_destination(course)
    with open_desk(course.project) as opened, course.project.lock():
        client = opened.client()
        client.post(f"/api/recordings/{course.first}/withdraw", json={})
        answer = client.post("/api/takedown", json={}).json()
    assert any("已经从网上撤下" in line for line in answer["lines"]), answer
    assert leaks(course.share.target, course.first) == []


def test_what_is_withdrawn_while_a_site_is_made_is_taken_down_at_once(
    course: Course, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "_SOON", 0.01)
    set_destination(course)
    in_the_record(course)
    with course.project.lock(), course.project.building():
        ended: list[object] = []
        thread = threading.Thread(
            target=lambda: ended.append(workflow.take_down(course.project, SilentReporter()))
        )
        thread.start()
        thread.join()
    assert ended
    assert leaks(course.share.target, course.first) == []
    assert "正在整理" in course.served()["lessons/01.html"].decode()
    course.publish(run)
    assert "这段录音现在不能播放" in course.served()["lessons/01.html"].decode()


def test_what_is_withdrawn_while_a_publication_is_prepared_is_not_in_it(
    course: Course, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, times = stages.build_site, []

    def built(*words: object) -> object:
        made = build(*words)  # type: ignore[arg-type]
        if not times:
            in_the_record(course)
        times.append(1)
        return made

    monkeypatch.setattr(stages, "build_site", built)
    course.publish(run)
    assert len(times) == 2
    assert leaks(course.share.target, course.first) == []

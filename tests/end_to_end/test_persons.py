"""What archive/persons.yml says of a person holds for all recordings, and a pseudonym is that of a
person, not of a recording.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from support.leaks import leaks
from support.village import settle, tree
from support.withheld import cite, mark

Run = Callable[..., tuple[int, str]]
Two = tuple[Project, str, str]
REAL = ("金德发", "金老师", "金老師", "金 老師")


@pytest.fixture
def two(told: tuple[Project, str, str]) -> Two:
    """Return a village with two open talks of one narrator, whose name is written in two ways."""
    project, first, second = told
    for sidecar in project.recordings.rglob("*.yml"):
        if sidecar.name != "folder.yml":
            sidecar.unlink()
    set_in_record(project, second, "access", "open")
    set_in_record(project, second, "narrator", "金 老師")
    for path in project.recordings.rglob("*.m4a"):
        path.rename(path.with_name(f"{path.parent.name}.m4a"))
    for recording_id in (first, second):
        mark(project, recording_id, 1, text="我叫金德发，大家叫我金老师。", mandarin="")
    return project, first, second


def set_in_record(project: Project, recording_id: str, key: str, value: str) -> None:
    path = project.accession(recording_id).record
    text = re.sub(rf"(?m)^{key}:.*$", f"{key}: {value}", path.read_text("utf-8"))
    path.write_text(text, "utf-8")


def consent(project: Project, recording_id: str, **values: str) -> None:
    signed = "".join(f", {key}: {value}" for key, value in values.items())
    set_in_record(
        project, recording_id, "consent", f"{{by: 王老师, signed_on: 2026-01-01{signed}}}"
    )


def persons(project: Project, text: str) -> None:
    project.persons.write_text(text, "utf-8")
    settle(project.persons)


def www(project: Project) -> Path:
    """Return the folder to publish to, outside of the project."""
    return project.root.parent / "www"


def names_in(folder: Path) -> Iterator[str]:
    for name in REAL if folder.exists() else ():
        yield from (f"{name} in {found}" for found in leaks(folder, name))


def outputs(project: Project, run: Run) -> Iterator[tuple[str, int, Path]]:
    """Let out everything; yield the command, its exit code, and where its result is."""
    for words, folder in (
        (("site",), project.site),
        (("pack",), project.classroom.site),
        (("export", "--to", str(project.root.parent / "out")), project.root.parent / "out"),
        (("publish", "--to", str(www(project))), www(project)),
    ):
        yield words[0], run(project, *words)[0], folder


NAMED = "persons:\n  - names: [金老师, 金德发]\n    shown_as: 东街老伯\n"


def test_all_names_of_a_person_are_in_nothing_that_comes_out(two: Two, run: Run) -> None:
    project, first, second = two
    persons(project, NAMED)
    cite(project, f"/// clip | {first} 0:00-0:05\n///")
    for command, code, folder in outputs(project, run):
        assert code == 0, command
        assert list(names_in(folder)) == [], command
    for recording_id in (first, second):
        page = (project.site / "recordings" / f"{recording_id}.html").read_text("utf-8")
        assert "我叫东街老伯，大家叫我东街老伯。" in page


def test_a_pseudonym_in_one_record_stops_the_narrators_other_one(two: Two, run: Run) -> None:
    project, first, second = two
    persons(project, "persons:\n  - names: [金德发]\n    shown_as: 东街老伯\n")
    consent(project, first, shown_as="东街老伯")
    for command, code, folder in outputs(project, run):
        assert code == ExitCode.RECORD, command
        assert list(names_in(folder)) == [], command
    printed = run(project, "check")[1]
    assert f"archive/{second}/recording.yml" in printed
    assert "金" not in printed.partition(f"{second}/recording.yml")[2].partition("\n")[0]
    # Another person of that name, who wants to be named; the first one's names stay hidden.
    consent(project, second, shown_as="金 老師")
    assert run(project, "site")[0] == 0
    pages = project.site / "recordings"
    assert "金 老師" in (pages / f"{second}.html").read_text("utf-8")
    own = (pages / f"{first}.html").read_text("utf-8")
    assert [name for name in REAL if name in own] == []


def test_what_a_person_withdraws_is_withdrawn_everywhere(two: Two, run: Run) -> None:
    project, first, second = two
    assert run(project, "publish", "--to", str(www(project)))[0] == 0
    persons(project, "persons:\n  - names: 金老师\n    consent: {withdrawn_on: 2026-02-01}\n")
    assert run(project, "publish", "--to", str(www(project)))[0] == 0
    current = www(project) / "current"
    for recording_id in (first, second):
        assert leaks(current, recording_id) == []
    assert run(project, "pack")[0] == 0
    assert leaks(project.classroom.site, first) == []


def test_a_limit_of_a_person_holds_beside_what_is_written_elsewhere(two: Two, run: Run) -> None:
    """A command that only reads applies both: the limit, and what is new in recordings/."""
    project, first, __ = two
    [folder] = [path.parent for path in project.recordings.rglob("01*.m4a")]
    (folder / "folder.yml").write_text("rights: 新的版权\n", "utf-8")
    settle(folder / "folder.yml")
    persons(project, "persons:\n  - names: 金老师\n    consent: {withdrawn_on: 2026-02-01}\n")
    out = project.root.parent / "out"
    assert run(project, "export", "--to", str(out))[0] == 0
    assert leaks(out, first) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("persons.yml", "persons:\n  - names: [金老师\n"),
        ("persons.yml", "persons: 金老师\n"),
        ("persons.yml", "people:\n  - names: [金老师]\n    shown_as: 老伯\n"),
        ("persons.yml", "persons:\n  - name: 金老师\n    shown_as: 老伯\n"),
        ("persons.yml", "persons:\n  - names: [金老师]\n    showed_as: 老伯\n"),
        ("persons.yml", "- names: [金老师]\n"),
        ("archive.yml", "pseudonyms:\n  - {name: 金老师, shown_as: 老伯\n"),
        ("archive.yml", "pseudonyms: 金老师\n"),
        ("archive.yml", "pseudonyms:\n  - {real: 金老师, shown_as: 老伯}\n"),
        ("archive.yml", "pseudonyms:\n  - 金老师\n"),
        ("archive.yml", "pseudonyms: [{name: 王, shown_as: 丁}]\npseudonyms: [{name: 金老师}]\n"),
    ],
)
def test_while_it_is_unknown_which_names_are_hidden_nothing_comes_out(
    two: Two, run: Run, name: str, text: str
) -> None:
    project, __, __ = two
    if name == "persons.yml":
        persons(project, NAMED)
    else:
        names = "".join(f"  - {{name: {one}, shown_as: 老伯}}\n" for one in ("金老师", "金德发"))
        (project.archive / name).write_text(f"pseudonyms:\n{names}", "utf-8")
    assert run(project, "publish", "--to", str(www(project)))[0] == 0
    before = tree(www(project) / "current")
    (project.archive / name).write_text(text, "utf-8")
    for command, code, folder in outputs(project, run):
        assert code not in {0, ExitCode.UNEXPECTED}, command
        assert list(names_in(folder)) == [], command
    after = tree(www(project) / "current")
    assert after.keys() <= before.keys()
    assert before == after or name == "archive.yml"
    assert run(project, "rollback", "--to", str(www(project)))[0] != 0
    code, printed = run(project, "check")
    assert code != 0
    assert f"archive/{name}" in printed


def test_an_invalid_consent_of_a_person_closes(two: Two, run: Run) -> None:
    project, first, __ = two
    persons(project, "persons:\n  - names: 金老师\n    consent: {withdrawn_on: 二月}\n")
    assert run(project, "check")[0] == ExitCode.RECORD
    run(project, "site")
    assert not project.site.exists() or leaks(project.site / "recordings", first) == []


def test_a_new_recording_has_the_consent_that_its_narrator_gave_for_all(
    village: Project, run: Run, drop: Callable[..., Path]
) -> None:
    (village.recordings / "folder.yml").unlink(missing_ok=True)
    drop("01/", "01-村名/金村村_金老师_2026-01-12.m4a")
    given = "{by: 金老师, signed_on: 2026-01-01, uses: [存档, 网站, 课程], form: 总同意书}"
    persons(village, f"persons:\n  - names: [金 老師]\n    consent: {given}\n")
    assert run(village, "ingest")[0] == 0
    [accession] = village.accessions()
    record = accession.record.read_text("utf-8")
    assert "form: 总同意书" in record
    assert "uses: [archive, lesson, website]" in record
    assert run(village, "ingest")[0] == 0
    assert accession.record.read_text("utf-8") == record


@pytest.mark.parametrize(
    "spelling", ["金老师", "金老師", "金&nbsp;老师", "金**老**师", "<b>金</b>老师"]
)
def test_a_lesson_beside_the_clip_may_not_say_the_name(two: Two, run: Run, spelling: str) -> None:
    project, first, second = two
    for recording_id in (first, second):
        consent(project, recording_id, shown_as="东街老伯")
    cite(project, f"/// clip | {first} 0:00-0:05\n///", f"听{spelling}讲。")
    code, printed = run(project, "publish", "--to", str(www(project)))
    assert code == ExitCode.LESSON
    assert "courses/01-qiao/lesson.md 第 " in printed
    assert not www(project).exists()
    # What is made in spite of it goes without the paragraph.
    assert run(project, "site")[0] == ExitCode.LESSON
    assert [hit for hit in names_in(project.site) if not hit.startswith("金德发")] == []
    page = (project.site / "lessons" / "01.html").read_text("utf-8")
    assert f"听{spelling}讲" not in page
    assert "暂时不能看" in page
    # In a lesson that does not cite this person it may be somebody else.
    cite(project, f"听{spelling}讲。")
    __, printed = run(project, "check")
    assert "· courses/01-qiao/lesson.md 第 15 行：这一行写着一位署别的名字" in printed
    assert "✗ courses/01-qiao/lesson.md：这一课还缺" in printed
    assert "写着不公开的名字" not in printed


def test_whatever_part_of_a_lesson_says_the_name_it_is_left_out(two: Two, run: Run) -> None:
    project, first, __ = two
    persons(project, NAMED)
    cite(project, f"/// clip | {first} 0:00-0:05\n///", "- 听金老师讲\n- 听一听")
    path = project.courses / "01-qiao" / "lesson.md"
    text = path.read_text("utf-8")
    for old, new in (
        ("title: 桥", "title: 金老师的桥"),
        ("objectives: [听懂]", "objectives: [听懂金德发的话, 听懂]"),
        ("sources: [村志]", "sources: [金 老師口述, 村志]"),
        ("## 想一想", "## 想一想\n\n金**德**发说了什么？"),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    question = "question: 谁讲的？\n  choices: [金老师, 别人]\n  answer: B"
    (path.parent / "quiz.yml").write_text(f"- {question}\n", "utf-8")
    (path.parent / "teacher.md").write_text("请金老师来。\n", "utf-8")
    term = "  - {term: 金老师的桥, kind: 地名, meaning: 桥}\n"
    project.glossary.write_text(f"terms:\n{term}", "utf-8")
    for command, code, folder in outputs(project, run):
        assert code >= ExitCode.RECORD, command
        assert list(names_in(folder)) == [], command
    assert "听一听" in (project.site / "lessons" / "01.html").read_text("utf-8")


def test_another_spelling_in_a_transcript_is_pointed_out(two: Two, run: Run) -> None:
    project, first, __ = two
    persons(project, NAMED)
    mark(project, first, 2, text="金得发那时候还小。", mandarin="")
    code, printed = run(project, "check")
    assert (code, "金得发" in printed) == (0, True)

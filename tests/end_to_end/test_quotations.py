"""What people write for the site quotes no withheld line, in whatever field and however it is
written; and what quotes none stays as it is, byte for byte.
"""

import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path

import pytest
from opencc import OpenCC

from cunshi.archive.project import Project
from cunshi.catalogue.course.citation_syntax import without_quotations
from cunshi.catalogue.course.lessons import read_course, read_lesson
from cunshi.catalogue.course.quiz import read_quiz, read_teacher_notes
from cunshi.core.problem import Problem
from cunshi.domain.course import ClipRef
from cunshi.publishing.folder import Share
from cunshi.website.pages.lesson import fill_lesson
from cunshi.workflow import stages
from support.red_team import TALKS, Secrets, found_in, id_of, make_village, transcript
from support.village import EPOCH

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str]]
FIRST, SECOND, THIRD = TALKS
SAID = FIRST.words[1]
TRADITIONAL = OpenCC("s2t").convert(SAID)
# The line as people may quote it. The first and last characters are never divided.
WAYS = {
    "plain": SAID,
    "emphasised": f"{SAID[:4]}**{SAID[4:8]}**{SAID[8:]}",
    "traditional, with commas": f"{TRADITIONAL[:4]}，{TRADITIONAL[4:8]} ——{TRADITIONAL[8:]}",
    "with characters of no width": f"{SAID[:4]}\u200b{SAID[4:8]}\u2060{SAID[8:]}",
    "with HTML": f"{SAID[:4]}<b>{SAID[4]}&#{ord(SAID[5])};</b>{SAID[6:8]}<!-- 停 -->{SAID[8:]}",
    "a part in quotation marks": f"“{SAID[2:6]}……{SAID[8:]}”",
}
# Not texts, or never published: paths, the citation of a question, the name of a page.
NO_TEXT = {"where", "clip", "slug", "lessons", "address"}

LESSON = """---
title: {quoted}
villages: [{quoted}]
grade: {quoted}
minutes: 5
plan: [{plan}]
summary: {quoted}
objectives: [听一听, {quoted}]
keywords: [老人家, {quoted}]
sources: [采访, {quoted}]
---

## 开场

留下来的一段。

有人说{bare}。

- 留下来的一项
- {bare}
  - 里面的一项
    {bare}

> {bare}

| 谁 | 说什么 |
| --- | --- |
| 老人 | {bare} |

### {bare}

注释[^1]，[{bare}](https://example.org/)。

[^1]: {bare}

## 听一听

/// clip | {id} 0:00-0:03 金句
{bare}
///

//// accounts | {bare}
/// clip | {id} 0:00-0:03
///

/// clip | {id} 0:06-0:09
///
////

他是这么讲的[{bare}](clip:{id}@0:06-0:09 "{plain}")。

## 想一想
## 动手做
## 回家任务

最后一段。
"""
QUIZ = """- question: {quoted}
  choices: [对, 错]
  answer: A
- question: 选哪一个？
  choices: [对, {quoted}]
  answer: A
- question: 为什么？
  choices: [对, 错]
  answer: A
  explain: {quoted}
- question: 留下来的一题？
  choices: [对, 错]
  answer: A
"""
COURSE = """title: {quoted}
subtitle: {quoted}
about: {quoted}
contact: {quoted}
address: https://example.org/
lessons: [01-lesson]
timeline:
  - {{when: {quoted}, what: {quoted}, source: {quoted}, lesson: 1}}
  - {{when: 一九六二年, what: 留下来的一件事, lesson: 1}}
map:
  villages:
    - {{name: 留下来的村, slug: cun, x: 5, y: 5, words: [{quoted}]}}
  places:
    - {{name: {quoted}, slug: qiao, x: 9, y: 9, village: {quoted}, words: [{quoted}],
       facts: [{{text: {quoted}, source: {quoted}}}]}}
events:
  - {{date: 2099-01-01, title: {quoted}, kind: {quoted}, place: {quoted}, note: {quoted}}}
"""
GLOSSARY = """terms:
  - {{term: 老人家, kind: 人物, meaning: 年纪大的人}}
  - {{term: {quoted}, kind: {quoted}, meaning: {quoted}, village: {quoted}, pinyin: {quoted},
     heard_as: [{quoted}]}}
"""
SETTINGS = {
    "archive.yml": ("institution", "contact", "rights"),
    "mkdocs.yml": ("site_name", "site_description", "copyright"),
}


def pieces(text: str = SAID) -> Secrets:
    """Return the parts of a line that no way of quoting it divides."""
    forms = (text, OpenCC("s2t").convert(text))
    return Secrets([part for form in forms for part in (form[2:4], form[:4], form[8:12])])


@dataclass(frozen=True)
class Village:
    project: Project
    folder: Path

    @property
    def id(self) -> str:
        return id_of(self.project, FIRST)

    def lesson(self, name: str = "lesson.md") -> Path:
        return self.project.courses / "01-lesson" / name

    def withhold(self, line: int = 1) -> None:
        path = self.project.accession(self.id).transcript
        words = FIRST.words[line]
        cue = next(c for c in transcript(FIRST).split("\n\n") if words in c)
        text = path.read_text("utf-8")
        assert cue.strip() in text
        path.write_text(text.replace(cue.strip(), f"NOTE 不公开\n\n{cue.strip()}"), "utf-8")

    def come_out(self, run: Run) -> Iterator[tuple[int, str]]:
        """Run every command that lets something out into ``folder`` or build/."""
        yield run(self.project, "site")
        yield run(self.project, "publish", "--to", str(self.folder / "www"))
        yield run(self.project, "pack", "--to", str(self.folder / "stick.zip"))
        yield run(self.project, "export", "--to", str(self.folder / "export"))

    def leaks(self, secrets: Secrets) -> list[str]:
        places = (self.folder, self.project.site, self.project.docs, self.project.classroom.site)
        return [found for place in places for found in found_in(place, secrets)]

    def gathered(self, secrets: Secrets) -> tuple[list[str], list[Problem]]:
        """Return the secrets in all of which everything is made, and the problems."""
        context = stages.begin(self.project)
        catalogue = stages.gather(context, stages.read_recordings(context)).catalogue
        lessons = [(replace(x, body=fill_lesson(x, c), refs=()), c) for x, c in catalogue.lessons]
        shown = repr(replace(catalogue, lessons=tuple(lessons)))
        return [words for words in secrets.words if words in shown], context.problems


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        return make_village(tmp_path_factory.mktemp("quotations")).root


@pytest.fixture
def village(written: Path, tmp_path: Path) -> Village:
    shutil.copytree(written, tmp_path / "village", symlinks=True)
    (tmp_path / "out").mkdir()
    return Village(Project.at(tmp_path / "village"), tmp_path / "out")


class InTurns:
    """Several texts, of which each place in a template gets the next."""

    def __init__(self, texts: Iterable[str]):
        self._texts = itertools.cycle(texts)

    def __format__(self, spec: str) -> str:
        return next(self._texts)


def write_everywhere(village: Village, *ways: str) -> None:
    """Write the words into every field of everything that people write for the site."""
    quoted = InTurns(json.dumps(f"听说{words}", ensure_ascii=False) for words in ways)
    plan = json.dumps(f"5分钟 {ways[0]}", ensure_ascii=False)
    values = {
        "quoted": quoted,
        "bare": InTurns(ways),
        "plan": plan,
        "id": village.id,
        "plain": SAID,
    }
    project = village.project
    shutil.rmtree(project.courses / "02-lesson")
    for path, text in (
        (village.lesson(), LESSON),
        (village.lesson("quiz.yml"), QUIZ),
        (village.lesson("teacher.md"), "留下来的一句话。\n\n**提示** {bare}\n\n1. {bare}\n"),
        (project.courses / "course.yml", COURSE),
        (project.glossary, GLOSSARY),
    ):
        path.write_text(text.format(**values), "utf-8")
    for name, keys in SETTINGS.items():
        path = next(p for p in (project.archive / name, project.root / name) if p.exists())
        set_keys(path, dict.fromkeys(keys, quoted))
    record = project.accession(id_of(project, SECOND)).record
    set_keys(record, dict.fromkeys(("title", "note", "rights", "motto", "meaning"), f"{quoted}"))


def set_keys(path: Path, values: dict[str, str]) -> None:
    lines = path.read_text("utf-8").splitlines()
    kept = [line for line in lines if line.partition(":")[0] not in values]
    added = [f"{key}: {value}" for key, value in values.items()]
    path.write_text("\n".join([*kept, *added]) + "\n", "utf-8")


def without_words(value: object, words: str, name: str = "") -> Iterator[str]:
    """Yield the names of the fields of a type of the course in which no text has the words."""
    if isinstance(value, ClipRef):
        return
    if isinstance(value, tuple):
        inside = [list(without_words(item, words, name)) for item in value]
        # Entries may say other things beside.
        yield from set.intersection(*map(set, inside)) if inside else [name]
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in NO_TEXT:
                yield from without_words(getattr(value, field.name), words, field.name)
    elif isinstance(value, str) and words not in value:
        yield name


def read_all(village: Village) -> Iterator[object]:
    project, problems = village.project, list[Problem]()
    yield read_course(project.courses / "course.yml", "", problems)
    yield read_lesson(village.lesson(), "", problems)
    yield tuple(question for question, __ in read_quiz(village.lesson("quiz.yml"), "", problems))
    yield read_teacher_notes(village.lesson("teacher.md"), "", problems)
    yield project.read_glossary(problems)
    assert problems == []


def test_the_words_are_written_into_every_field_that_there_is(village: Village) -> None:
    """So that a field which somebody adds is tried below."""
    write_everywhere(village, SAID)
    missing = [name for value in read_all(village) for name in without_words(value, SAID)]
    assert set(missing) <= {"quiz", "teacher"}  # files of their own


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_made_of_a_quotation_of_a_withheld_line(village: Village, way: str) -> None:
    write_everywhere(village, WAYS[way])
    before, __ = village.gathered(pieces())
    village.withhold()
    after, problems = village.gathered(pieces())
    assert before
    assert after == []
    reported(village, problems)


def reported(village: Village, problems: list[Problem]) -> None:
    """Check that people learn file, line, recording and time, and none of the words."""
    told = [problem for problem in problems if "不公开的话" in problem.cause]
    places = {(problem.where, problem.line) for problem in told}
    for path in (village.lesson(), village.lesson("quiz.yml"), village.lesson("teacher.md")):
        lines = without_quotations(path.read_text("utf-8")).split("\n")
        first = next(n for n, line in enumerate(lines, 1) if set(line) & set(SAID[8:]))
        assert (village.project.relative(path), first) in places
    where = {problem.where for problem in told}
    names = {"courses/course.yml", "archive/glossary.yml", "archive/archive.yml", "mkdocs.yml"}
    assert names < where
    for problem in told:
        assert f"录音 {village.id} 在 0:03" in problem.cause
        assert not any(piece in f"{problem.cause}{problem.remedy}" for piece in pieces().words)
        assert (problem.code, problem.blocks_publication) == (6, False)


def test_it_comes_out_nowhere_and_delays_nothing(village: Village, run: Run) -> None:
    write_everywhere(village, *WAYS.values())
    village.withhold()
    codes, said = zip(*village.come_out(run), strict=True)
    assert codes == (6, 6, 6, 6), said
    assert village.leaks(pieces()) == []
    assert not any(piece in printed for piece in pieces().words for printed in said)
    page = (Share(village.folder / "www").current / "lessons" / "01.html").read_text("utf-8")
    assert "〔这里暂时不能看〕" in page
    for kept in ("留下来的一段", "留下来的一项", "最后一段", "留下来的一题"):
        assert kept in page


def test_a_golden_quotation_of_what_is_withheld_later_is_taken_down(
    village: Village, run: Run
) -> None:
    """Also where people cite around the line, as the message says, and leave the quotation."""
    citation = f"/// clip | {village.id} 0:03-0:06 金句\n{SAID}\n///\n"
    text = village.lesson().read_text("utf-8")
    village.lesson().write_text(f"{text}\n{citation}\n", "utf-8")
    share = village.folder / "www"
    assert run(village.project, "publish", "--to", str(share))[0] == 0
    assert village.leaks(pieces())
    village.withhold()
    around = citation.replace("0:03-0:06", "0:00-0:03")
    village.lesson().write_text(f"{text}\n{around}", "utf-8")
    code, printed = run(village.project, "publish", "--to", str(share))
    assert code == 6
    assert "不公开的话" in printed
    assert found_in(Share(share).current.resolve(), pieces()) == []
    assert found_in(village.project.site, pieces()) == []


def test_the_words_of_a_withdrawn_recording_are_not_quoted_either(village: Village) -> None:
    words = THIRD.words[2]
    text = village.lesson().read_text("utf-8")
    village.lesson().write_text(f"{text}\n老人说：{words}。\n", "utf-8")
    assert village.gathered(pieces(words))[0]
    record = village.project.accession(id_of(village.project, THIRD)).record
    consent = "{by: 王老师, signed_on: 2026-01-01, withdrawn_on: 2026-03-01}"
    set_keys(record, {"consent": consent})
    assert village.gathered(pieces(words))[0] == []


def test_an_innocent_lesson_stays_as_it_is(village: Village, run: Run) -> None:
    """Its bytes are the same whether lines are withheld that it does not quote, or are short and
    said everywhere, or said in public as well.
    """
    common = ["是的", "对的", "我不知道", "是的是的", SECOND.words[0]]
    path = village.project.accession(village.id).transcript
    lines = f"是的。我不知道。{SECOND.words[0]}，有人这样讲。“对的”，“我不知道”。"
    text = village.lesson().read_text("utf-8")
    village.lesson().write_text(f"{text}\n{lines}\n", "utf-8")
    cues = "".join(
        f"\n{{mark}}00:{n // 2:02}.{n % 2 * 5}00 --> 00:{n // 2:02}.{n % 2 * 5 + 4}00\n{words}\n"
        for n, words in enumerate(common)
    )
    found = []
    for mark in ("", "NOTE 不公开\n\n"):
        kept = transcript(FIRST).partition("\n\n")[2].split("\n\n")[1:]
        path.write_text("WEBVTT\n" + cues.format(mark=mark) + "\n" + "\n\n".join(kept), "utf-8")
        code, printed = run(village.project, "site")
        assert code == 0, printed
        site = village.project.site
        files = [*site.glob("lessons/*.html"), *site.glob("kits/**/*.*")]
        found.append({path.name: path.read_bytes() for path in files})
    assert len(found[0]) > 4
    assert found[0] == found[1]

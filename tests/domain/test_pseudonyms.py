"""Names that are not published: replaced in every text, and by a tone in the audio."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.project import Project
from cunshi.core.chinese import to_simplified
from cunshi.domain.consent import Consent
from cunshi.domain.persons.pseudonyms import (
    across_lines,
    names_of,
    rename_recording,
    renamed,
    spoken,
)
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.settings import ANONYMOUS, Archive
from cunshi.domain.transcript import Segment, Word
from cunshi.media import audio
from cunshi.transcription import vad
from cunshi.transcription.engines import open_engine
from support.leaks import leaks
from support.village import ROOT, settle
from support.withheld import cite, loudness, mark, published, tone

Run = Callable[..., tuple[int, str]]
Told = tuple[Project, str, str]
NAMES = (("金德发", "老金"), ("德发", "阿发"))


def test_the_longest_name_is_replaced_first_and_nothing_twice() -> None:
    assert renamed("金德发和德发", NAMES) == "老金和阿发"
    assert renamed("甲子乙丑", (("甲子", "乙丑"), ("乙丑", "丙寅"))) == "乙丑丙寅"


@given(st.text("金德发老阿x"))
def test_no_name_is_left(text: str) -> None:
    assert "德发" not in renamed(text, NAMES)


def test_whose_names_are_hidden_where() -> None:
    archive = Archive(pseudonyms=(("李小明", "小李"), ("金德发", "邻居")))
    said = Description(narrator="金德发", consent=Consent(shown_as="老伯"))
    told = Recording("a", Kind.TALK, "m", "", "金德发.m4a", Technical("mov", "aac"), said)
    # What the narrator wants to be called goes before what the archive says.
    assert dict(names_of(told, archive)) == {"李小明": "小李", "金德发": "老伯"}
    other = replace(told, description=replace(said, narrator="王阿婆", consent=Consent()))
    assert dict(names_of(other, archive)) == {"李小明": "小李", "金德发": "邻居"}
    described = replace(other.description, note="金德发的邻居", title="听李小明讲")
    shown = rename_recording(replace(other, description=described), names_of(other, archive))
    assert (shown.description.note, shown.description.title) == ("邻居的邻居", "听小李讲")
    assert shown.original_name == ""


def test_when_a_name_is_spoken() -> None:
    words = [Word(n / 2, n / 2 + 0.5, c, 0.9) for n, c in enumerate("我叫金德发住在河边")]
    heard = Segment(0.0, 4.5, "我叫金德发，住在河边。")
    assert spoken([heard], words, NAMES) == ((0.75, 2.75),)
    # A machine that heard something else does not say when: the whole line.
    assert spoken([heard], words[3:], NAMES) == ((0.0, 4.5),)
    assert spoken([replace(heard, text="我叫金德发，金德发。")], words, NAMES) == ((0.0, 4.5),)
    assert spoken([replace(heard, text="我住在河边。")], words, NAMES) == ()
    assert spoken([heard], words, ()) == ()


def test_a_name_across_two_lines_is_seen() -> None:
    lines = [Segment(0, 1, "我叫金德"), Segment(1, 2, "发，住在河边")]
    assert across_lines(lines, NAMES)
    assert not across_lines([Segment(0, 1, "我叫金德发"), Segment(1, 2, "住在河边")], NAMES)


@pytest.fixture
def named(told: Told) -> tuple[Project, str, Segment]:
    """Return a talk that mentions a person for whom archive.yml has a pseudonym."""
    project, open_id, __ = told
    path = project.archive / "archive.yml"
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\npseudonyms: [{name: 李小明, shown_as: 小李}]\n")
    said = {"text": "那年李小明掉进河里。", "mandarin": "李小明落水", "speaker": "李小明的娘"}
    return project, open_id, mark(project, open_id, 2, **said)


def test_it_is_in_no_byte_and_no_sound_of_what_is_published(
    named: tuple[Project, str, Segment], run: Run
) -> None:
    project, open_id, line = named
    cite(project, f"/// clip | {open_id} {line.start:.2f}-{line.end:.2f} 金句\n///")
    code, printed = run(project, "site")
    assert code == 0, printed
    assert run(project, "pack")[0] == 0
    assert run(project, "export", "--to", str(project.root / "build" / "export"))[0] == 0
    found = leaks(project.root / "build", "李小明")
    assert [name for name in found if "build/cache" not in name] == []
    page = published(project)[str(project.site / "recordings" / f"{open_id}.html")].decode()
    assert "那年小李掉进河里。" in page
    assert "小李的娘" in page
    copy = project.site / "audio" / f"{open_id}.m4a"
    [clip] = (project.site / "clips").iterdir()
    assert loudness(copy, line.start, line.end) < -70
    assert tone(copy, line.start + 0.1, line.start + 0.6) > -33
    # The edge of a clip may move into the next pause: a stretch well inside.
    assert loudness(clip, 0.6, line.end - line.start - 0.1) < -70
    assert leaks(project.archive, "李小明")


def test_in_a_lesson_it_is_told_with_its_line(
    named: tuple[Project, str, Segment], run: Run
) -> None:
    project, open_id, line = named
    cite(project, f"/// clip | {open_id} {line.end + 0.2:.2f}-{line.end + 2:.2f}\n///", "李小明")
    code, printed = run(project, "check")
    assert code == 6
    assert "courses/01-qiao/lesson.md 第 " in printed
    assert "这一行写着不公开的名字" in printed


def test_across_two_lines_it_is_told(named: tuple[Project, str, Segment], run: Run) -> None:
    project, open_id, __ = named
    mark(project, open_id, 1, text="那个人叫李小")
    mark(project, open_id, 2, text="明，大家都认得。")
    code, printed = run(project, "check")
    assert code == 5
    assert "跨在两句上" in printed


def test_half_a_pseudonym_hides_all_the_same(told: Told, run: Run) -> None:
    project, open_id, __ = told
    path = project.archive / "archive.yml"
    path.write_text("pseudonyms: [{name: 李小明}]\n", "utf-8")
    settle(path)
    mark(project, open_id, 2, text="那年李小明掉进河里。")
    code, printed = run(project, "site")
    assert code == 5
    assert "archive/archive.yml" in printed
    page = (project.site / "recordings" / f"{open_id}.html").read_text("utf-8")
    assert f"那年{ANONYMOUS}掉进河里。" in page


SAMPLE = "20260112-7a994552"


def test_whisper_does_not_hear_it_in_what_is_published(copy_of_built: Project, run: Run) -> None:
    """The real model finds the name, and does not recognise it in the published audio."""
    project = copy_of_built
    with (project.archive / "archive.yml").open("a", encoding="utf-8") as stream:
        stream.write("\npseudonyms: [{name: 金村, shown_as: 某村}]\n")
    assert run(project, "site")[0] == 6  # the lessons of the sample village say it
    [master] = project.accession(SAMPLE).master.iterdir()
    assert "金村" in hear(master)
    published = hear(project.site / "audio" / f"{SAMPLE}.m4a")
    assert "金村" not in published
    assert "近代开始就有了村落" in published  # what is said beside it is still heard


def hear(path: Path) -> str:
    engine = open_engine("faster-whisper", "base", ROOT)
    engine.prepare()
    passages = vad.passages(audio.blocks(path))
    heard = (line for p in passages for line in engine.transcribe(p.samples, "cmn"))
    return to_simplified("".join(line.segment.text for line in heard))

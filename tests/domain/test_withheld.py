"""Withheld lines are in nothing that is published, neither as text nor as audio."""

import zipfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cunshi.archive.project import Project
from cunshi.archive.transcript_file import parse_transcript
from cunshi.catalogue.course.excerpts import choose_excerpts
from cunshi.domain.transcript import Segment, Transcript, TranscriptStatus
from cunshi.domain.withholding import IN_ITS_PLACE, as_published, overlapping, withheld_ranges
from cunshi.media import audio
from cunshi.media.cutting import FADE, MARGIN, MAX_TONE, PITCH, silence
from support.village import settle
from support.withheld import cite, loudness, mark, published, tone

Run = Callable[..., tuple[int, str]]
Told = tuple[Project, str, str]
SECRET, WHO, MEANT = "家里的秘密不能说", "不能说的人", "这是藏起来的意思"
WHERE = "courses/01-qiao/lesson.md"


def hide(project: Project, recording_id: str) -> Segment:
    said = {"text": SECRET, "speaker": WHO, "mandarin": MEANT}
    return mark(project, recording_id, 2, **said, withheld=True, golden=True)


def test_no_word_and_no_sound_of_it_is_published(told: Told, run: Run) -> None:
    project, open_id, __ = told
    line = hide(project, open_id)
    cite(
        project,
        f"/// clip | {open_id} 0:00-0:03 金句\n///",
        f"/// clip | {open_id} {line.end + 0.3:.2f}-{line.end + 3:.2f}\n///",
    )
    code, printed = run(project, "site")
    assert code == 0, printed
    found = published(project)
    assert any(name.endswith("slide1.xml") for name in found)
    for word in (SECRET, WHO, MEANT, SECRET.encode("unicode_escape").decode()):
        assert [name for name, data in found.items() if word.encode() in data] == []
    page = (project.site / "recordings" / f"{open_id}.html").read_text("utf-8")
    assert page.count(IN_ITS_PLACE) == 1
    assert f'data-start="{line.start:.2f}"'.rstrip('0"') in page
    copy = project.site / "audio" / f"{open_id}.m4a"
    assert loudness(copy, line.start, line.end) < -70
    assert tone(copy, line.start + 0.1, line.start + MAX_TONE - 0.1) > audio.TONE_DBFS - 2
    assert tone(copy, line.start + MAX_TONE + 0.1, line.end) < -80
    assert loudness(copy, line.end + 0.5, line.end + 2) > -45
    assert loudness(copy, line.start - 2, line.start - 0.5) > -45
    for clip in (project.site / "clips").iterdir():
        heard = np.concatenate(list(audio.decode(clip, 16_000)))
        assert np.abs(heard).max() > 0.05


def test_a_citation_of_it_is_reported_and_blank(told: Told, run: Run) -> None:
    project, open_id, __ = told
    line = hide(project, open_id)
    cite(
        project,
        f"/// clip | {open_id} 0:00-0:03\n///",
        f"/// clip | {open_id} {line.end - 0.5:.2f}-{line.end + 2:.2f}\n{SECRET}\n///",
    )
    code, printed = run(project, "site")
    assert code == 6
    assert f"{WHERE} 第 18 行" in printed
    assert "引用里有不公开的话" in printed
    assert [n for n, data in published(project).items() if SECRET.encode() in data] == []
    assert len(list((project.site / "clips").iterdir())) == 1


def test_sound_is_made_anew_when_marks_change(told: Told, run: Run) -> None:
    project, open_id, __ = told
    copy = project.site / "audio" / f"{open_id}.m4a"
    cite(project, f"/// clip | {open_id} 0:00-0:03\n///")
    run(project, "site")
    plain = copy.read_bytes()
    clip = next((project.site / "clips").iterdir())
    cut = clip.read_bytes()
    line = mark(project, open_id, 2, withheld=True)
    run(project, "site")
    assert loudness(copy, line.start, line.end) < -70
    assert clip.read_bytes() == cut
    stamp = copy.stat().st_mtime_ns
    run(project, "site")
    assert copy.stat().st_mtime_ns == stamp
    mark(project, open_id, 2, withheld=False)
    run(project, "site")
    assert copy.read_bytes() == plain


def test_killed_before_the_sound_was_made_anew_it_is_made_then(told: Told, run: Run) -> None:
    """Whatever stamps a killed run left, audio made without the mark is replaced."""
    project, open_id, __ = told
    copy = project.docs / "audio" / f"{open_id}.m4a"
    plain = copy.read_bytes()
    line = mark(project, open_id, 2, withheld=True)
    run(project, "site")
    notes = project.docs / ".silenced"
    for left in ("", "{", "[]", "{}\n"):
        notes.write_text(left, "utf-8")
        copy.write_bytes(plain)
        run(project, "site")
        assert loudness(copy, line.start, line.end) < -70, left


def test_the_pack_borrows_no_sound_from_a_site_that_is_older(told: Told, run: Run) -> None:
    project, open_id, __ = told
    line = hide(project, open_id)
    code, printed = run(project, "pack")
    assert code == 0, printed
    room = project.classroom
    assert loudness(room.site / "audio" / f"{open_id}.m4a", line.start, line.end) < -70
    packed = next(project.site.parent.glob("*.zip"))
    with zipfile.ZipFile(packed) as pack:
        assert not [n for n in pack.namelist() if SECRET.encode() in pack.read(n)]


def test_it_counts_whatever_else_the_transcript_is(told: Told, run: Run) -> None:
    """In a draft above its digest, in an approved transcript, and in an unreadable one."""
    project, open_id, __ = told
    accession = project.accession(open_id)
    copy = project.site / "audio" / f"{open_id}.m4a"
    draft = accession.transcript.read_text("utf-8")
    first = parse_transcript(draft)[0]
    marked = draft.replace("NOTE draft", "NOTE 不公开\n\nNOTE draft")
    accession.transcript.write_text(marked, "utf-8")
    assert run(project, "site")[0] == 0
    assert loudness(copy, first.start, first.end) < -70
    page = (project.site / "recordings" / f"{open_id}.html").read_text("utf-8")
    assert IN_ITS_PLACE in page
    assert "机器初稿" in page
    accession.transcript.write_text(draft.replace("-->", "->", 1) + "\nNOTE 不公开\n", "utf-8")
    code, __ = run(project, "site")
    assert (code, copy.exists()) == (5, False)


def test_without_consent_to_transcription_it_is_still_not_heard(told: Told, run: Run) -> None:
    project, open_id, __ = told
    line = hide(project, open_id)
    path = project.recordings / "folder.yml"
    path.write_text(
        "consent: {by: 王老师, signed_on: 2026-01-01, uses: [archive, website, lesson]}\n", "utf-8"
    )
    settle(path, 1)
    run(project, "build", "--engine", "recorded")
    copy = project.site / "audio" / f"{open_id}.m4a"
    assert loudness(copy, line.start, line.end) < -70
    assert loudness(copy, line.end + 0.5, line.end + 2) > -45


# --- golden lines


def quotes(project: Project) -> str:
    return (project.site / "quotes.html").read_text("utf-8")


def test_a_golden_line_is_on_the_wall_and_can_be_heard(told: Told, run: Run) -> None:
    project, open_id, sealed = told
    line = mark(project, open_id, 2, text="桥在人心里。", golden=True)
    mark(project, sealed, 1, text="没有公开的金句", golden=True)
    assert run(project, "site")[0] == 0
    clip = f"clips/{open_id}-{round(line.start * 1000)}-{round(line.end * 1000)}.m4a"
    assert "桥在人心里。" in quotes(project)
    assert clip in quotes(project)
    assert (project.site / clip).is_file()
    assert "没有公开的金句" not in quotes(project)


def test_two_golden_lines_in_a_row_are_one_quotation(told: Told, run: Run) -> None:
    project, open_id, __ = told
    mark(project, open_id, 1, text="桥在，", golden=True)
    mark(project, open_id, 2, text="人就在。", golden=True)
    run(project, "site")
    assert "桥在，人就在。" in quotes(project)


def test_what_a_lesson_calls_golden_is_not_shown_twice(told: Told, run: Run) -> None:
    project, open_id, __ = told
    line = mark(project, open_id, 2, text="桥在人心里。", golden=True)
    cite(project, f"/// clip | {open_id} {line.start - 0.2:.2f}-{line.end + 0.1:.2f} 金句\n///")
    run(project, "site")
    assert quotes(project).count("桥在人心里。") == 1


def test_a_machines_words_are_not_golden(told: Told, run: Run) -> None:
    """A mark that keeps a draft's digest valid does not make it a corrected transcript."""
    project, open_id, __ = told
    path = project.accession(open_id).transcript
    text = path.read_text("utf-8")
    path.write_text(text.replace("NOTE draft", "NOTE 金句\n\nNOTE draft"), "utf-8")
    run(project, "site")
    assert "还没有挑出金句" in quotes(project)


# --- the parts


def test_neighbouring_lines_become_one_and_their_number_is_not_told() -> None:
    lines = [Segment(float(n), n + 1.0, str(n), withheld=n in {1, 2, 4}) for n in range(6)]
    shown = as_published(Transcript(tuple(lines))).segments
    assert [(s.start, s.end, s.text) for s in shown] == [
        (0.0, 1.0, "0"),
        (1.0, 3.0, IN_ITS_PLACE),
        (3.0, 4.0, "3"),
        (4.0, 5.0, IN_ITS_PLACE),
        (5.0, 6.0, "5"),
    ]
    assert withheld_ranges(lines) == ((1.0, 3.0), (4.0, 5.0))


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [(0, 1, 0), (0, 1.1, 1), (2, 3, 0), (1.9, 3, 1), (1.2, 1.3, 1), (0, 9, 2), (4, 4, 0)],
)
def test_a_stretch_that_only_touches_is_not_withheld(start: float, end: float, found: int) -> None:
    assert len(overlapping(((1.0, 2.0), (5.0, 6.0)), start, end)) == found


@pytest.mark.parametrize("size", [1, 7, 500, 16_000, 10**6])
def test_silence_does_not_depend_on_how_sound_is_divided(size: int) -> None:
    rate = 16_000
    tone = np.ones(3 * rate, np.float32)
    blocks = (tone[at : at + size] for at in range(0, len(tone), size))
    if size == 1:
        blocks = (tone[at : at + 97] for at in range(0, len(tone), 97))
    found = np.concatenate(list(silence(blocks, rate, ((6.0, 7.0),), start=5.0)))
    times = np.arange(len(found)) / rate + 5
    assert found[(times >= 6 - MARGIN) & (times <= 7 + MARGIN)].max() < 1e-6
    far = (times < 6 - MARGIN - FADE - 0.001) | (times > 7 + MARGIN + FADE + 0.001)
    assert (found[far] == 1).all()
    assert np.abs(np.diff(found)).max() < 0.01


@pytest.mark.parametrize("size", [97, 500, 10**6])
def test_a_tone_stands_for_what_is_not_heard(size: int) -> None:
    rate, level = 16_000, 0.03
    still = np.zeros(4 * rate, np.float32)
    blocks = (still[at : at + size] for at in range(0, len(still), size))
    found = np.concatenate(list(silence(blocks, rate, ((6.0, 8.5),), 5.0, level)))
    times = np.arange(len(found)) / rate + 5
    told = (times > 6 + FADE) & (times < 6 + MAX_TONE - FADE)
    assert found[told] == pytest.approx(level * np.sin(2 * np.pi * PITCH * times[told]), abs=1e-4)
    assert not found[(times < 6) | (times > 6 + MAX_TONE)].any()


def test_no_passage_for_a_lesson_holds_a_withheld_line() -> None:
    lines = tuple(
        Segment(n * 3.0, n * 3.0 + 2.9, f"这是第{n}句话。", withheld=n == 4) for n in range(12)
    )
    transcript = Transcript(lines, TranscriptStatus.EDITED, silenced=withheld_ranges(lines))
    chosen = choose_excerpts(transcript, (), (), 6)
    assert chosen
    assert not any(overlapping(transcript.silenced, e.start, e.end) for e in chosen)
    over = (*lines[:4], replace(lines[4], start=0.0, end=9.0), *lines[5:])
    transcript = replace(transcript, segments=lines, silenced=withheld_ranges(over))
    assert not any(e.start < 9 for e in choose_excerpts(transcript, (), (), 6))

"""Catalogues built by hand, and their pages."""

import datetime as dt
import os
import shutil
import subprocess
import sys
from dataclasses import replace

from cunshi.domain.course import (
    Catalogue,
    Clip,
    ClipRef,
    Course,
    Entry,
    Lesson,
    PlanStep,
    Question,
    TimelineEntry,
)
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Flag, Replacement, Segment, Transcript, TranscriptStatus
from cunshi.domain.village import CalendarEvent, Fact, Place
from cunshi.website.pages.assemble import render_pages
from support.village import ROOT

TALK = "20260112-7a994552"


MOTTO = "20260201-eacd48b3"


HOSTILE = (
    "<script>pwned()</script>\"'`{{ 7*7 }}` {% raw %} [x](javascript:pwned()) "
    "<img src=x onerror=pwned()> &lt;script&gt;pwned()&lt;/script&gt; 😀\n\n# h\n```\n"
    '{: onclick=x } \x02amp\x03 data-search-x="a" \u202e <!-- ]]> /// --- \x7f\ufffe'
)


def make_recording(recording_id=TALK, kind=Kind.TALK, duration=45.0, **said):
    said = {"village": "金村村", "narrator": "金老师", "date": dt.date(2026, 1, 12), **said}
    technical = Technical("mp4", "aac", duration)
    return Recording(recording_id, kind, "m.m4a", "0" * 64, "m.m4a", technical, Description(**said))


def make_entry(recording, *texts, status=TranscriptStatus.APPROVED, photo=""):
    segments = tuple(Segment(n, n + 1, text) for n, text in enumerate(texts))
    audio = f"audio/{recording.id}.m4a" if recording.technical.has_sound else ""
    return Entry(recording, Transcript(segments, status), audio, photo)


def make_lesson(body="", number=1, **changed):
    refs = tuple(changed.pop("refs", ()))
    lesson = Lesson(
        number, "村名的来历", ("金村村",), "三年级", 40, "", (), (), (), body, refs, "x"
    )
    return replace(lesson, **changed)


def make_catalogue(entries=(), lessons=(), listed=(), terms=(), course=None, archive=None):
    archive, course = archive or Archive("文化站"), course or Course("村史", "", "", "王老师", ())
    return Catalogue(
        archive=archive,
        course=course,
        lessons=tuple(lessons),
        entries=tuple(entries),
        listed=tuple(listed),
        terms=tuple(terms),
    )


def pages_of(**parts):
    return {page.path: page.text for page in render_pages(make_catalogue(**parts))}


def one_clip(*, golden=False, **changed):
    ref = ClipRef(TALK, 18.7, 34.6, "", "x", 1, golden)
    clip = Clip(ref, "为什么叫慈乌村呢？", TranscriptStatus.DRAFT, "金老师", audio="clips/a.m4a")
    body = f"## 听\n\n/// clip | {TALK} 0:18.7-0:34.6\n///\n"
    return make_lesson(body, refs=[ref]), (replace(clip, **changed),)


def hostile_catalogue():
    """Return a catalogue in which everything that people can write is hostile."""
    names = ("title", "village", "narrator", "language", "rights", "note", "approved_by")
    said = dict.fromkeys(names, HOSTILE)
    talk = make_recording(**said)
    motto = make_recording(MOTTO, Kind.MOTTO, **{**said, "motto": HOSTILE, "meaning": HOSTILE})
    marked = Segment(
        9,
        10,
        HOSTILE,
        speaker=HOSTILE,
        mandarin=HOSTILE,
        flags=(Flag.UNSURE,),
        replaced=(Replacement(HOSTILE, HOSTILE), Replacement(HOSTILE, "pwned")),
        suggested=(Replacement(HOSTILE, "never shown"),),
    )
    draft = make_entry(talk, HOSTILE, HOSTILE, status=TranscriptStatus.DRAFT)
    lines = (*draft.transcript.segments, marked)
    draft = replace(draft, transcript=replace(draft.transcript, segments=lines))
    lesson, clips = one_clip(words=HOSTILE, speaker=HOSTILE, village=HOSTILE, golden=True)
    lesson = replace(lesson, title=HOSTILE, summary=HOSTILE, grade=HOSTILE, villages=(HOSTILE,))
    lesson = replace(lesson, objectives=(HOSTILE,), keywords=(HOSTILE, "x"), sources=(HOSTILE,))
    question = Question(HOSTILE, (HOSTILE, "x"), 0, HOSTILE, HOSTILE)
    lesson = replace(lesson, plan=(PlanStep(5, f"{HOSTILE}：{HOSTILE}"),), quiz=(question,))
    withheld = one_clip(withheld=HOSTILE)
    return make_catalogue(
        entries=[
            draft,
            make_entry(motto, HOSTILE, photo="photos/a.jpg"),
        ],
        lessons=[(lesson, clips), (replace(withheld[0], number=2), withheld[1])],
        listed=[make_recording("20260101-00000000", **said)],
        terms=[Term(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)],
        course=Course(
            HOSTILE,
            HOSTILE,
            HOSTILE,
            HOSTILE,
            (),
            (TimelineEntry(*[HOSTILE] * 3, 1),),
            places=(
                Place(HOSTILE, "a", 1, 1, True, HOSTILE, (HOSTILE,), (Fact(HOSTILE, HOSTILE),)),
                Place(HOSTILE, "b", 9, 9, False, HOSTILE, (HOSTILE,), (Fact(HOSTILE, HOSTILE),)),
            ),
            events=(
                CalendarEvent(dt.date(2027, 1, 1), HOSTILE, HOSTILE, place=HOSTILE, note=HOSTILE),
            ),
        ),
        archive=Archive(HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    )


def build(folder, catalogue, site_url=""):
    folder.mkdir(exist_ok=True)
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    (folder / "mkdocs.yml").write_text(f"site_url: '{site_url}'\n{settings}", "utf-8")
    theme = ROOT / "scripts" / "cunshi" / "theme"
    shutil.copytree(theme, folder / "scripts" / "cunshi" / "theme")
    for page in render_pages(catalogue):
        path = folder / "build" / "docs" / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.text, "utf-8")
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT / "scripts")}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr, folder / "build" / "site"

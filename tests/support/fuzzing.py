"""Parsers and examples of their input for fuzzing."""

import json
from collections.abc import Callable
from pathlib import Path

from cunshi.archive.accession import Accession
from cunshi.archive.fixity.manifest import parse_manifest
from cunshi.archive.fixity.schedule import registered
from cunshi.archive.glossary_file import parse_glossary
from cunshi.archive.machine_json import read_machine_json
from cunshi.archive.records import ALIASES, read_description
from cunshi.archive.settings_file import read_archive
from cunshi.archive.transcript_file import parse_transcript
from cunshi.catalogue.course.lessons import read_course, read_lesson
from cunshi.catalogue.course.quiz import read_quiz
from cunshi.core.errors import CunshiError
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import parse_fields, read_text
from cunshi.intake.import_transcript import read_foreign
from cunshi.review.editor.history import History
from support.village import ROOT

LESSON = ROOT / "courses" / "01-cunming"


VTT = """WEBVTT

NOTE draft-sha256: 00

NOTE 存疑：机器没有把握

NOTE 不公开

00:00:01.000 --> 00:00:02.500 align:left
<v 王阿婆>我们村里有一条河 &amp; 桥
普通话：我们村
"""


SRT = (
    "1\n00:00:01,000 --> 00:00:02,500\n金老师：村里有条河\n\n2\n00:00:03,000 --> 00:00:04,000\n桥\n"
)


OHMS = """<?xml version="1.0"?><ROOT xmlns="https://www.weareavp.com/nunncenter/ohms"><record
 id="1"><date value="1999-05-01" format="yyyy-mm-dd"/><title>桥</title><sync>1:|3(1)|5(2)|</sync>
<transcript>第一行
金老师：第二行</transcript></record></ROOT>"""


RECORD = """kind: talk
lesson: 1
title: "桥"
date: 2026-01-12
access: 公开
minor: 否
consent: {by: 王老师, signed_on: 2026-01-01, uses: [存档, 网站], until: 2030-01-01}
technical: {container: mov, duration: 45.0}
"""


MACHINE = json.dumps(
    {
        "recording": "a",
        "master_sha256": "0",
        "engine": "x",
        "engine_version": "1",
        "model": "base",
        "model_sha256": "0",
        "options": {},
        "language": "cmn",
        "coverage": {"speech": 1.0, "covered": 1.0},
        "weighed": [[0.0, 1, "a", "b", 0.5]],
        "segments": [
            {
                "start": 0.0,
                "end": 1.0,
                "text": "桥",
                "flags": ["loop"],
                "words": [[0, 1, "桥", 0.9]],
            }
        ],
    },
    ensure_ascii=False,
)


HISTORY = "".join(
    json.dumps(line, ensure_ascii=False) + "\n"
    for line in (
        {"revision": 1, "time": "2026-01-01T00:00:00+00:00", "what": "drafted", "changed": 1,
         "sha256": "0", "text": "WEBVTT\n"},
        {"revision": 2, "time": "2026-01-01T00:00:09+00:00", "what": "saved", "who": "李",
         "changed": 1, "sha256": "0", "edits": [[0, 1, ["x"]]]},
    )
)  # fmt: skip


EVENTS = "".join(
    json.dumps(line, ensure_ascii=False) + "\n"
    for line in (
        {"event": "ingestion", "time": "2026-01-01T00:00:00+00:00", "original_name": "01/a.m4a",
         "fields": {"title": "桥", "consent": {"by": "王"}}},
        {"event": "message digest calculation", "time": "2026-01-01T00:00:01+00:00",
         "hashes": {"master/a.m4a": "0", "consent/a.pdf": "1"}, "sizes": {"master/a.m4a": 9}},
    )
)  # fmt: skip


MANIFEST = f"{'0' * 64}  master/a.m4a\n{'f' * 64} *master/b.jpg\n"


def described(path: Path) -> None:
    problems: list[Problem] = []
    read_description(parse_fields(read_text(path), "x", problems, ALIASES))


def happened(path: Path) -> None:
    registered(Accession(path.parent))
    Accession(path.parent).form_hashes()


def listed(path: Path) -> None:
    """Parse a manifest; accessions treat a damaged one as missing."""
    try:
        parse_manifest(path.read_text("utf-8"))
    except ValueError:
        return


def past(path: Path) -> None:
    history = History(path)
    for number in range(1, len(history) + 1):
        history.revision(number)
        try:
            history.text(number)
        except CunshiError:
            continue
    list(history.revisions())


Parse = Callable[[Path], object]


# An example, its file name, and the parser.
PARSERS: dict[str, tuple[str, str, Parse]] = {
    "transcript": (VTT, "a.vtt", lambda p: parse_transcript(read_text(p))),
    "srt": (SRT, "a.srt", lambda p: read_foreign(p, 60.0)),
    "ohms": (OHMS, "a.xml", lambda p: read_foreign(p, 60.0)),
    "record": (RECORD, "a.yml", described),
    "machine": (MACHINE, "a.json", read_machine_json),
    "history": (HISTORY, "a.jsonl", past),
    "lesson": (
        (LESSON / "lesson.md").read_text("utf-8")[:900],
        "01-x/lesson.md",
        lambda p: read_lesson(p, "x", []),
    ),
    "quiz": (
        (LESSON / "quiz.yml").read_text("utf-8")[:500],
        "01-x/quiz.yml",
        lambda p: read_quiz(p, "x", []),
    ),
    "course": (
        (ROOT / "courses" / "course.yml").read_text("utf-8")[:1200],
        "course.yml",
        lambda p: read_course(p, "x", []),
    ),
    "glossary": (
        (ROOT / "archive" / "glossary.yml").read_text("utf-8")[:600],
        "glossary.yml",
        lambda p: parse_glossary(read_text(p), "x", []),
    ),
    "archive": (
        (ROOT / "archive" / "archive.yml").read_text("utf-8"),
        "archive.yml",
        lambda p: read_archive(p, "x", []),
    ),
    "events": (EVENTS, "events.jsonl", happened),
    "manifest": (MANIFEST, "manifest-sha256.txt", listed),
}


# Fragments with a meaning to parsers.
PIECES = [
    *"{}[]<>&*!|:-,#'\"\\%@`?~=\t\n\r\0 ",
    "\n\n", "-->", "&a", "*a", "!!python/object:os.system", "<<: ", "---", "...", "NOTE ", "WEBVTT",
    "00:00:00.000", "99999999999999999999", "-1", "1e999", "NaN", "null", "是", "　", "\u2028",
    "\ufeff", "\ud7ff", "😀", "<v >", "</c>", "<!DOCTYPE x>", "<![CDATA[", "]]>", "&lt;", "&#0;",
    "2026-02-30",
]  # fmt: skip


def survives(name: str, data: bytes, folder: Path) -> None:
    __, file, parse = PARSERS[name]
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    try:
        parse(path)
    except CunshiError as error:
        assert error.cause
    except BaseException:
        print(f"{name}: {data!r}")
        raise

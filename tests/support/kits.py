"""A lesson's kit with every kind of content."""

import datetime as dt
from dataclasses import replace

from cunshi.domain.course import Clip, ClipRef, Course, Lesson, PlanStep, Question, TimelineEntry
from cunshi.domain.glossary import Term
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import TranscriptStatus
from cunshi.exports.classroom.kit import Kit

REF = ClipRef("20260112-7a994552", 5.0, 18.0, "", "lesson.md", 12)


HEARD = Clip(
    REF,
    words="宋代改叫潘圻村。",
    status=TranscriptStatus.APPROVED,
    speaker="金老师",
    village="金村村",
    date=dt.date(2026, 1, 12),
    audio="clips/20260112-7a994552-5000-18000.m4a",
)


WITHHELD = Clip(replace(REF, start=20.0, end=30.0), withheld="这段录音现在不能播放")


BODY = """## 开场

先想一想。

## 听一听

请听**第一段**。

/// clip | 20260112-7a994552 0:05-0:18
///

| 朝代 | 名字 |
| --- | --- |
| 宋 | 潘圻村 |

/// clip | 20260112-7a994552 0:20-0:30
这一句不能公开。
///

## 想一想

1. 为什么？
2. 后来呢？

## 动手做

- 画一画

## 回家任务

问问爷爷奶奶。
"""


LESSON = Lesson(
    number=1,
    title="村名的来历",
    villages=("金村村",),
    grade="三年级",
    minutes=40,
    summary="四个名字。",
    objectives=("能说出四个名字",),
    keywords=("潘圻村", "没有解释的词"),
    sources=("县志",),
    body=BODY,
    refs=(REF, WITHHELD.ref),
    where="lesson.md",
    plan=(PlanStep(10, "开场"), PlanStep(30, "听一听")),
    quiz=(Question("宋代叫什么？", ("永昌里", "潘圻村"), 1, "金老师讲的。", "here"),),
    teacher="先**试音箱**。\n\n- 不要勉强孩子\n",
)


KIT = Kit(
    lesson=LESSON,
    clips=(HEARD, WITHHELD),
    quiz_clips={"here": HEARD},
    terms={"潘圻村": Term("潘圻村", "地名", "宋代的名字", pinyin="pān qí cūn")},
    course=Course(
        "村史课",
        "",
        "",
        "",
        (),
        (TimelineEntry("宋", "叫潘圻村", "县志", 1), TimelineEntry("明", "别的课")),
    ),
    archive=Archive(institution="村文化站", rights="请先问过讲述人"),
    guessed_ids=frozenset(),
)


HOSTILE = "\x00\x1b\u202e</w:t><script>alert(1)</script>&amp;\ud800]]>"

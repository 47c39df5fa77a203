"""File names, folder.yml and recording.yml: parsing and precedence."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.glossary_file import read_glossary
from cunshi.archive.records import (
    ALIASES,
    load_description,
    read_description,
    read_recording,
    write_recording,
)
from cunshi.archive.settings_file import read_archive
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.core.yaml_fields import parse_fields
from cunshi.domain.consent import (
    ARCHIVE,
    LESSON,
    NO_USE,
    SOCIAL,
    TRANSCRIPTION,
    WEBSITE,
    Access,
    Consent,
)
from cunshi.domain.description_merge import merge, strictest
from cunshi.domain.file_names import describe_folder, describe_name, parse_day
from cunshi.domain.recording import Description, Kind, Recording
from support.descriptions import descriptions, has_consent, recording, said_text

VILLAGES = ("金村村", "妙桥社区")
TODAY, DAY = dt.date(2026, 6, 1), dt.date(2026, 1, 12)
GIVEN = Consent(by="王老师", signed_on=dt.date(2026, 1, 1))


def given_by(by: str = "王老师", **limits: dt.date) -> Consent:
    return Consent(by=by, signed_on=GIVEN.signed_on, **limits)


def describe(text: str) -> tuple[Description, list[Problem]]:
    problems: list[Problem] = []
    return read_description(parse_fields(text, "folder.yml", problems, ALIASES)), problems


@pytest.mark.parametrize(
    ("stem", "village", "narrator", "day"),
    [
        ("金村村_金老师_2026-01-12", "金村村", "金老师", DAY),
        ("新村_李奶奶_20260112", "新村", "李奶奶", DAY),
        ("金村村_金老师_2026年1月12日", "金村村", "金老师", DAY),
        ("金村村_金老师_2026.1.12", "金村村", "金老师", DAY),
        ("金村村＿金老师＿2026-01-12", "金村村", "金老师", DAY),
        (" 金村村_金老师_2026-01-12 ", "金村村", "金老师", DAY),
        ("金村村_金老师_2026-01-12 (1)", "金村村", "金老师", DAY),
        ("金村村_金老师_2026-01-12(1)", "金村村", "金老师", DAY),
        ("金村村_金老师_2026-01-12_上集", "金村村", "金老师", DAY),
        ("金村村_金老师_2026-02-30", "金村村", "", None),
        ("新村_李奶奶_2026-02-30", "", "", None),
        ("金村村", "金村村", "", None),
        ("金村村_金老师", "金村村", "金老师", None),
        ("金村村_2026-01-12", "金村村", "", None),
        ("妙桥社区_", "妙桥社区", "", None),
        ("新村_李奶奶", "", "", None),
        ("录音_20260112_153012", "", "", None),
        ("录音_153012_20260112", "", "", None),
        ("mmexport1706012345678", "", "", None),
        ("新录音 12", "", "", None),
        ("REC_20260112_153012", "", "", None),
        ("20260112_153012", "", "", None),
        ("2026-01-12", "", "", None),
        ("", "", "", None),
    ],
)
def test_a_name_says_what_it_says_and_nothing_is_guessed(
    stem: str, village: str, narrator: str, day: dt.date | None
) -> None:
    said = describe_name(stem, VILLAGES)
    assert said == Description(village=village, narrator=narrator, date=day)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-01-12", DAY),
        ("2026-1-12", DAY),
        ("20260112", DAY),
        ("2026年01月12日", DAY),
        (" 2026.1.12 ", DAY),
        ("2026-13-01", None),
        ("20261301", None),
        ("30260112", None),
        ("2026-01", None),
        ("2026-01.12", None),
        ("", None),
    ],
)
def test_a_day_is_read_or_not_at_all(written: str, day: dt.date | None) -> None:
    assert parse_day(written) == day


@given(st.text(max_size=40))
def test_any_name_is_described(stem: str) -> None:
    describe_name(stem, VILLAGES)
    describe_folder(stem)


@pytest.mark.parametrize(
    ("name", "number", "title"),
    [
        ("01-村名的来历", 1, "村名的来历"),
        ("3 金村庙会", 3, "金村庙会"),
        ("10、家乡的变化", 10, "家乡的变化"),
        ("04", 4, ""),
        ("mottoes", None, ""),
        ("第1课", None, ""),
    ],
)
def test_a_folder_says_its_lesson(name: str, number: int | None, title: str) -> None:
    assert describe_folder(name) == (number, title)


# --- merge


@pytest.mark.parametrize(
    ("outer", "inner", "effective"),
    [
        (None, None, None),
        (None, Access.OPEN, Access.OPEN),
        (Access.LISTED, None, Access.LISTED),
        (Access.SEALED, Access.OPEN, Access.SEALED),
        (Access.OPEN, Access.CLASSROOM, Access.CLASSROOM),
    ],
)
def test_of_two_access_levels_the_stricter_holds(
    outer: Access | None, inner: Access | None, effective: Access | None
) -> None:
    assert merge(Description(access=outer), Description(access=inner)).access is effective


@pytest.mark.parametrize(
    ("outer", "said", "effective"),
    [
        (Access.OPEN, Description(minor=True), Access.SEALED),
        (None, Description(minor=True), Access.SEALED),
        (Access.OPEN, Description(minor=True, access=Access.CLASSROOM), Access.CLASSROOM),
        (Access.OPEN, Description(), Access.OPEN),
    ],
)
def test_a_minor_starts_sealed_whatever_an_outer_folder_opens(
    outer: Access | None, said: Description, effective: Access
) -> None:
    assert merge(Description(access=outer), said).access is effective


def test_of_several_copies_every_limit_counts() -> None:
    first = Description(title="甲", access=Access.OPEN, consent=GIVEN)
    copies = [
        first,
        Description(title="乙", access=Access.LISTED),
        Description(minor=True, consent=Consent(until=TODAY)),
        Description(consent=Consent(by="李老师", withdrawn_on=TODAY)),
    ]
    assert strictest([first]) == first
    assert strictest(copies) == Description(
        title="甲",
        access=Access.SEALED,  # of the copy that says it is a minor's
        minor=True,
        consent=given_by(until=TODAY, withdrawn_on=TODAY),
    )


def test_the_inner_folder_speaks_and_is_silent_field_by_field() -> None:
    outer = Description(village="金村村", rights="甲", minor=True, consent=GIVEN)
    inner = Description(village="欧桥村", note="乙", consent=Consent(form="口头", by="李老师"))
    assert merge(outer, inner) == Description(
        village="欧桥村",
        rights="甲",
        note="乙",
        minor=True,
        consent=Consent(by="李老师", signed_on=GIVEN.signed_on, form="口头"),
    )


def test_a_limit_of_the_outer_consent_is_kept_within() -> None:
    outer = Description(consent=Consent(by="甲", signed_on=DAY, until=TODAY, withdrawn_on=TODAY))
    merged = merge(outer, Description(consent=GIVEN)).consent
    assert (merged.by, merged.until, merged.withdrawn_on) == ("王老师", TODAY, TODAY)


# --- what cannot be read fails closed


@pytest.mark.parametrize(
    "line",
    [
        "until: 明年",
        "until: 2026-02-30",
        "withdrawn_on: 昨天",
        "signed_on: 2026",
        "withdraw_on: 2026-02-01",
        "撤回: 2026-02-01",
    ],
)
def test_a_consent_that_cannot_be_read_is_none(line: str) -> None:
    text = f"consent:\n  by: 王老师\n  {line}\n"
    text += "" if line.startswith("signed") else "  signed_on: 2026-01-01\n"
    said, problems = describe(text)
    assert said.consent == Consent()
    assert [problem.line for problem in problems] == [3]


@pytest.mark.parametrize("written", ["同意", "[王老师]"])
def test_a_consent_of_another_form_is_none(written: str) -> None:
    assert describe(f"consent: {written}\n")[0].consent == Consent()


def test_a_whole_consent_is_read_in_chinese() -> None:
    said, problems = describe(
        "同意书:\n  签署人: 王老师\n  签署日期: 2026-01-01\n  凭据: 口头\n"
        "  有效期至: 2026-12-31\n  撤回日期: 2026-06-01\n  解禁日期: 2030-01-01\n"
    )
    assert problems == []
    assert said.consent == Consent(
        "王老师",
        dt.date(2026, 1, 1),
        "口头",
        dt.date(2026, 12, 31),
        dt.date(2026, 6, 1),
        embargo=dt.date(2030, 1, 1),
    )


@pytest.mark.parametrize(
    ("written", "uses"),
    [
        ("uses: [archive, website]", (ARCHIVE, WEBSITE)),
        ("用途: [网站, 存档]", (ARCHIVE, WEBSITE)),
        ("用途: 存档、转写、课程", (ARCHIVE, TRANSCRIPTION, LESSON)),
        ("用途:\n    - 存档\n    - social", (ARCHIVE, SOCIAL)),
        ("用途: [存档, 存档]", (ARCHIVE,)),
        ("用途: 无", (NO_USE,)),
        ("uses: none", (NO_USE,)),
        ("uses: []", (NO_USE,)),
        ("uses:", ()),
        ("form: 12 号", ()),
    ],
)
def test_the_uses_are_read(written: str, uses: tuple[str, ...]) -> None:
    description, problems = describe(
        f"同意:\n  签署人: 金老师\n  签署日期: 2026-01-01\n  {written}\n"
    )
    assert (description.consent.uses, problems) == (uses, [])
    assert description.consent.by == "金老师"


@pytest.mark.parametrize("written", ["用途: [存档, 随便]", "用途: 全部", "用途: [无, 存档]"])
def test_a_use_that_nobody_knows_is_reported_and_nothing_holds(written: str) -> None:
    description, [problem] = describe(f"同意:\n  签署人: 甲\n  签署日期: 2026-01-01\n  {written}\n")
    assert (problem.line, problem.code) == (4, ExitCode.RECORD)
    assert not has_consent(description, TODAY)


def test_guardian_and_name_are_read_in_chinese_and_written_again() -> None:
    description, problems = describe(
        "同意: {签署人: 甲, 签署日期: 2026-01-01, 监护人: 乙, 署名: 阿婆, 用途: [课程]}\n"
    )
    assert problems == []
    assert description.consent == Consent(
        "甲", dt.date(2026, 1, 1), "", None, None, (LESSON,), "乙", "阿婆"
    )
    written = write_recording(recording(Description(consent=description.consent)))
    again = read_description(parse_fields(written, "", problems, ALIASES), finish=False)
    assert problems == []
    assert again.consent == description.consent


@pytest.mark.parametrize(
    ("written", "access"),
    [
        ("", None),
        ("公开", Access.OPEN),
        ("open", Access.OPEN),
        ("课堂", Access.CLASSROOM),
        ("目录", Access.LISTED),
        ("封存", Access.SEALED),
        ("大家都可以听", Access.SEALED),
        ("OPEN", Access.SEALED),
    ],
)
def test_an_unknown_access_level_is_the_strictest(written: str, access: Access | None) -> None:
    said, problems = describe(f"access: {written}\n")
    assert said.access is access
    assert bool(problems) is (written in {"大家都可以听", "OPEN"})


def test_an_unreadable_minor_is_a_minor() -> None:
    said, problems = describe("minor: 14 岁\n")
    assert (said.minor, len(problems)) == (True, 1)


# --- recording.yml


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "20260112-3f9a2c1b"
    folder.mkdir()
    return folder


def read_back(folder: Path, text: str) -> tuple[Recording, list[Problem]]:
    problems: list[Problem] = []
    path = folder / "recording.yml"
    path.write_bytes(text.encode())
    return read_recording(path, "recording.yml", "0" * 64, (), problems), problems


@given(said=descriptions, name=said_text.filter(bool), kind=st.sampled_from(Kind))
def test_a_record_is_read_as_it_was_written(
    folder: Path, said: Description, name: str, kind: Kind
) -> None:
    written = recording(said, original_name=name, kind=kind)
    assert read_back(folder, write_recording(written)) == (written, [])


@pytest.mark.parametrize(
    "word", ["null", "~", "是", "no", "1e3", "2026-01-12", "- a", "...", "---"]
)
def test_words_with_a_meaning_in_yaml_stay_words(folder: Path, word: str) -> None:
    written = recording(Description(title=word, note=f"一\n{word}\n二"))
    assert read_back(folder, write_recording(written)) == (written, [])


def test_every_field_stands_on_a_line_of_its_own(folder: Path) -> None:
    long = Description(
        note="很久 以前 " * 99 + "完", consent=replace(GIVEN, form="word, " * 99 + "x")
    )
    short = write_recording(recording(Description(note="短", consent=GIVEN)))
    text = write_recording(recording(long))
    assert text.count("\n") == short.count("\n")
    assert read_back(folder, text)[0].description == long


def test_the_folder_and_not_the_record_names_a_recording(folder: Path) -> None:
    text = write_recording(recording(Description(), id="20260101-00000000"))
    read, problems = read_back(folder, text)
    assert read.id == folder.name
    assert [problem.line for problem in problems] == [text[: text.index("\nid:")].count("\n") + 2]


# --- the other files


def test_the_settings_have_defaults_and_a_village_alone_is_a_list(tmp_path: Path) -> None:
    path, problems = tmp_path / "archive.yml", list[Problem]()
    path.write_text("villages: 金村村\nengin: null\n", "utf-8")
    archive = read_archive(path, "archive.yml", problems)
    assert (archive.villages, archive.engine, archive.model) == (
        ("金村村",),
        "faster-whisper",
        "base",
    )
    assert [(p.line, "engine" in p.remedy) for p in problems] == [(2, True)]


def test_a_missing_sidecar_says_nothing(tmp_path: Path) -> None:
    problems: list[Problem] = []
    assert load_description(tmp_path / "a.yml", "a.yml", problems) == Description()
    assert problems == []


def test_a_term_needs_a_meaning_and_stands_once(tmp_path: Path) -> None:
    path, problems = tmp_path / "glossary.yml", list[Problem]()
    path.write_text(
        "terms:\n  - term: 土布\n    kind: 物\n    meaning: 手织的布\n    heard_as: [图布]\n"
        "  - term: 庙会\n  - term: 土布\n    meaning: 又一次\n",
        "utf-8",
    )
    terms = read_glossary(path, "glossary.yml", problems)
    assert terms[0].heard_as == ("图布",)
    assert [problem.line for problem in problems] == [6, 0]
    assert "土布" in problems[1].cause

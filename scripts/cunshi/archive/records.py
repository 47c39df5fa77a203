"""Read and write recording.yml; read folder.yml and sidecars."""

import re
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from pathlib import Path
from typing import Any

from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.yaml_edit import dump_inline
from cunshi.core.yaml_fields import Fields, load_fields
from cunshi.domain.consent import (
    ARCHIVE,
    LESSON,
    NO_USE,
    SOCIAL,
    TRANSCRIPTION,
    USES,
    WEBSITE,
    Access,
    Consent,
)
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.settings import MANDARIN, MIXED, WU

ALIASES = {
    "课": "lesson",
    "题名": "title",
    "标题": "title",
    "村": "village",
    "村名": "village",
    "讲述人": "narrator",
    "家庭": "narrator",
    "日期": "date",
    "语言": "language",
    "开放": "access",
    "未成年": "minor",
    "同意": "consent",
    "同意书": "consent",
    "签署人": "by",
    "签署日期": "signed_on",
    "凭据": "form",
    "有效期至": "until",
    "解禁日期": "embargo",
    "撤回日期": "withdrawn_on",
    "用途": "uses",
    "监护人": "guardian",
    "署名": "shown_as",
    "版权": "rights",
    "保管单位": "holder",
    "备注": "note",
    "家训": "motto",
    "含义": "meaning",
    "校对人": "approved_by",
    "校对日期": "approved_on",
}
ACCESS = {
    "open": Access.OPEN,
    "公开": Access.OPEN,
    "classroom": Access.CLASSROOM,
    "课堂": Access.CLASSROOM,
    "listed": Access.LISTED,
    "目录": Access.LISTED,
    "sealed": Access.SEALED,
    "封存": Access.SEALED,
}
LANGUAGES = {
    "cmn": MANDARIN,
    "普通话": MANDARIN,
    "zh": MANDARIN,
    "wuu": WU,
    "吴语": WU,
    "本地话": WU,
    "mixed": MIXED,
    "混合": MIXED,
    "夹杂": MIXED,
}
_USES = {
    **{use: use for use in USES},
    "存档": ARCHIVE,
    "转写": TRANSCRIPTION,
    "课程": LESSON,
    "网站": WEBSITE,
    "社交媒体": SOCIAL,
}
_NOTHING = {"none", "无"}
_TEXTS = (
    "title",
    "village",
    "narrator",
    "rights",
    "holder",
    "note",
    "motto",
    "meaning",
)
_COMMA = re.compile(r"[、，,；;\s]+")

RECORD_HEAD = """\
# 这件录音的目录卡。空着的可以补，写错的可以改；人改过的栏，程序不会再动。
"""
RECORD_TAIL = """\
# 以下由程序登记，请不要改动。
"""


def read_description(fields: Fields, *, finish: bool = True) -> Description:
    """Read a description from a recording.yml. Invalid values restrict access."""
    description = replace(
        _read_deposited(fields),
        approved_by=fields.text("approved_by"),
        approved_on=fields.day("approved_on"),
    )
    if finish:
        fields.finish()
    return description


def _read_deposited(fields: Fields) -> Description:
    """Read the values that are valid in recordings/: all except the approval of a transcript."""
    consent = fields.section("consent")
    texts: dict[str, Any] = {name: fields.text(name) for name in _TEXTS}
    return Description(
        **texts,
        lesson=fields.integer("lesson") or None,
        date=fields.day("date"),
        language=fields.choice("language", LANGUAGES, invalid="") or "",
        access=fields.choice("access", ACCESS, invalid=Access.SEALED),
        minor=fields.flag("minor", invalid=True),
        consent=read_consent(consent),
    )


def read_consent(fields: Fields) -> Consent:
    """Read a consent; empty, and therefore invalid, if a value is invalid."""
    unreadable = len(fields.problems)
    consent = Consent(
        by=fields.text("by"),
        signed_on=fields.day("signed_on"),
        form=fields.text("form"),
        until=fields.day("until"),
        withdrawn_on=fields.day("withdrawn_on"),
        embargo=fields.day("embargo"),
        uses=_read_uses(fields),
        guardian=fields.text("guardian"),
        shown_as=fields.text("shown_as"),
    )
    fields.finish()
    # An invalid restriction must not be ignored; without ``by``, the consent is invalid.
    return consent if len(fields.problems) == unreadable else Consent()


def _read_uses(fields: Fields) -> tuple[str, ...]:
    """Read the ticked uses in the order of the form; NO_USE for an empty list."""
    if "uses" not in fields:
        return ()
    written = fields.texts("uses")
    named = [word for text in written for word in _COMMA.split(text) if word]
    if fields.is_list("uses") and not named:
        return (NO_USE,)
    ticked = [word for word in named if word not in _NOTHING]
    for word in ticked:
        if word not in _USES:
            fields.report_key(
                "uses",
                _("“{value}” 不是可以选的用途").format(value=word),
                _("可以写：存档、转写、课程、网站、社交媒体；都不同意写 无"),
            )
    if ticked and len(ticked) < len(named):
        fields.report_key("uses", _("写了 无，就不能再写别的用途"))
    found = {_USES.get(word) for word in ticked}
    return tuple(use for use in USES if use in found) or ((NO_USE,) if named else ())


def load_description(path: Path, where: str, problems: list[Problem]) -> Description:
    """Read a folder.yml or a sidecar; empty if the file does not exist."""
    fields = load_fields(path, where, problems, ALIASES)
    description = _read_deposited(fields)
    fields.finish()
    return description


def _consent_mapping(consent: Consent) -> dict[str, Any]:
    values = {f.name: getattr(consent, f.name) for f in dataclass_fields(consent)}
    values["uses"] = list(consent.uses)
    return {name: value for name, value in values.items() if value}


def description_values(said: Description) -> dict[str, Any]:
    """Return key → value as in recording.yml, None or empty for unknown values."""
    values = {f.name: getattr(said, f.name) for f in dataclass_fields(said)}
    access = None if said.access is None else said.access.name.lower()
    return values | {"access": access, "consent": _consent_mapping(said.consent) or None}


def write_recording(recording: Recording) -> str:
    """Return the text of a new recording.yml: editable fields first, empty where unknown."""
    head = {"kind": recording.kind.value} | description_values(recording.description)
    technical = recording.technical
    tail = {
        "id": recording.id,
        "original_name": recording.original_name,
        "master": recording.master,
        "technical": {f.name: getattr(technical, f.name) for f in dataclass_fields(technical)},
    }
    return (
        RECORD_HEAD
        + "".join(
            f"{name}: {dump_inline(value)}".rstrip(" ") + "\n" for name, value in head.items()
        )
        + RECORD_TAIL
        + "".join(f"{name}: {dump_inline(value)}\n" for name, value in tail.items())
    )


def read_recording(
    path: Path, where: str, sha256: str, companions: tuple[str, ...], problems: list[Problem]
) -> Recording:
    """Read recording.yml; hash and companions come from the manifest."""
    fields = load_fields(path, where, problems, ALIASES)
    kinds = {kind.value: kind for kind in Kind}
    technical = fields.section("technical")
    recording = Recording(
        id=fields.text("id") or path.parent.name,
        kind=fields.choice("kind", kinds, invalid=Kind.TALK) or Kind.TALK,
        master=fields.text("master"),
        sha256=sha256,
        original_name=fields.text("original_name"),
        technical=_read_technical(technical),
        description=read_description(fields),
        companions=companions,
    )
    if recording.id != path.parent.name:
        fields.report_key("id", _("编号与文件夹名不同"), _("把 id 改回文件夹的名字"))
    return replace(recording, id=path.parent.name)


def _read_technical(fields: Fields) -> Technical:
    technical = Technical(
        container=fields.text("container"),
        codec=fields.text("codec"),
        duration=fields.number("duration"),
        sample_rate=fields.integer("sample_rate"),
        channels=fields.integer("channels"),
    )
    fields.finish()
    return technical

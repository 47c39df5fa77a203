"""Check the citations of a lesson and turn each into a Clip, withheld if it is invalid.

A citation is valid if its recording exists and may be published, its times are within the
recording, and the author's quotation still agrees with the transcript.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cunshi.archive.machine_json import MachineTranscript
from cunshi.core.errors import ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.timecode import format_clock
from cunshi.domain.access import AccessDecision, AccessReason
from cunshi.domain.consent import Access
from cunshi.domain.course import Clip, ClipRef, Entry, Lesson
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import Segment, Transcript, TranscriptStatus
from cunshi.domain.withheld_words import Place, WithheldWords, in_order
from cunshi.domain.withholding import overlapping
from cunshi.transcription.error_rate import normalise

# Shown on the page, which is always in Chinese.
_WITHHELD = "这段录音现在不能播放"
_RESERVED = "这段录音只在课堂上播放，礼包里有"
_ERASED = (
    _("引用的录音应要求彻底删除了，课文里这一段只留一句说明"),
    _("请删去这一段引用，和您写下的、从那段录音来的话；不删也照样发布"),
)
_END_TOLERANCE = 0.5  # seconds that a citation may exceed its recording
_EDGE = 2.0  # seconds around a citation that are searched for its quotation
_OMISSION = re.compile(r"…+|\.{3,}|⋯+")


@dataclass(frozen=True)
class Holdings:
    """What citations refer to: all recordings, and the ``entries`` that may be published.

    ``decisions`` say who may hear each recording; recordings more restricted than ``ceiling`` are
    withheld. ``machine_transcript`` reads machine.json by id; ``is_erased`` tells whether a missing
    recording was erased. ``withheld_words`` may not be quoted.
    """

    recordings: Mapping[str, Recording]
    entries: Mapping[str, Entry]
    decisions: Mapping[str, AccessDecision]
    ceiling: Access = Access.OPEN
    machine_transcript: Callable[[str], MachineTranscript | None] = lambda __: None
    is_erased: Callable[[str], bool] = lambda __: False
    withheld_words: WithheldWords = field(default_factory=WithheldWords)

    def transcript(self, ref: ClipRef) -> Transcript:
        """Return the transcript that a quotation is compared with."""
        found = self.entries[ref.recording_id].transcript
        compared = ref.quote and found.status is TranscriptStatus.EDITED
        return mark_drafted(found, self.machine_transcript(ref.recording_id)) if compared else found


def resolve(
    lesson: Lesson, holdings: Holdings, problems: list[Problem], *, strict: bool = False
) -> tuple[Clip, ...]:
    """Return the clips that a lesson cites; invalid ones are withheld and reported.

    ``strict`` also reports citations of transcripts that nobody has approved.
    """
    return tuple(_clip(ref, holdings, problems, strict) for ref in lesson.refs)


def _clip(ref: ClipRef, holdings: Holdings, problems: list[Problem], strict: bool) -> Clip:
    recording = holdings.recordings.get(ref.recording_id)
    decision = holdings.decisions.get(ref.recording_id)
    cause, remedy = why_withheld(ref.recording_id, decision, holdings.ceiling)
    # A lesson may well be given in classrooms alone: nothing is wrong with its citation.
    reserved = bool(cause) and decision is not None and decision.level is Access.CLASSROOM
    left_out = recording is not None and bool(cause)
    if recording is None and holdings.is_erased(ref.recording_id):
        cause, remedy = _ERASED
        left_out = True
    if recording and not cause:
        cause, remedy = _beyond_end(ref, recording)
    if recording and not cause:
        cause, remedy = _withheld_within(ref, holdings.entries[ref.recording_id].transcript)
        left_out = bool(cause)
    if recording and not cause and (place := holdings.withheld_words.place_of_quotation(ref.quote)):
        (cause, remedy), left_out = quotes_withheld(place), True
    if cause or recording is None:
        code = ExitCode.OK if reserved else ExitCode.LESSON
        problems.append(Problem(code, ref.where, cause, remedy, ref.line, left_out))
        return Clip(replace(ref, quote=""), withheld=_RESERVED if reserved else _WITHHELD)
    transcript = holdings.transcript(ref)
    for cause, remedy in _defects(ref, transcript, strict):
        problems.append(Problem(ExitCode.LESSON, ref.where, cause, remedy, ref.line))
    description, status = recording.description, transcript.status
    return Clip(
        ref=ref,
        words=ref.quote or transcript.words_between(ref.start, ref.end),
        status=TranscriptStatus.APPROVED if ref.quote else status,
        speaker=description.narrator,
        village=description.village,
        date=description.date,
        audio=clip_path(ref),
        mandarin=_mandarin(ref, transcript),
    )


def clip_path(ref: ClipRef) -> str:
    """Return the path of a citation's audio in the site."""
    return f"clips/{ref.recording_id}-{round(ref.start * 1000)}-{round(ref.end * 1000)}.m4a"


def _mandarin(ref: ClipRef, transcript: Transcript) -> str:
    """Return the Mandarin of a dialect quotation; empty if the quotation is itself the Mandarin."""
    spoken = normalise(transcript.words_between(ref.start - _EDGE, ref.end + _EDGE))
    if not in_order(_parts(ref.quote), spoken):
        return ""
    return transcript.mandarin_between(ref.start, ref.end)


def why_withheld(
    recording_id: str, decision: AccessDecision | None, ceiling: Access = Access.OPEN
) -> tuple[str, str]:
    """Why a recording may not be cited, and what to do; empty when it may."""
    if decision is None:
        return (
            _("引用的录音 {id} 不在档案库里").format(id=recording_id),
            _("检查编号；录音还没收进来时，先把它放进 recordings"),
        )
    if decision.allows_citation(ceiling):
        return "", ""
    cause, remedy = _cause_and_remedy(decision)
    return cause.format(id=recording_id), remedy


def _cause_and_remedy(decision: AccessDecision) -> tuple[str, str]:
    """Why a recording with this decision is withheld; the cause has a place for its id."""
    if decision.level is Access.CLASSROOM:
        return _("引用的录音 {id} 只供课堂：网站上不播放，礼包里播放"), ""
    if decision.reason in {AccessReason.WITHDRAWN, AccessReason.EXPIRED}:
        return (
            _("引用的录音 {id} 没有有效的同意书：已经撤回或到期了，课文里这一段只留一句说明"),
            _("有空时换一段引用；不换也照样发布"),
        )
    if not decision.has_consent:
        return (
            _("引用的录音 {id} 没有有效的同意书"),
            _("在 folder.yml 或 recording.yml 里登记 consent，或换一段引用"),
        )
    if decision.reason in {AccessReason.NOT_FOR_LESSONS, AccessReason.ARCHIVE_ONLY}:
        return (
            _("引用的录音 {id} 没有同意用在课程里"),
            _("换一段引用，或请讲述人另签同意书，勾选课程"),
        )
    return _("引用的录音 {id} 不公开"), _("换一段引用，或请档案员改 access")


def _beyond_end(ref: ClipRef, recording: Recording) -> tuple[str, str]:
    if ref.end <= recording.technical.duration + _END_TOLERANCE:
        return "", ""
    cause = _("引用的时间超出了录音的长度（{seconds} 秒）")
    return cause.format(seconds=recording.technical.duration), _("检查起止时间")


def _withheld_within(ref: ClipRef, transcript: Transcript) -> tuple[str, str]:
    """Return cause and remedy if part of the cited range is withheld."""
    withheld = overlapping(transcript.silenced, ref.start, ref.end)
    if not withheld:
        return "", ""
    cause = _("引用里有不公开的话：录音 {id} 从 {time} 起").format(
        id=ref.recording_id, time=format_clock(withheld[0][0])
    )
    return cause, _("换一段引用，避开这几句；可以公开的话，请校对的人取消“不公开”")


def quotes_withheld(place: Place) -> tuple[str, str]:
    """Return cause and remedy of a text that quotes a withheld line."""
    cause = _("这里引了不公开的话：录音 {id} 在 {time}；公开的地方先空着").format(
        id=place.recording_id, time=format_clock(place.start)
    )
    return cause, _("删去引的话，或换一个说法；可以公开的话，请校对的人取消“不公开”")


def _defects(ref: ClipRef, transcript: Transcript, strict: bool) -> list[tuple[str, str]]:
    """Return causes and remedies of what is wrong with a citation that is shown nevertheless."""
    found = []
    if has_changed(ref, transcript):
        cause = _("引文和文稿对不上了：录音 {id} 在 {time} 的话已经改过")
        found.append(
            (
                cause.format(id=ref.recording_id, time=format_clock(ref.start)),
                _("再听一遍，照文稿改引文；文稿错了就改文稿"),
            )
        )
    if strict and transcript.status is not TranscriptStatus.APPROVED:
        cause = _("引用的录音 {id} 文稿还没有人定稿").format(id=ref.recording_id)
        remedy = _("校对完，在 recording.yml 里写上 approved_by 和 approved_on")
        found.append((cause, remedy))
    return found


def has_changed(ref: ClipRef, transcript: Transcript) -> bool:
    """Check whether the transcript has been corrected to something other than the quotation.

    Punctuation, spaces, script and numerals are ignored, and … stands for omitted words. Lines that
    nobody has edited are not compared, because the author's quotation is better than a machine
    draft.
    """
    parts = _parts(ref.quote)
    if not parts or transcript.status in {TranscriptStatus.MISSING, TranscriptStatus.DRAFT}:
        return False
    near = [
        s for s in transcript.segments if s.end > ref.start - _EDGE and s.start < ref.end + _EDGE
    ]
    if any(in_order(parts, normalise(text)) for text in _comparable_texts(near)):
        return False
    if transcript.status is TranscriptStatus.APPROVED or not any(s.drafted for s in near):
        return True
    changed = [s for s in near if not s.drafted and ref.start <= (s.start + s.end) / 2 <= ref.end]
    return not all(_overlaps_quote(s, parts) for s in changed)


def _parts(quote: str) -> list[str]:
    return [part for part in map(normalise, _OMISSION.split(quote)) if part]


def _comparable_texts(segments: list[Segment]) -> list[str]:
    """Return the words as spoken, and in Mandarin, which may be quoted as well."""
    return ["".join(s.text for s in segments), "".join(s.mandarin or s.text for s in segments)]


def _overlaps_quote(segment: Segment, parts: list[str]) -> bool:
    lines = [normalise(text) for text in (segment.text, segment.mandarin) if text]
    return any(line in part or part in line for line in lines for part in parts)


def mark_drafted(
    transcript: Transcript, machine_transcript: MachineTranscript | None
) -> Transcript:
    """Return the transcript with the lines marked that nobody has edited since the machine
    draft.
    """
    if machine_transcript is None or transcript.status is not TranscriptStatus.EDITED:
        return transcript
    machine = normalise("".join(segment.text for segment in machine_transcript.segments))
    segments = (replace(s, drafted=_before_replacement(s) in machine) for s in transcript.segments)
    return replace(transcript, segments=tuple(segments))


def _before_replacement(segment: Segment) -> str:
    text = segment.text
    for pair in segment.replaced:
        text = text.replace(pair.term, pair.heard, 1)
    return normalise(text)

"""Render a recording: facts, player, and transcript in paragraphs."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.titles import cite, lesson_title, recording_title
from cunshi.core import text
from cunshi.core.text import clean, ends_sentence, long_date
from cunshi.domain.course import Catalogue, Entry, Page, lessons_of
from cunshi.domain.recording import Kind, Recording
from cunshi.domain.settings import WU, Archive
from cunshi.domain.transcript import Segment, Transcript
from cunshi.exports.archival.captions import captions_path, srt_path
from cunshi.website.templating import render

MAX_PAUSE = 1.2
PARAGRAPH_LENGTH = 110
# Drafts may lack punctuation: a paragraph longer than this ends with its segment.
MAX_PARAGRAPH = 220


@dataclass(frozen=True)
class Paragraph:
    """Segments shown as one paragraph; ``speaker`` is empty if it is the previous one."""

    start: float
    speaker: str
    segments: tuple[Segment, ...]


def paragraphs_of(transcript: Transcript) -> list[Paragraph]:
    """A transcript's segments in paragraphs."""
    segments = transcript.segments
    return transcript.derived.in_memory("paragraphs", lambda: group_paragraphs(segments))


def group_paragraphs(segments: Iterable[Segment]) -> list[Paragraph]:
    """Segments in paragraphs: a new one at a long pause, another speaker, or when it gets long.

    A segment with a Mandarin translation or a withheld one is a paragraph of its own.
    """
    groups: list[list[Segment]] = []
    length = 0
    for segment in segments:
        if not clean(segment.text):
            continue
        if groups and not _begins_paragraph(groups[-1][-1], segment, length):
            groups[-1].append(segment)
        else:
            groups.append([segment])
            length = 0
        length += len(segment.text)
    speakers = ["", *(group[0].speaker for group in groups)]
    return [
        Paragraph(
            group[0].start, "" if group[0].speaker == before else group[0].speaker, tuple(group)
        )
        for before, group in zip(speakers, groups, strict=False)
    ]


def _begins_paragraph(last: Segment, segment: Segment, length: int) -> bool:
    if segment.start - last.end > MAX_PAUSE or segment.speaker != last.speaker:
        return True
    if segment.mandarin or last.mandarin or segment.withheld != last.withheld:
        return True
    long_enough = length >= PARAGRAPH_LENGTH and ends_sentence(last.text)
    return length >= MAX_PARAGRAPH or long_enough


def recording_path(recording: Recording) -> str:
    """Return the path of a recording's page in the site's source."""
    return f"recordings/{recording.id}.md"


def listed_ids(catalogue: Catalogue) -> dict[str, str]:
    """Return the anchors, in the list of all recordings, of those without a page."""
    return {recording.id: f"listed-{n}" for n, recording in enumerate(catalogue.listed, 1)}


def recording_page(catalogue: Catalogue, entry: Entry) -> Page:
    """Return the page of a published recording."""
    recording, archive = entry.recording, catalogue.archive
    language = recording.language(archive)
    paragraphs = [
        (paragraph, _parts(paragraph, entry.transcript, language))
        for paragraph in paragraphs_of(entry.transcript)
    ]
    webvtt = captions_path(entry)
    lines = [
        part
        for __, parts in paragraphs
        for part in parts
        if isinstance(part, transcript_quality.Line)
    ]
    return render(
        "recording",
        recording_path(recording),
        entry=entry,
        title=recording_title(recording),
        facts=facts_of(entry, archive),
        language=language,
        warnings=transcript_quality.warnings(entry, archive),
        guess=transcript_quality.is_guess(entry, archive),
        paragraphs=paragraphs,
        kinds={line.kind for line in lines},
        corrections=transcript_quality.corrections(lines),
        rights=recording.description.rights or archive.rights,
        citation=cite(recording, archive),
        captions=[("WebVTT", webvtt), ("SRT", srt_path(webvtt))] if webvtt else [],
        lessons=named_lessons(catalogue, recording),
    )


def _parts(
    paragraph: Paragraph, transcript: Transcript, language: str
) -> list[Markup | transcript_quality.Line]:
    """Return the lines that need explanation, and the plain ones between them as HTML.

    Plain lines are rendered as the macro ``line`` would, but faster; a page has hundreds.
    """
    parts: list[Markup | transcript_quality.Line] = []
    plain: list[str] = []
    for segment in paragraph.segments:
        if transcript_quality.is_plain(segment) and language != WU:
            start, end = text.seconds(segment.start), text.seconds(segment.end)
            mark = f'<span class="cs-line" data-start="{start}" data-end="{end}">'
            plain.append(f"{mark}{escape(clean(segment.text))}</span>")
        else:
            line = transcript_quality.mark_line(segment, transcript)
            parts += [Markup("".join(plain)), line]  # noqa: S704 (the words are escaped)
            plain = []
    return [*parts, Markup("".join(plain))]  # noqa: S704


def named_lessons(catalogue: Catalogue, recording: Recording) -> list[tuple[int, str]]:
    """Return the numbers and titles of the lessons that cite a recording."""
    return [(n, lesson_title(catalogue, n)) for n in lessons_of(catalogue, recording)]


def facts_of(entry: Entry, archive: Archive) -> list[tuple[str, str]]:
    """Return the known facts about a recording as pairs of label and value."""
    recording, description = entry.recording, entry.recording.description
    language = recording.language(archive) if recording.technical.has_sound else ""
    facts = [
        ("家庭" if recording.kind is Kind.MOTTO else "讲述人", description.narrator),
        ("村", description.village),
        ("日期", long_date(description.date)),
        ("时长", text.duration(recording.technical.duration)),
        ("语言", transcript_quality.LANGUAGES.get(language, language)),
        ("编号", recording.id),
    ]
    if recording.technical.has_sound or entry.transcript.segments:
        facts.append(("文稿", transcript_quality.status(entry, archive)))
    facts.append(("听写覆盖", transcript_quality.coverage(entry.transcript)))
    return [(label, value) for label, value in facts if value]

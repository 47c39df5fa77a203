"""A recording as a page: its facts, its player, and its transcript in paragraphs."""

from collections.abc import Iterable
from dataclasses import dataclass

from cunshi import page_text, trust
from cunshi.model import Catalogue, Entry, Kind, Page, Recording, Segment
from cunshi.page_text import clean, ends_sentence, long_date
from cunshi.settings import Archive
from cunshi.templating import LESSON_COUNT, lesson_title, recording_title, render

LONGEST_PAUSE = 1.2
PARAGRAPH_LENGTH = 110
# Drafts may come without any punctuation: then a paragraph ends at the next segment after this.
LONGEST_PARAGRAPH = 220


@dataclass(frozen=True)
class Paragraph:
    """Segments that are read together; ``speaker`` is empty when it has not changed."""

    start: float
    speaker: str
    segments: tuple[Segment, ...]


def group_paragraphs(segments: Iterable[Segment]) -> list[Paragraph]:
    """Segments in paragraphs: a new one at a long pause, another speaker, or when it gets long.

    A segment with its meaning in Mandarin stands alone, so that the two can be read together; so
    does one that is withheld, so that its time can be seen.
    """
    groups: list[list[Segment]] = []
    for segment in segments:
        if not clean(segment.text):
            continue
        if groups and not _begins_paragraph(groups[-1], segment):
            groups[-1].append(segment)
        else:
            groups.append([segment])
    speakers = ["", *(group[0].speaker for group in groups)]
    return [
        Paragraph(
            group[0].start, "" if group[0].speaker == before else group[0].speaker, tuple(group)
        )
        for before, group in zip(speakers, groups, strict=False)
    ]


def _begins_paragraph(group: list[Segment], segment: Segment) -> bool:
    last = group[-1]
    if segment.start - last.end > LONGEST_PAUSE or segment.speaker != last.speaker:
        return True
    if segment.mandarin or last.mandarin or segment.withheld != last.withheld:
        return True
    length = sum(len(s.text) for s in group)
    ended = ends_sentence(last.text)
    return length >= LONGEST_PARAGRAPH or (length >= PARAGRAPH_LENGTH and ended)


def recording_page(catalogue: Catalogue, entry: Entry) -> Page:
    """The page of a published recording."""
    recording, archive = entry.recording, catalogue.archive
    paragraphs = [
        (paragraph, [trust.mark_line(segment, entry.transcript) for segment in paragraph.segments])
        for paragraph in group_paragraphs(entry.transcript.segments)
    ]
    lines = [line for __, lines in paragraphs for line in lines]
    return render(
        "recording",
        f"recordings/{recording.id}.md",
        entry=entry,
        title=recording_title(recording),
        facts=facts_of(entry, archive),
        language=recording.language(archive),
        warnings=trust.warnings(entry, archive),
        guess=trust.is_guess(entry, archive),
        paragraphs=paragraphs,
        kinds={line.kind for line in lines},
        corrections=trust.corrections(lines),
        rights=recording.description.rights or archive.rights,
        citation=_citation(recording, archive),
        lessons=[(n, lesson_title(catalogue, n)) for n in lessons_of(catalogue, recording)],
    )


def lessons_of(catalogue: Catalogue, recording: Recording) -> list[int]:
    """The numbers of the lessons that cite a recording, and of the one it was made for."""
    cited = {
        lesson.number
        for lesson, _ in catalogue.lessons
        if any(ref.recording_id == recording.id for ref in lesson.refs)
    }
    own = {recording.lesson} if recording.lesson is not None else set()
    return sorted(n for n in cited | own if 1 <= n <= LESSON_COUNT)


def facts_of(entry: Entry, archive: Archive) -> list[tuple[str, str]]:
    """What is known about a recording, as pairs of a label and a value."""
    recording, said = entry.recording, entry.recording.description
    language = recording.language(archive) if recording.technical.has_sound else ""
    facts = [
        ("家庭" if recording.kind is Kind.MOTTO else "讲述人", said.narrator),
        ("村", said.village),
        ("日期", long_date(said.date)),
        ("时长", page_text.duration(recording.technical.duration)),
        ("语言", trust.LANGUAGES.get(language, language)),
        ("编号", recording.id),
    ]
    if recording.technical.has_sound or entry.transcript.segments:
        facts.append(("文稿", trust.status(entry, archive)))
    facts.append(("听写覆盖", trust.coverage(entry.transcript)))
    return [(label, value) for label, value in facts if value]


def _citation(recording: Recording, archive: Archive) -> str:
    said = recording.description
    title = f"《{recording_title(recording)}》"
    parts = (
        said.narrator,
        title,
        long_date(said.date),
        archive.institution,
        f"编号 {recording.id}",
    )
    return "，".join(part for part in parts if part)

"""Render a lesson: its author's Markdown with the cited clips."""

from collections.abc import Container, Iterable, Mapping

from cunshi.catalogue import transcript_quality
from cunshi.catalogue.course.citation_syntax import Citation, fill_citations
from cunshi.catalogue.titles import lesson_title
from cunshi.core import text
from cunshi.core.errors import LessonError
from cunshi.core.i18n import _
from cunshi.core.text import escape_clip_option, escape_title, long_date, url
from cunshi.domain.course import LESSON_COUNT, Catalogue, Clip, Lesson, Page
from cunshi.domain.glossary import Term
from cunshi.domain.transcript import TranscriptStatus
from cunshi.exports.classroom.names import kit_files
from cunshi.website.pages.lesson_activities import activities, split_body
from cunshi.website.templating import render, term_ids


def lesson_page(catalogue: Catalogue, number: int) -> Page:
    """Return the page of a lesson, or a placeholder if it is not written yet."""
    path = f"lessons/{number:02d}.md"
    title = lesson_title(catalogue, number)
    around = [n for n in (number - 1, number + 1) if 1 <= n <= LESSON_COUNT]
    neighbours = {n - number: lesson_title(catalogue, n) for n in around}
    for lesson, clips in catalogue.lessons:
        if lesson.number == number:
            return render(
                "lesson",
                path,
                number=number,
                title=title,
                neighbours=neighbours,
                lesson=lesson,
                body=split_body(
                    fill_lesson(lesson, clips, transcript_quality.guessed_ids(catalogue)),
                    "想一想",
                    "回家任务",
                ),
                keywords=_explain(lesson.keywords, catalogue.terms),
                kit=kit_files(lesson, clips),
                **activities(catalogue, lesson, clips),
            )
    return render("lesson_missing", path, number=number, title=title, neighbours=neighbours)


_DRAFT = '<p class="cs-note cs-note--strong cs-draft">这一课还是草稿，没有写完。</p>\n'
# On one line, because it is inline HTML: Python-Markdown keeps its tags, and the label is Markdown.
_REFERENCE = (
    '<a class="cs-ref" href="{page}" data-cs-clip="{audio}" title="{title}">'
    '{label}<span class="cs-ref__who" data-search-exclude>（{who}）</span></a>'
)
_WITHHELD = '<span class="cs-ref cs-ref--withheld">{label}（{why}）</span>'


def _explain(
    keywords: Iterable[str], terms: tuple[Term, ...]
) -> list[tuple[str, str, Term | None]]:
    """Return each key word with its id and term in the glossary, if it has one."""
    known: dict[str, tuple[str, Term]] = {}
    for term_id, term in zip(term_ids(terms), terms, strict=True):
        known.setdefault(term.term, (term_id, term))
    return [(word, *known.get(word, ("", None))) for word in keywords]


def fill_lesson(lesson: Lesson, clips: Iterable[Clip], guessed_ids: Container[str] = ()) -> str:
    """Fill the clips into the citations of a lesson's body; they are in the order of its refs.

    ``guessed_ids`` are the recordings whose draft does not know the dialect. Raises LessonError if
    clips and citations do not match, because wrong words would be attributed to a speaker.
    """
    remaining = iter(clips)

    def clip_of(citation: Citation) -> Clip:
        clip = next(remaining, None)
        if clip is None or not _is_clip_of(citation, clip):
            raise LessonError(_("引用和剪出的片段对不上"), where=lesson.where, line=citation.line)
        return clip

    def options_of(citation: Citation) -> Mapping[str, str]:
        clip = clip_of(citation)
        return clip_options(clip, clip.ref.recording_id in guessed_ids)

    def link_of(citation: Citation) -> str:
        return reference(clip_of(citation), citation.label)

    body = fill_citations(lesson.body.replace("\r\n", "\n"), options_of, link_of)
    return f"{_DRAFT}\n{body}" if lesson.draft else body


def _is_clip_of(citation: Citation, clip: Clip) -> bool:
    cited = (citation.recording_id, citation.start, citation.end)
    return cited == (clip.ref.recording_id, clip.ref.start, clip.ref.end)


def clip_options(clip: Clip, guess: bool = False) -> dict[str, str]:
    """Return the non-empty options of a filled block, for a page in lessons/."""
    if clip.withheld:
        return {"withheld": escape_clip_option(clip.withheld)}
    start = text.seconds(clip.ref.start)
    options = {
        "audio": url(clip.audio, "../"),
        "page": url(f"recordings/{clip.ref.recording_id}.html", "../") + f"#t={start}",
        "words": escape_clip_option(transcript_quality.replace_unheard(clip.words)),
        "mandarin": escape_clip_option(clip.mandarin),
        "status": clip.status.value,
        "dialect": "yes" if guess and clip.status is TranscriptStatus.DRAFT else "",
        "speaker": escape_clip_option(clip.speaker),
        "village": escape_clip_option(clip.village),
        "date": long_date(clip.date),
    }
    return {name: value for name, value in options.items() if value}


def reference(clip: Clip, label: str) -> str:
    """Return an inline reference as a link that plays its clip; without scripts it opens the page.

    ``label`` is the author's Markdown. All other values are escaped for use in a paragraph.
    """
    if clip.withheld:
        return _WITHHELD.format(label=label, why=escape_title(clip.withheld))
    options = clip_options(clip)
    who = "，".join(options[name] for name in ("speaker", "date") if name in options)
    title = "：".join(filter(None, [who, clip.ref.quote and f"“{clip.ref.quote}”"]))
    return _REFERENCE.format(
        page=options["page"],
        audio=options["audio"],
        title=escape_title(title or "录音"),
        label=label or "听",
        who=escape_title(who or "录音"),
    )

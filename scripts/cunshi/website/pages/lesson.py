"""A lesson as a page: its author's Markdown with the voices that it cites."""

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
from cunshi.website.pages.lesson_activities import divide, study
from cunshi.website.templating import render, term_ids


def lesson_page(catalogue: Catalogue, number: int) -> Page:
    """The page of a lesson, or one that says that it is still being prepared."""
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
                body=divide(
                    fill_lesson(lesson, clips, transcript_quality.guesses(catalogue)),
                    "想一想",
                    "回家任务",
                ),
                keywords=_explain(lesson.keywords, catalogue.terms),
                kit=kit_files(lesson, clips),
                **study(catalogue, lesson, clips),
            )
    return render("lesson_missing", path, number=number, title=title, neighbours=neighbours)


_DRAFT = '<p class="cs-note cs-note--strong cs-draft">这一课还是草稿，没有写完。</p>\n'
# In one line and without blank lines: it stands inside a sentence, where Python-Markdown takes
# its tags as they are and the label between them as the author's Markdown.
_REFERENCE = (
    '<a class="cs-ref" href="{page}" data-cs-clip="{audio}" title="{title}">'
    '{label}<span class="cs-ref__who" data-search-exclude>（{who}）</span></a>'
)
_WITHHELD = '<span class="cs-ref cs-ref--withheld">{label}（{why}）</span>'


def _explain(
    keywords: Iterable[str], terms: tuple[Term, ...]
) -> list[tuple[str, str, Term | None]]:
    """Each key word with its place in the glossary, if it has one: (word, id, term)."""
    known: dict[str, tuple[str, Term]] = {}
    for term_id, term in zip(term_ids(terms), terms, strict=True):
        known.setdefault(term.term, (term_id, term))
    return [(word, *known.get(word, ("", None))) for word in keywords]


def fill_lesson(lesson: Lesson, clips: Iterable[Clip], guesses: Container[str] = ()) -> str:
    """The lesson's body with its citations filled in; the clips are those of its refs, in order.

    ``guesses`` are the ids of recordings whose words are a machine's guess at a dialect.
    Raises LessonError when they are not: wrong words under a voice are worse than no page.
    """
    remaining = iter(clips)

    def clip_of(citation: Citation) -> Clip:
        clip = next(remaining, None)
        if clip is None or not _is_clip_of(citation, clip):
            raise LessonError(_("引用和剪出的片段对不上"), where=lesson.where, line=citation.line)
        return clip

    def options_of(citation: Citation) -> Mapping[str, str]:
        clip = clip_of(citation)
        return clip_options(clip, clip.ref.recording_id in guesses)

    def link_of(citation: Citation) -> str:
        return reference(clip_of(citation), citation.label)

    body = fill_citations(lesson.body.replace("\r\n", "\n"), options_of, link_of)
    return f"{_DRAFT}\n{body}" if lesson.draft else body


def _is_clip_of(citation: Citation, clip: Clip) -> bool:
    cited = (citation.recording_id, citation.start, citation.end)
    return cited == (clip.ref.recording_id, clip.ref.start, clip.ref.end)


def clip_options(clip: Clip, guess: bool = False) -> dict[str, str]:
    """The options of a filled block, as a page in lessons/ needs them; empty ones are left out."""
    if clip.withheld:
        return {"withheld": escape_clip_option(clip.withheld)}
    start = text.seconds(clip.ref.start)
    options = {
        "audio": url(clip.audio, "../"),
        "page": url(f"recordings/{clip.ref.recording_id}.html", "../") + f"#t={start}",
        "words": escape_clip_option(transcript_quality.readable(clip.words)),
        "mandarin": escape_clip_option(clip.mandarin),
        "status": clip.status.value,
        "dialect": "yes" if guess and clip.status is TranscriptStatus.DRAFT else "",
        "speaker": escape_clip_option(clip.speaker),
        "village": escape_clip_option(clip.village),
        "date": long_date(clip.date),
    }
    return {name: value for name, value in options.items() if value}


def reference(clip: Clip, label: str) -> str:
    """An inline reference as a link that plays its clip; without scripts it leads to the page.

    ``label`` is the author's Markdown. Everything else is inert, for it stands in a paragraph.
    """
    if clip.withheld:
        return _WITHHELD.format(label=label, why=escape_title(clip.withheld))
    options = clip_options(clip)
    said = "，".join(options[name] for name in ("speaker", "date") if name in options)
    title = "：".join(filter(None, [said, clip.ref.quote and f"“{clip.ref.quote}”"]))
    return _REFERENCE.format(
        page=options["page"],
        audio=options["audio"],
        title=escape_title(title or "录音"),
        label=label or "听",
        who=escape_title(said or "录音"),
    )

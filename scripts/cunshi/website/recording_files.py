"""What there is of a single recording in the site's source: its pages and captions."""

from collections.abc import Iterable
from itertools import chain

from cunshi.archive.cache.stage_stamps import stamp_of
from cunshi.archive.project import Project
from cunshi.core.files import write_rebuildable
from cunshi.domain.course import Catalogue, Entry, Page
from cunshi.exports.archival.captions import caption_paths, captions
from cunshi.website.pages.assemble import framed_pages, framed_paths
from cunshi.website.pages.recording import named_lessons
from cunshi.website.search_index import transcript_entry


def write_pages(project: Project, pages: Iterable[Page]) -> set[str]:
    """Write pages, one after the other; their paths."""
    paths = set()
    for page in pages:
        write_rebuildable(project.docs / page.path, page.text)
        paths.add(page.path)
    return paths


def single_paths(entry: Entry) -> list[str]:
    """Where the pages and captions of a recording are."""
    return [*framed_paths(entry), *caption_paths(entry)]


def write_single(project: Project, catalogue: Catalogue, entry: Entry) -> None:
    """Write the pages and captions of a recording unless they are current; release its words.

    What the search needs of it is kept by then.
    """
    derived, name = entry.transcript.derived, f"{project.edition}pages"
    if not derived.is_current(name, _stamp(project, catalogue, entry)):
        write_pages(project, chain(framed_pages(catalogue, entry), captions(catalogue, entry)))
        derived.record(name, _stamp(project, catalogue, entry))
    transcript_entry(entry)
    derived.release()


def _stamp(project: Project, catalogue: Catalogue, entry: Entry) -> str:
    """What the pages of a recording depend on besides its words, and the files as they are."""
    lessons = named_lessons(catalogue, entry.recording)
    return stamp_of(lessons, files=[project.docs / path for path in single_paths(entry)])

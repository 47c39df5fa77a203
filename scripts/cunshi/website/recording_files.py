"""Write the pages and captions of a single recording."""

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
    """Write pages one by one; return their paths."""
    paths = set()
    for page in pages:
        write_rebuildable(project.docs / page.path, page.text)
        paths.add(page.path)
    return paths


def single_paths(entry: Entry) -> list[str]:
    """Return the paths of a recording's pages and captions."""
    return [*framed_paths(entry), *caption_paths(entry)]


def write_single(project: Project, catalogue: Catalogue, entry: Entry) -> None:
    """Write the pages and captions of a recording unless they are current; free its words.

    The data for the search index is cached first.
    """
    derived, name = entry.transcript.derived, f"{project.edition}pages"
    if not derived.is_current(name, _stamp(project, catalogue, entry)):
        write_pages(project, chain(framed_pages(catalogue, entry), captions(catalogue, entry)))
        derived.record(name, _stamp(project, catalogue, entry))
    transcript_entry(entry)
    derived.release()


def _stamp(project: Project, catalogue: Catalogue, entry: Entry) -> str:
    """Return a stamp of the inputs of a recording's pages, and of the files."""
    lessons = named_lessons(catalogue, entry.recording)
    # Quotations of other recordings' withheld lines are left out of these.
    texts = (lessons, entry.recording.description, catalogue.archive)
    return stamp_of(texts, files=[project.docs / path for path in single_paths(entry)])

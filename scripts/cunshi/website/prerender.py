"""Reads and renders many recordings before the build, with a process for each core.

What is made of a recording depends on its words, its record, archive.yml, the glossary and the
lessons that name it, and on no other recording. The build then finds almost all of it in the cache
and in build/docs, and checks that it is current. What a process did not do, the build does, and
says what is wrong with it.
"""

from collections.abc import Collection
from dataclasses import replace

from cunshi.archive.cache.inputs import inputs_of
from cunshi.archive.cache.recording_cache import RecordingCache
from cunshi.archive.project import Project
from cunshi.catalogue.gather import apply_pseudonyms, gather_course_only, published_entries
from cunshi.catalogue.highlights import golden_lines
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core.processes import run_in_processes, serve_worker
from cunshi.domain.access import Days, access_decision, access_decisions
from cunshi.domain.course import Catalogue
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.exports.archival.iiif import manifest
from cunshi.website.pages.assemble import mention_terms
from cunshi.website.pages.mentions import MentionIndex
from cunshi.website.pages.recording import recording_path
from cunshi.website.recording_files import write_single

MIN_RECORDINGS = 100  # fewer take less time than starting processes
_BATCH_SIZE = 10  # recordings whose words a process has in memory


def prerender_recordings(
    project: Project,
    archive: Archive,
    recordings: Collection[Recording],
    days: Days,
    cache: RecordingCache,
) -> None:
    """Fill the cache of recordings, and write their pages, if there are many to do."""
    due = [r for r in recordings if _is_due(project, r, days, cache)]
    if len(due) >= MIN_RECORDINGS:
        parts = [due[at : at + _BATCH_SIZE] for at in range(0, len(due), _BATCH_SIZE)]
        run_in_processes(
            __name__, (project, gather_course_only(project, archive, days.today), days), parts
        )


def _is_due(project: Project, recording: Recording, days: Days, cache: RecordingCache) -> bool:
    """Whether it seems so: times can deceive, and the build looks at the words themselves."""
    inputs = inputs_of(project, recording)
    record = project.accession(recording.id).record
    if cache.is_older(recording.id, [record, *inputs.texts, *inputs.files]):
        return True
    allowed = access_decision(recording, days).allows_publication()
    return allowed and not (project.docs / recording_path(recording)).is_file()


def _prerender(common: tuple[Project, Catalogue, Days], part: list[Recording]) -> None:
    project, outlined, days = common
    cache = RecordingCache(project, outlined.archive)
    transcripts = read_transcripts(project, outlined.archive, part, [], cache)
    decisions = access_decisions(part, days)
    entries = published_entries(part, apply_pseudonyms(part, transcripts), transcripts, decisions)
    catalogue = replace(outlined, entries=tuple(entries.values()))
    # What is asked here is kept, and the build will ask the same.
    MentionIndex(catalogue, mention_terms(catalogue))
    for entry in catalogue.entries:
        list(golden_lines(entry))
        list(manifest(catalogue, entry, []))
        write_single(project, catalogue, entry)
    for transcript in transcripts.values():
        transcript.derived.release()


if __name__ == "__main__":
    serve_worker(_prerender)

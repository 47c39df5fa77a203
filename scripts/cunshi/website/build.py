"""Build the site: pages, access copies, clips and photos → build/docs → build/site.

Everything in build/ can be built again. Files that are no longer published are removed from both
folders, also after an earlier run was killed.
"""

import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from cunshi.archive.accession import Accession
from cunshi.archive.machine_json import read_machine_json
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.files import link_or_copy, walk_file_names, write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.processes import CORES
from cunshi.core.progress import Reporter
from cunshi.domain.course import Catalogue, ClipRef, Entry
from cunshi.domain.withholding import Ranges, merged, overlapping
from cunshi.exports.archival.description import Described
from cunshi.exports.archival.iiif import collection, manifest, manifest_paths
from cunshi.exports.classroom.build_kits import Kits, kit_paths
from cunshi.media import audio
from cunshi.media.photos import make_photo_copy
from cunshi.website.mkdocs_run import run_mkdocs
from cunshi.website.pages.assemble import shared_pages
from cunshi.website.recording_files import single_paths, write_pages, write_single
from cunshi.website.social_cards import card_face, cards_of, make_cards

_log = logging.getLogger(__name__)

_RECIPE = ".recipe"
_SILENCED = ".silenced"  # the silenced ranges of access copies and clips


@dataclass(frozen=True)
class _Derivative:
    """A file of the site made from a master: its path in the site and how to make it.

    It is made again if ``after`` is newer, or if the ``silenced`` ranges (seconds) have changed.
    """

    path: str
    source: str
    seconds: float
    make: Callable[[Path], None]
    after: Path | None = None
    silenced: Ranges = ()

    @property
    def recipe(self) -> list[list[float]]:
        """The silenced ranges as JSON."""
        return [list(pair) for pair in self.silenced]

    def is_due(self, docs: Path) -> bool:
        made = docs / self.path
        if not made.is_file():
            return True
        after = self.after if self.after and self.after.is_file() else None
        return after is not None and after.stat().st_mtime_ns > made.stat().st_mtime_ns


def build_site(project: Project, catalogue: Catalogue, reporter: Reporter) -> list[Problem]:
    """Write build/docs and build/site; SiteError if MkDocs fails."""
    derivatives = list(_derivatives(project, catalogue))
    _forget_other_recipes(project)
    _forget_other_ranges(project, derivatives)
    face = card_face(project)
    cards = cards_of(catalogue) if face else []
    drawn = {card.path for card in cards}
    shared = write_pages(project, shared_pages(catalogue))
    single = set(chain.from_iterable(map(single_paths, catalogue.entries)))
    made = {d.path for d in derivatives} | kit_paths(catalogue) | drawn
    _remove_stale(project, shared | single | {*manifest_paths(catalogue)} | made)
    _borrow(project, derivatives)
    problems = _make(project, derivatives, reporter)

    kits = Kits(project, catalogue)
    with ThreadPoolExecutor(1) as pool:
        aside = pool.submit(kits.make_in_processes)

        def finish() -> None:
            if face:
                make_cards(project.docs, cards, face)
            aside.result()
            kits.finish()

        write_singles = partial(_write_singles, project, catalogue)
        try:
            run_mkdocs(project, catalogue, shared, drawn, write_singles, finish)
        finally:
            kits.cancel()  # otherwise the error of MkDocs appears only after all kits are made
    recordings, lessons = len(catalogue.entries), len(catalogue.lessons)
    _log.info("Site built: %d recordings, %d lessons", recordings, lessons)
    return problems


def _write_singles(project: Project, catalogue: Catalogue) -> None:
    described: list[Described] = []
    for entry in catalogue.entries:
        write_pages(project, manifest(catalogue, entry, described))
        write_single(project, catalogue, entry)
    write_pages(project, collection(catalogue, described))


def _derivatives(project: Project, catalogue: Catalogue) -> Iterator[_Derivative]:
    for entry in catalogue.entries:
        recording = entry.recording
        masters = project.accession(recording.id).master
        master, length = masters / recording.master, recording.technical.duration
        where = project.relative(master)
        if entry.audio:
            silenced = _unheard(entry)
            make = partial(audio.make_access_copy, master, silenced=silenced)
            yield _Derivative(entry.audio, where, length, make, silenced=silenced)
        if entry.photo:
            photo = masters / recording.photo
            make = partial(make_photo_copy, photo)
            yield _Derivative(entry.photo, project.relative(photo), 0, make)
    entries = {entry.recording.id: entry for entry in catalogue.entries}
    seen = set[str]()
    cited = (clip for __, clips in catalogue.lessons for clip in clips)
    for clip in chain(cited, catalogue.quiz_clips.values(), catalogue.golden):
        if clip.audio and clip.audio not in seen:
            seen.add(clip.audio)
            entry, ref = entries[clip.ref.recording_id], clip.ref
            # The edges of a clip may move to the next pause.
            around = (ref.start - audio.CONTEXT_SECONDS, ref.end + audio.CONTEXT_SECONDS)
            silenced = overlapping(_unheard(entry), *around)
            recording = entry.recording
            accession = project.accession(recording.id)
            master = accession.master / recording.master
            make = partial(_cut_clip, accession, master, ref, silenced)
            length = ref.end - ref.start
            where = project.relative(master)
            yield _Derivative(clip.audio, where, length, make, accession.machine, silenced)


def _unheard(entry: Entry) -> Ranges:
    """Return the withheld ranges and those with spoken names."""
    return merged(entry.transcript.silenced + entry.transcript.unnamed)


def _cut_clip(
    accession: Accession, master: Path, ref: ClipRef, silenced: Ranges, target: Path
) -> None:
    heard = read_machine_json(accession.machine)
    words = [word for segment in heard.segments for word in segment.words] if heard else []
    audio.cut_clip(master, ref.start, ref.end, target, words, silenced)


def _forget_other_recipes(project: Project) -> None:
    """Remove access copies and clips that were made with another recipe."""
    stamp = project.docs / _RECIPE
    if stamp.is_file() and stamp.read_text("utf-8") == audio.RECIPE:
        return
    for name in ("audio", "clips"):
        shutil.rmtree(project.docs / name, ignore_errors=True)
    write_atomic(stamp, audio.RECIPE)


def _forget_other_ranges(project: Project, derivatives: Iterable[_Derivative]) -> None:
    """Remove files made with other silenced ranges, before the new ranges are recorded.

    If killed in between, the record is still true for every existing file.
    """
    noted = _noted_ranges(project)
    wanted = {made.path: made.recipe for made in derivatives}
    for path, recipe in wanted.items():
        if noted is None or noted.get(path, []) != recipe:
            (project.docs / path).unlink(missing_ok=True)
    silenced = {path: recipe for path, recipe in sorted(wanted.items()) if recipe}
    write_atomic(project.docs / _SILENCED, json.dumps(silenced) + "\n")


def _noted_ranges(project: Project) -> dict[str, list[list[float]]] | None:
    """Return the recorded ranges by file; empty if nothing was silenced, None if unknown."""
    try:
        noted = json.loads((project.docs / _SILENCED).read_text("utf-8"))
        return noted if isinstance(noted, dict) else None
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None


def _remove_stale(project: Project, wanted: set[str]) -> None:
    wanted = wanted | {_RECIPE, _SILENCED}
    for name in list(walk_file_names(project.docs)):
        if name not in wanted:
            (project.docs / name).unlink()


def _borrow(project: Project, derivatives: Iterable[_Derivative]) -> None:
    """Copy derivatives of the site to another edition, because encoding takes long."""
    docs = replace(project, edition="").docs
    recipe = docs / _RECIPE
    if not project.edition or not recipe.is_file() or recipe.read_text("utf-8") != audio.RECIPE:
        return
    noted = _noted_ranges(replace(project, edition=""))
    for made in derivatives:
        same = noted is not None and noted.get(made.path, []) == made.recipe
        if same and made.is_due(project.docs) and not made.is_due(docs):
            link_or_copy(docs / made.path, project.docs / made.path)


def _make(
    project: Project, derivatives: Iterable[_Derivative], reporter: Reporter
) -> list[Problem]:
    due = [d for d in derivatives if d.is_due(project.docs)]
    if not due:
        return []
    problems: list[Problem] = []
    seconds = sum(d.seconds for d in due)
    with (
        ThreadPoolExecutor(CORES) as pool,
        reporter.task(_("制作收听版"), len(due), seconds) as task,
    ):
        futures = {pool.submit(d.make, project.docs / d.path): d for d in due}
        for future in as_completed(futures):
            made = futures[future]
            try:
                future.result()
            except CunshiError as error:
                problems.append(Problem(ExitCode.RECORD, made.source, error.cause, error.remedy))
            except OSError as error:
                problems.append(Problem.for_item(error, made.source))
            task.advance(made.seconds)
            task.finish_one(made.path)
    return sorted(problems, key=lambda problem: problem.where)

"""Deletion on demand: say what will go and what is out of reach, ask twice, remove, take down.

The tombstone is written first. Whatever a killed run left is found by it, so that the same command
completes the erasure; without a tombstone nothing has been touched.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cunshi.archive.accession import Accession
from cunshi.archive.erasure.accession_files import (
    CONSENT,
    check_file,
    destroy,
    erase_file,
    set_aside,
)
from cunshi.archive.erasure.backup_files import BackupCopy, open_backup
from cunshi.archive.erasure.build_files import forget_in_build
from cunshi.archive.erasure.register import forget_recording
from cunshi.archive.erasure.tombstones import (
    Hider,
    Tombstone,
    Tombstones,
    own_hashes,
    shared_files,
    unshared,
)
from cunshi.archive.erasure.traces import Trace, traces_of
from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core.clock import now
from cunshi.core.errors import ConfigurationError, CunshiError, ExitCode
from cunshi.core.files import exists, walk_files
from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.progress import Reporter
from cunshi.domain.persons.names import find_names
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Destination
from cunshi.domain.withheld_words import WithheldWords, passages_of
from cunshi.intake.erased_deposits import deposits_of, remove_deposits
from cunshi.publishing.log import Appearance, appearances
from cunshi.transcription.error_rate import normalise
from cunshi.workflow import publication, stages
from cunshi.workflow.results import TakenDownEverywhere
from cunshi.workflow.stages import Context, locked


@dataclass(frozen=True)
class Erasure:
    """What is to be erased: a recording, or one ``file`` in its folder; and where it is copied.

    ``published`` is a destination besides that of archive.yml.
    """

    id: str
    file: str = ""
    backups: tuple[Path, ...] = ()
    published: Destination | None = None


@dataclass(frozen=True)
class Demand:
    """Who asked for an erasure, when and on what ground, and the two confirmations.

    ``typed`` is the id as typed again, ``witness`` the second person who agrees.
    """

    asked_by: str = ""
    asked_on: str = ""
    ground: str = ""
    typed: str = ""
    witness: str = ""


@dataclass(frozen=True)
class Planned(Result):
    """What an erasure will remove, what people have to change, and what is out of reach.

    ``is_begun`` means that an earlier run has registered it.
    """

    what: Erasure
    places: tuple[Destination, ...] = ()
    is_begun: bool = False
    removed: list[str] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    appearances: list[Appearance] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    is_in_git: bool = False


@dataclass(frozen=True)
class Erased(Result):
    """What was erased. It is not complete if a backup or a destination was out of reach."""

    planned: Planned
    taken_down: TakenDownEverywhere
    is_complete: bool = True


def plan(project: Project, what: Erasure) -> Planned:
    """Return what an erasure would remove; writes nothing.

    Raises ConfigurationError if there is no such recording, file or backup.
    """
    return _Run.of(stages.begin(project), what).plan()


def erase(project: Project, reporter: Reporter, what: Erasure, demand: Demand) -> Erased:
    """Erase a recording or a file; a run that was killed is completed.

    Raises ConfigurationError, before anything is changed, unless both confirmations are right.
    """
    with locked(project, reporter) as context:
        run = _Run.of(context, what)
        planned = run.plan()
        run.check(demand)
        out_of_reach, taken_down = run.erase(demand), TakenDownEverywhere()
        try:
            if exists(project.publications):
                taken_down = publication.take_down_erased(project, reporter, what.published)
        except (CunshiError, OSError) as error:
            out_of_reach.append(Problem.of_place(error))
        out_of_reach += taken_down.out_of_reach
        found = [*out_of_reach, *taken_down.problems]
        new = [problem for problem in found if problem not in context.problems]
        return context.finish(Erased(planned, taken_down, not out_of_reach, problems=new))


def unfinished(project: Project) -> list[Problem]:
    """Return a problem for an erasure that was killed, which left an accession set aside."""
    if not exists(project.erasing):
        return []
    cause, remedy = _("有一次彻底删除没有做完"), _("把那一次的 erase 命令再运行一次")
    where = project.relative(project.erasing)
    return [Problem(ExitCode.RECORD, where, cause, remedy, is_left_out=True)]


@dataclass(frozen=True)
class _Run:
    """An erasure with what was found of it."""

    context: Context
    what: Erasure
    stones: Tombstones
    accession: Accession
    recording: Recording | None
    copies: tuple[BackupCopy, ...]

    @classmethod
    def of(cls, context: Context, what: Erasure) -> "_Run":
        project = context.project
        stones = Tombstones.of(project)
        by_id = {accession.id: accession for accession in project.accessions()}
        accession = by_id.get(what.id) or Accession(project.erasing / what.id)
        recording = None
        if what.id in by_id or (stones.of_item(what.id) and exists(accession.record)):
            recording = project.read_recording(accession, [])
        if what.file:
            check_file(recording, what.file)
        opened = [open_backup(project, folder) for folder in what.backups]
        copies = (BackupCopy(project, copy, what.id, what.file) for copy in opened)
        run = cls(context, what, stones, accession, recording, tuple(copies))
        run._refuse_unknown()
        return run

    @property
    def stone(self) -> Tombstone | None:
        """The tombstone of this erasure, unless another file has the name by now."""
        stone = self.stones.of_item(self.what.id, self.what.file)
        path = self.accession.folder / self.what.file
        is_another = (
            stone is not None
            and bool(self.what.file)
            and path.is_file()
            and self.stones.hider.file(sha256_of(path)) not in stone.files
        )
        return None if is_another else stone

    @property
    def is_whole(self) -> bool:
        return not self.what.file

    def _refuse_unknown(self) -> None:
        is_there = exists(self.accession.folder / self.what.file) and self.recording is not None
        if not is_there and not self.stone:
            name = "/".join(filter(None, (self.what.id, self.what.file)))
            raise ConfigurationError(
                _("档案库里没有 {name}").format(name=name),
                _("编号在网站上那段录音的资料里；文件写录音文件夹里的路径，例如 consent/纸.jpg"),
            )

    @cached_property
    def _own_hashes(self) -> frozenset[str]:
        """The hashes of what is erased; an hour of sound takes seconds to hash."""
        return own_hashes(self.accession, self.what.file)

    def _unshared(self) -> list[str]:
        return unshared(self.context.project, self.accession, self._own_hashes)

    def _is_erased(self, stone: Tombstone | None) -> Callable[[str], bool]:
        if stone:
            hider = self.stones.hider
            return lambda digest: hider.file(digest) in stone.files
        return set(self._unshared()).__contains__

    def _deposits(self, stone: Tombstone | None) -> list[Path]:
        is_erased = self._is_erased(stone)
        return deposits_of(self.context.project, self.accession, is_erased, whole=self.is_whole)

    def plan(self) -> Planned:
        """Look for everything that will be removed, and for what is out of reach."""
        project = self.context.project
        deposits = self._deposits(self.stone)
        folder = self.accession.folder
        mine = list(walk_files(folder)) if self.is_whole else [folder / self.what.file]
        shared = shared_files(project, self.accession, self._own_hashes)
        places = (self.context.archive.publish, self.what.published)
        above = (project.root, *project.root.parents)
        removed = [*deposits, *sorted(filter(exists, mine))]
        there = [path for copy in self.copies for path in copy.found(self.stone)]
        return Planned(
            what=self.what,
            places=tuple(place for place in filter(None, places) if place.kind),
            is_begun=self.stone is not None,
            removed=[*map(project.relative, removed), *map(str, there)],
            traces=traces_of(project, self._names() if self.is_whole else (), removed),
            appearances=appearances(project, self._known_ids()) if self.is_whole else [],
            origins=self._origins(),
            shared=list(map(project.relative, shared)),
            is_in_git=any(exists(folder / ".git") for folder in above),
        )

    def _known_ids(self) -> set[str]:
        alias = {self.stones.hider.alias(self.what.id)} if self.stones else set[str]()
        return {self.what.id, *alias}

    def _names(self) -> list[str]:
        narrator = self.recording.description.narrator if self.recording else ""
        return [self.what.id, narrator]

    def _origins(self) -> list[str]:
        events = self.accession.read_events() if self.recording else []
        return list(dict.fromkeys(event.source for event in events if event.source))

    def check(self, demand: Demand) -> None:
        """Raise ConfigurationError unless the demand is complete, without words that are to go, and
        twice confirmed.
        """
        texts = (demand.asked_by, demand.asked_on, demand.ground)
        if not self.stone and not all(text.strip() for text in texts):
            raise _unconfirmed(_("没有写谁提出、哪一天、什么理由"))
        if demand.typed.strip() != self.what.id:
            raise _unconfirmed(_("第一次确认不对：要再写一遍录音的编号"))
        witness = demand.witness.strip()
        if not witness or witness in {demand.asked_by.strip(), self.what.id}:
            raise _unconfirmed(_("第二次确认不对：要写另一位在场的人的名字，不是提出的人"))
        for text in (*texts, witness):
            self._refuse_words(text)

    def _refuse_words(self, text: str) -> None:
        """Refuse names and words of what is erased, because the demand is kept."""
        if self.stone or not self.recording:
            return
        said = self.recording.description
        own = (said.narrator, said.title, self.what.id, Path(self.what.file).stem)
        names = find_names(text, [name for name in own if name])
        project, archive = self.context.project, self.context.archive
        lines = read_transcripts(project, archive, [self.recording], [])[self.what.id].segments
        words = WithheldWords(passages_of(self.what.id, lines), normalise=normalise)
        if names or words.found_in(text):
            raise ConfigurationError(
                _("要留下的登记里，不能有被删除的名字或话"),
                _("写关系和缘由，不写讲述人的名字，例如：讲述人的女儿；家属要求"),
            )

    def erase(self, demand: Demand) -> list[Problem]:
        """Register the erasure, then remove it here and in backups; return which were out of
        reach.
        """
        project = self.context.project
        stone = self.stone or self._register(demand)
        if self.is_whole:
            # Aside in one step: from here on no command knows it.
            aside = set_aside(project, self.what.id)
            here = _Run(self.context, self.what, self.stones, aside, self.recording, self.copies)
            remove_deposits(here._deposits(stone))
            forget_recording(project.publications, self.what.id, Hider(project))
        else:
            remove_deposits(self._deposits(stone))
            erase_file(project, self.accession, self.what.file)
        if not self.what.file.startswith(CONSENT):  # nothing is made from scans
            with project.building():
                forget_in_build(project, self.what.id)
        destroy(project, self.what.id, self._is_erased(stone))
        out_of_reach: list[Problem] = []
        for copy in self.copies:
            try:
                copy.erase(stone)
            except (CunshiError, OSError) as error:
                out_of_reach.append(Problem.of_place(error))
        return out_of_reach

    def _register(self, demand: Demand) -> Tombstone:
        project, hider = self.context.project, self.stones.hider
        deposits = [project.relative(path) for path in self._deposits(None)]
        stone = Tombstone(
            time=now().isoformat(timespec="seconds"),
            asked_by=demand.asked_by.strip(),
            asked_on=demand.asked_on.strip(),
            ground=demand.ground.strip(),
            confirmed_by=demand.witness.strip(),
            key=hider.key(),
            item=hider.item(self.what.id, self.what.file),
            files=tuple(map(hider.file, self._unshared())),
            paths=tuple(map(hider.path, deposits)),
        )
        with project.writing():
            self.stones.add(stone)
        return stone


def _unconfirmed(cause: str) -> ConfigurationError:
    return ConfigurationError(cause, _("什么都没有删；想清楚了，照着写好再来一次"))

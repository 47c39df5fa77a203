"""Results of commands with several stages; other results are defined by their stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cunshi.core.problem import Problem, Result
from cunshi.domain.access import Days
from cunshi.domain.course import Catalogue
from cunshi.domain.recording import Recording
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Transcript
from cunshi.intake.accessioning import Intake
from cunshi.publishing.destinations import Publication
from cunshi.transcription.jobs import Transcribed


@dataclass(frozen=True)
class Ingested(Result):
    """What was accessioned, and all recordings of the archive."""

    recordings: Sequence[Recording]
    intake: Intake


@dataclass(frozen=True)
class IngestedAndTranscribed(Ingested, Transcribed):
    """What was accessioned and transcribed."""


@dataclass(frozen=True)
class BuiltSite(Result):
    """The site in build/ and its recordings; ``catalogue`` is None if it was up to date."""

    index: Path
    days: Days
    recordings: Sequence[Recording]
    transcripts: Mapping[str, Transcript]
    catalogue: Catalogue | None


@dataclass(frozen=True)
class Built(IngestedAndTranscribed):
    """The result of accessioning, transcribing and building."""

    site: BuiltSite


@dataclass(frozen=True)
class Published(Result):
    """The site was published, or would be in a dry run; ``catalogue`` is None if it could not be
    built, and something was only taken away.
    """

    recordings: Sequence[Recording]
    catalogue: Catalogue | None
    publication: Publication


@dataclass(frozen=True)
class NotPublished(Result):
    """The site was not published, because of problems; ``catalogue`` is None if it was not built
    either.
    """

    recordings: Sequence[Recording]
    catalogue: Catalogue | None


@dataclass(frozen=True)
class TakenDown(Result):
    """What may no longer be seen is not served any more; ``publication`` is None if nothing of it
    was, or if there is no destination.
    """

    publication: Publication | None = None


@dataclass(frozen=True)
class TakenDownEverywhere(Result):
    """What was erased is served at none of the places that could be reached.

    ``out_of_reach`` are the problems of the others.
    """

    publications: Sequence[Publication] = ()
    out_of_reach: Sequence[Problem] = ()


@dataclass(frozen=True)
class Surveyed(Result):
    """The state of all recordings, and what may be published."""

    archive: Archive
    days: Days
    recordings: Sequence[Recording]
    transcripts: Mapping[str, Transcript]
    catalogue: Catalogue


@dataclass(frozen=True)
class Checked(Surveyed):
    """The same, after every master was hashed."""

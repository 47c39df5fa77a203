"""What the commands that have several stages return; other results are those of their one stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cunshi.core.problem import Result
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
    """What was taken in, and the recordings that are in the archive now."""

    recordings: Sequence[Recording]
    intake: Intake


@dataclass(frozen=True)
class IngestedAndTranscribed(Ingested, Transcribed):
    """What was taken in and what got a draft."""


@dataclass(frozen=True)
class BuiltSite(Result):
    """The site in build/, with whose recordings; ``catalogue`` is None if it was up to date."""

    index: Path
    days: Days
    recordings: Sequence[Recording]
    transcripts: Mapping[str, Transcript]
    catalogue: Catalogue | None


@dataclass(frozen=True)
class Built(IngestedAndTranscribed):
    """The whole main job."""

    site: BuiltSite


@dataclass(frozen=True)
class Published(Result):
    """The site was built and brought to its destination, or would be in a dry run."""

    recordings: Sequence[Recording]
    catalogue: Catalogue
    publication: Publication


@dataclass(frozen=True)
class NotPublished(Result):
    """The site was built, and not published because of the problems."""

    recordings: Sequence[Recording]
    catalogue: Catalogue


@dataclass(frozen=True)
class Surveyed(Result):
    """All that is there, and what of it may be shown."""

    archive: Archive
    days: Days
    recordings: Sequence[Recording]
    transcripts: Mapping[str, Transcript]
    catalogue: Catalogue


@dataclass(frozen=True)
class Checked(Surveyed):
    """The same, after every master was hashed."""

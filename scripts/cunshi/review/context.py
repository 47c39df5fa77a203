"""What all parts of the review desk share: the project and what belongs to one run of the desk."""

from dataclasses import dataclass, field
from pathlib import Path

from cunshi.archive.accession import Accession
from cunshi.archive.project import Project
from cunshi.core.i18n import _
from cunshi.domain.recording import Recording
from cunshi.review.api import ApiError
from cunshi.review.auth.middleware import DeskAuth

STATIC = Path(__file__).parent / "static"


@dataclass
class Desk:
    """One run of the desk. ``site`` is the address of the built site on this computer."""

    project: Project
    auth: DeskAuth = field(default_factory=DeskAuth)
    site: str = ""

    def accession(self, recording_id: str) -> Accession:
        """An accession by its id, which is compared, never joined to a path; else ApiError 404."""
        for accession in self.project.accessions():
            if accession.id == recording_id:
                return accession
        raise ApiError(404, _("档案库里没有这件录音"), _("回到待办清单，刷新一下"))

    def recording(self, recording_id: str) -> Recording:
        """A recording as its record says now, whatever is wrong with it."""
        return self.project.read_recording(self.accession(recording_id), [])

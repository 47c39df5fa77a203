"""The context shared by all parts of the desk: the project and the state of a run."""

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
    """A run of the desk. ``site`` is the local URL of the built site."""

    project: Project
    auth: DeskAuth = field(default_factory=DeskAuth)
    site: str = ""

    def accession(self, recording_id: str) -> Accession:
        """Return an accession; the id is compared and never joined to a path. ApiError 404 if
        unknown.
        """
        for accession in self.project.accessions():
            if accession.id == recording_id:
                return accession
        raise ApiError(404, _("档案库里没有这件录音"), _("回到待办清单，刷新一下"))

    def recording(self, recording_id: str) -> Recording:
        """Read a recording's current record, ignoring its problems."""
        return self.project.read_recording(self.accession(recording_id), [])

"""Does the archive still hold what it promises? Fixity, records and consent → Problems."""

import datetime as dt
from collections.abc import Iterable

from cunshi import fixity
from cunshi.errors import ExitCode
from cunshi.i18n import _
from cunshi.model import Kind, Problem, Recording
from cunshi.progress import Reporter
from cunshi.settings import Archive
from cunshi.store import Accession, Project


def verify_fixity(project: Project, reporter: Reporter) -> list[Problem]:
    """Hash every master anew and compare with its manifest; reads only."""
    accessions = project.accessions()
    problems: list[Problem] = []
    with reporter.task(_("核对主文件"), len(accessions), 0) as task:
        for accession in accessions:
            problems += compare_accession(project, accession)
            task.finish_one(accession.id)
    return problems


def compare_accession(project: Project, accession: Accession) -> list[Problem]:
    """Hash the masters of one accession and compare them with its manifest."""
    said = {
        "missing": (_("主文件不见了"), _("从备份恢复")),
        "changed": (_("主文件的内容变了，与登记的不同"), _("从备份恢复，不要改清单")),
        "unexpected": (_("多出了没有登记的文件"), _("查明来处，移出 master 文件夹")),
    }
    hashes = accession.hashes()
    if not hashes:
        where = project.relative(accession.manifest)
        return [Problem(ExitCode.FIXITY, where, _("清单不见了或读不了"), _("从备份恢复"))]
    return [
        Problem(ExitCode.FIXITY, project.relative(accession.folder / path), *said[difference])
        for path, difference in fixity.compare(accession.folder, hashes).items()
    ]


def missing_facts(recording: Recording) -> list[str]:
    """What nobody has said yet about a recording, as field names for people."""
    said = recording.description
    facts = {
        _("村"): said.village,
        _("讲述人"): said.narrator,
        _("日期"): said.date,
        _("课"): said.lesson or recording.kind is Kind.MOTTO,
    }
    return [name for name, value in facts.items() if not value]


def unknown_villages(recordings: Iterable[Recording], archive: Archive) -> list[Recording]:
    """Recordings from a village that archive.yml does not list."""
    known = set(archive.villages)
    return [
        recording
        for recording in recordings
        if known and recording.description.village and recording.description.village not in known
    ]


def awaiting_consent(recordings: Iterable[Recording], today: dt.date) -> list[Recording]:
    """Recordings that nothing but a missing, expired or withdrawn consent keeps back."""
    return [r for r in recordings if not r.description.consent.holds(today)]

"""Compare masters and consent scans with their registered hashes."""

from collections.abc import Mapping
from pathlib import Path

from cunshi.archive.accession import Accession
from cunshi.archive.fixity import manifest
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.core.progress import Reporter


def verify_fixity(project: Project, reporter: Reporter) -> list[Problem]:
    """Hash every master and compare it with its manifest."""
    accessions = project.accessions()
    problems: list[Problem] = []
    with reporter.task(_("核对主文件"), len(accessions), 0) as task:
        for accession in accessions:
            problems += compare_accession(project, accession)
            task.finish_one(accession.id)
    return problems


def compare_accession(
    project: Project, accession: Accession, scans: Mapping[str, str] | None = None
) -> list[Problem]:
    """Hash the masters of an accession and compare them with its manifest.

    ``scans`` are the hashes of consent scans in its events, if these were read already.
    """
    hashes = accession.hashes()
    if not hashes:
        return [without_manifest(project, accession)]
    try:
        found = manifest.compare(accession.folder, hashes)
    except OSError as error:
        return [Problem.for_item(error, project.relative(accession.master))]
    return differing(project, accession, found) + _compare_forms(project, accession, scans)


def without_manifest(project: Project, accession: Accession) -> Problem:
    """Return the problem of an accession without a valid manifest."""
    where = project.relative(accession.manifest)
    return Problem(ExitCode.FIXITY, where, _("清单不见了或读不了"), _("从备份恢复"))


def differing(project: Project, accession: Accession, found: Mapping[str, str]) -> list[Problem]:
    """Return the differences from the manifest as problems."""
    said = {
        "missing": (_("主文件不见了"), _("从备份恢复")),
        "changed": (_("主文件的内容变了，与登记的不同"), _("从备份恢复，不要改清单")),
        "unexpected": (_("多出了没有登记的文件"), _("查明来处，移出 master 文件夹")),
    }
    return [
        Problem(ExitCode.FIXITY, project.relative(accession.folder / path), *said[difference])
        for path, difference in found.items()
    ]


def _compare_forms(
    project: Project, accession: Accession, scans: Mapping[str, str] | None
) -> list[Problem]:
    """Compare the consent scans with their hashes in the events."""
    said = {
        "missing": (_("同意书的扫描件不见了"), _("从备份恢复，或重新扫描")),
        "changed": (_("同意书的扫描件变了，与登记的不同"), _("从备份恢复，或重新扫描")),
    }
    try:
        hashes = accession.form_hashes() if scans is None else scans
    except CunshiError as error:
        return [Problem.from_error(error)]
    return [
        Problem(ExitCode.FIXITY, project.relative(accession.folder / path), *said[difference])
        for path, digest in hashes.items()
        if (difference := _difference(accession.folder / path, digest))
    ]


def _difference(path: Path, digest: str) -> str:
    if not path.is_file():
        return "missing"
    return "" if manifest.sha256_of(path) == digest else "changed"

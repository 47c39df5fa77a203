"""Does the archive still hold what it promises? Fixity, records and consent → Problems."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

from cunshi import fixity
from cunshi.errors import CunshiError, ExitCode
from cunshi.i18n import _
from cunshi.model import ARCHIVE, Access, Kind, Problem, Recording, Transcript
from cunshi.progress import Reporter
from cunshi.settings import Archive
from cunshi.store import Accession, Project

_SOON = 60  # days before its end in which a consent is named
_SHORTEST_NAME = 2  # one character alone stands in too many words


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
    hashes = accession.hashes()
    if not hashes:
        where = project.relative(accession.manifest)
        return [Problem(ExitCode.FIXITY, where, _("清单不见了或读不了"), _("从备份恢复"))]
    try:
        found = fixity.compare(accession.folder, hashes)
    except OSError as error:
        return [Problem.of_one(error, project.relative(accession.master))]
    return differing(project, accession, found) + _compare_forms(project, accession)


def differing(project: Project, accession: Accession, found: Mapping[str, str]) -> list[Problem]:
    """What :mod:`cunshi.fixity` found, in words."""
    said = {
        "missing": (_("主文件不见了"), _("从备份恢复")),
        "changed": (_("主文件的内容变了，与登记的不同"), _("从备份恢复，不要改清单")),
        "unexpected": (_("多出了没有登记的文件"), _("查明来处，移出 master 文件夹")),
    }
    return [
        Problem(ExitCode.FIXITY, project.relative(accession.folder / path), *said[difference])
        for path, difference in found.items()
    ]


def _compare_forms(project: Project, accession: Accession) -> list[Problem]:
    """Whether the scans of what was signed are still those that were put in at the desk."""
    said = {
        "missing": (_("同意书的扫描件不见了"), _("从备份恢复，或重新扫描")),
        "changed": (_("同意书的扫描件变了，与登记的不同"), _("从备份恢复，或重新扫描")),
    }
    try:
        hashes = accession.form_hashes()
    except CunshiError as error:
        return [Problem.of(error)]
    return [
        Problem(ExitCode.FIXITY, project.relative(accession.folder / path), *said[difference])
        for path, digest in hashes.items()
        if (difference := _difference(accession.folder / path, digest))
    ]


def _difference(path: Path, digest: str) -> str:
    if not path.is_file():
        return "missing"
    return "" if fixity.sha256_of(path) == digest else "changed"


def consent_notes(
    project: Project,
    recordings: Iterable[Recording],
    transcripts: Mapping[str, Transcript],
    today: dt.date,
) -> list[Problem]:
    """What people should talk about or look at, though nothing of it can be mended by a program."""
    notes = []
    for recording in recordings:
        where = project.relative(project.accession(recording.id).record)
        consent = recording.description.consent
        if consent.holds(today) and not consent.allows(ARCHIVE):
            cause = _("签了同意书，却没有同意存档：这件录音封存着")
            remedy = _("和讲述人商量：另签一份，还是把录音还给他、从档案库里删去")
            notes.append(Problem(ExitCode.OK, where, cause, remedy))
        left = (consent.until - today).days if consent.until else None
        if consent.holds(today) and left is not None and left <= _SOON:
            cause = _("同意书 {day} 到期，还有 {left} 天").format(day=consent.until, left=left)
            remedy = _("愿意继续公开的，请讲述人续签；到期以后，这件录音自动封存")
            notes.append(Problem(ExitCode.OK, where, cause, remedy))
        places = names_left(recording, transcripts.get(recording.id, Transcript()))
        if places and recording.is_published(today, Access.LISTED):
            cause = _("要署“{shown}”，{places}里还有真名")
            cause = cause.format(shown=consent.shown_as, places="、".join(places))
            notes.append(Problem(ExitCode.OK, where, cause, _("看一看，该换的换掉")))
    return notes


def names_left(recording: Recording, transcript: Transcript) -> list[str]:
    """Where a name still stands whose bearer wants another one shown; no program can change it."""
    said = recording.description
    name = said.narrator.strip()
    if not said.consent.shown_as or len(name) < _SHORTEST_NAME or name == said.consent.shown_as:
        return []
    lines = (f"{segment.text}{segment.mandarin}" for segment in transcript.segments)
    texts = {
        _("题名"): said.title,
        _("备注"): said.note,
        _("家训"): said.motto,
        _("含义"): said.meaning,
        _("版权"): said.rights,
        _("文稿"): "\n".join(lines),
    }
    return [place for place, text in texts.items() if name in text]


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

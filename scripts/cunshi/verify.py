"""Does the archive still hold what it promises? Fixity, records and consent → Problems."""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

from cunshi import fixity
from cunshi.errors import CunshiError, ExitCode
from cunshi.fields import read_text
from cunshi.i18n import _
from cunshi.model import ARCHIVE, Access, Kind, Problem, Recording, Transcript
from cunshi.progress import Reporter
from cunshi.pseudonyms import SHORTEST, across_lines, says_name
from cunshi.settings import Archive, Names
from cunshi.store import Accession, Project

_SOON = 60  # days before its end in which a consent is named


def verify_fixity(project: Project, reporter: Reporter) -> list[Problem]:
    """Hash every master anew and compare with its manifest; reads only."""
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
    """Hash the masters of one accession and compare them with its manifest.

    ``scans`` is what its events say of the scans of what was signed, where they were read already.
    """
    hashes = accession.hashes()
    if not hashes:
        return [without_manifest(project, accession)]
    try:
        found = fixity.compare(accession.folder, hashes)
    except OSError as error:
        return [Problem.of_one(error, project.relative(accession.master))]
    return differing(project, accession, found) + _compare_forms(project, accession, scans)


def without_manifest(project: Project, accession: Accession) -> Problem:
    """Nobody can tell of an accession whether its masters are those that were taken in."""
    where = project.relative(accession.manifest)
    return Problem(ExitCode.FIXITY, where, _("清单不见了或读不了"), _("从备份恢复"))


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


def _compare_forms(
    project: Project, accession: Accession, scans: Mapping[str, str] | None
) -> list[Problem]:
    """Whether the scans of what was signed are still those that were put in at the desk."""
    said = {
        "missing": (_("同意书的扫描件不见了"), _("从备份恢复，或重新扫描")),
        "changed": (_("同意书的扫描件变了，与登记的不同"), _("从备份恢复，或重新扫描")),
    }
    try:
        hashes = accession.form_hashes() if scans is None else scans
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
        transcript = transcripts.get(recording.id, Transcript())
        if recording.is_published(today, Access.LISTED):
            notes += _names(recording, transcript, where)
    return notes


def _names(recording: Recording, transcript: Transcript, where: str) -> list[Problem]:
    """What is replaced in a recording, for a person to look at, and what cannot be."""
    found, names = [], transcript.names
    places = names_replaced(recording, transcript, names)
    if places and recording.description.consent.shown_as:
        cause = _("{places}里的真名，公开时写成“{shown}”；文稿里说到它的地方，声音用“哔”盖住")
        shown = recording.description.consent.shown_as
        cause = cause.format(shown=shown, places="、".join(places))
        remedy = _("看一看换得对不对；说到名字、文稿里却没有写的，请标“不公开”")
        found.append(Problem(ExitCode.OK, where, cause, remedy))
    if across_lines([s for s in transcript.segments if not s.withheld], names):
        cause = _("文稿里有一个不公开的名字跨在两句上，换不掉")
        remedy = _("校对时把整个名字放进同一句")
        found.append(Problem(ExitCode.RECORD, where, cause, remedy))
    return found


def names_replaced(recording: Recording, transcript: Transcript, names: Names) -> list[str]:
    """Where a recording says a name that is replaced in all that is published of it."""
    said = recording.description
    lines = (f"{segment.text}\n{segment.mandarin}" for segment in transcript.segments)
    texts = {
        _("题名"): said.title,
        _("备注"): said.note,
        _("家训"): said.motto,
        _("含义"): said.meaning,
        _("版权"): said.rights,
        _("文稿"): "\n".join(lines),
    }
    return [place for place, text in texts.items() if says_name(text, names)]


def names_in_lessons(
    project: Project, archive: Archive, recordings: Iterable[Recording]
) -> list[Problem]:
    """Where people wrote a name into lessons and glossary that is not to be shown.

    No program changes what they wrote. A narrator's name may there be another person's.
    """
    shown = {r.description.narrator for r in recordings if r.description.consent.shown_as}
    narrators = tuple((name, "") for name in shown if len(name) >= SHORTEST)
    if not (narrators or archive.pseudonyms):
        return []
    remedy = _("改用化名，或换一个说法")
    found = []
    for path in project.written():
        where = project.relative(path)
        for number, line in enumerate(_lines(path), 1):
            if says_name(line, archive.pseudonyms):
                cause = _("这一行写着不公开的名字")
                found.append(Problem(ExitCode.LESSON, where, cause, remedy, number))
            elif says_name(line, narrators):
                cause = _("这一行写着一位署别的名字的讲述人的名字")
                found.append(Problem(ExitCode.OK, where, cause, remedy, number))
    return found


def _lines(path: Path) -> list[str]:
    try:
        return read_text(path).splitlines()
    except CunshiError:
        return []  # told where it is read for its meaning


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

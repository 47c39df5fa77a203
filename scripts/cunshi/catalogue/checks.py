"""Find what people should discuss, add or correct: consents, names, missing facts."""

from collections.abc import Iterable, Mapping

from cunshi.archive.project import Project
from cunshi.catalogue.hidden_names import what_is_similar
from cunshi.core.errors import ExitCode
from cunshi.core.i18n import _
from cunshi.core.problem import Problem
from cunshi.domain.access import AccessReason, Days, access_decision
from cunshi.domain.consent import Access
from cunshi.domain.persons.pseudonyms import across_lines, says_name
from cunshi.domain.recording import Kind, Recording
from cunshi.domain.settings import Archive, Names
from cunshi.domain.transcript import Transcript

_EXPIRY_NOTICE = 60  # days before its end in which a consent is reported


def consent_notes(
    project: Project,
    recordings: Iterable[Recording],
    transcripts: Mapping[str, Transcript],
    days: Days,
) -> list[Problem]:
    """Return notes on consents, and problems with names to replace, of all recordings."""
    notes = []
    for recording in recordings:
        where = project.relative(project.accession(recording.id).record)
        decision = access_decision(recording, days)
        until = recording.description.consent.until
        if decision.reason is AccessReason.NOT_FOR_ARCHIVE:
            cause = _("签了同意书，却没有同意存档：这件录音封存着")
            remedy = _("和讲述人商量：另签一份，还是把录音还给他、从档案库里删去")
            notes.append(Problem(ExitCode.OK, where, cause, remedy))
        left = (until - days.today).days if until else None
        if decision.has_consent and left is not None and left <= _EXPIRY_NOTICE:
            cause = _("同意书 {day} 到期，还有 {left} 天").format(day=until, left=left)
            remedy = _("愿意继续公开的，请讲述人续签；到期以后，这件录音自动封存")
            notes.append(Problem(ExitCode.OK, where, cause, remedy))
        transcript = transcripts.get(recording.id, Transcript())
        if decision.level is not Access.SEALED:
            notes += _name_problems(recording, transcript, where)
    return notes


def _name_problems(recording: Recording, transcript: Transcript, where: str) -> list[Problem]:
    """Return where names are replaced in a recording, to be checked, and where they cannot be."""
    found, names = [], transcript.names
    if not names:
        return []
    places = names_replaced(recording, transcript, names)
    if places and recording.description.consent.shown_as:
        cause = _("{places}里的真名，公开时写成“{shown}”；文稿里说到它的地方，声音用“哔”盖住")
        shown = recording.description.consent.shown_as
        cause = cause.format(shown=shown, places="、".join(places))
        remedy = _("看一看换得对不对；说到名字、文稿里却没有写的，请标“不公开”")
        found.append(Problem(ExitCode.OK, where, cause, remedy))
    said = "\n".join(s.text for s in transcript.segments if not s.withheld)
    if similar := what_is_similar(said, [name for name, __ in names]):
        remedy = _("听一听；说的是同一个人，就把这个写法加进 persons.yml 的 names")
        found.append(Problem(ExitCode.OK, where, similar, remedy))
    if across_lines([s for s in transcript.segments if not s.withheld], names):
        cause = _("文稿里有一个不公开的名字跨在两句上，换不掉")
        remedy = _("校对时把整个名字放进同一句")
        found.append(Problem(ExitCode.RECORD, where, cause, remedy))
    return found


def names_replaced(recording: Recording, transcript: Transcript, names: Names) -> list[str]:
    """Return the parts of a recording in which a name is replaced when they are published."""
    description = recording.description
    lines = (f"{segment.text}\n{segment.mandarin}" for segment in transcript.segments)
    texts = {
        _("题名"): description.title,
        _("备注"): description.note,
        _("家训"): description.motto,
        _("含义"): description.meaning,
        _("版权"): description.rights,
        _("文稿"): "\n".join(lines),
    }
    return [place for place, text in texts.items() if says_name(text, names)]


def missing_facts(recording: Recording) -> list[str]:
    """Return the names of the facts that are missing in a recording's description."""
    description = recording.description
    facts = {
        _("村"): description.village,
        _("讲述人"): description.narrator,
        _("日期"): description.date,
        _("课"): description.lesson or recording.kind is Kind.MOTTO,
    }
    return [name for name, value in facts.items() if not value]


def unknown_villages(recordings: Iterable[Recording], archive: Archive) -> list[Recording]:
    """Return the recordings from villages that archive.yml does not list."""
    known = set(archive.villages)
    return [
        recording
        for recording in recordings
        if known and recording.description.village and recording.description.village not in known
    ]


def awaiting_consent(recordings: Iterable[Recording], days: Days) -> list[Recording]:
    """Return the recordings whose consent is missing, expired or withdrawn."""
    return [r for r in recordings if not access_decision(r, days).has_consent]

"""Compare machine transcripts with approved ones, to choose a model for a village's speech.

Writes nothing. All recordings count, published or not.
"""

import datetime as dt
import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

from cunshi.archive.accession import Accession
from cunshi.archive.cache.inputs import inputs_of
from cunshi.archive.cache.stage_stamps import StageStamps, stamp_of
from cunshi.archive.machine_json import MachineTranscript, read_machine_json, read_origin
from cunshi.archive.project import Project
from cunshi.archive.transcript_file import is_untouched_draft, read_transcript
from cunshi.core.errors import ConfigurationError, CunshiError, ExitCode, last_lines
from cunshi.core.files import write_atomic
from cunshi.core.i18n import _
from cunshi.core.problem import Problem, Result
from cunshi.core.processes import run_module
from cunshi.core.yaml_fields import Fields, load_list, read_text
from cunshi.domain.consent import TRANSCRIPTION
from cunshi.domain.course import Measured
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Recording
from cunshi.domain.transcript import TranscriptStatus
from cunshi.transcription.draft import draft
from cunshi.transcription.error_rate import (
    Confusion,
    Errors,
    Pair,
    confusions,
    count_errors,
    normalise,
)

_FORM = "cunshi-evaluation-1"
_RECORDINGS = "recordings/"
_SAMPLE_SECONDS = 4 * 3600  # seconds of speech that the error rate on the site is based on


@dataclass(frozen=True)
class Score:
    """The errors of one engine and model in one recording.

    ``drafted`` counts those of the draft, ``as_heard`` those of the engine's own text.
    """

    recording_id: str
    original_name: str
    village: str
    engine: str
    drafted: Errors
    as_heard: Errors


@dataclass(frozen=True)
class Evaluation(Result):
    """Every score, and by engine what it confuses most.

    ``approved`` and ``referred`` count the recordings compared with an approved transcript and with
    the reference file; ``identical`` counts the approved transcripts without any edits.
    """

    scores: tuple[Score, ...] = ()
    confused: Mapping[str, tuple[Confusion, ...]] = field(default_factory=dict)
    approved: int = 0
    identical: int = 0
    referred: int = 0

    @property
    def engines(self) -> tuple[str, ...]:
        return tuple(sorted({score.engine for score in self.scores}))

    def shared(self) -> tuple[Score, ...]:
        """Return the scores of recordings transcribed by every engine, which can be compared."""
        machine: dict[str, set[str]] = {}
        for score in self.scores:
            machine.setdefault(score.recording_id, set()).add(score.engine)
        return tuple(s for s in self.scores if len(machine[s.recording_id]) == len(self.engines))


@dataclass(frozen=True)
class _Reference:
    """The reference text of a recording and its source."""

    recording: Recording
    text: str
    referred: bool = False
    identical: bool = False


def evaluate(
    project: Project,
    recordings: Iterable[Recording],
    reference: Path | None,
    problems: list[Problem],
) -> Evaluation:
    """Compare each engine's text with the approved transcripts and a reference file.

    The reference file takes precedence.
    """
    recordings, terms = list(recordings), project.read_glossary(problems)
    references = {r.id: s for r in recordings if (s := _approved_reference(project, r, problems))}
    if reference:
        references |= _read_reference_file(project, recordings, reference, problems)
    scores: list[Score] = []
    pairs: dict[str, list[Pair]] = {}
    compared: list[_Reference] = []
    for entry in references.values():
        found = _machine_transcripts(project.accession(entry.recording.id))
        for name, machine in found.items():
            drafted = _draft_text(machine, terms)
            scores.append(_score(entry, machine, drafted))
            pairs.setdefault(name, []).append(Pair(entry.recording.id, entry.text, drafted))
        compared += [entry] if found else []
    return Evaluation(
        scores=tuple(scores),
        confused={name: confusions(pairs[name]) for name in sorted(pairs)},
        approved=sum(not entry.referred for entry in compared),
        identical=sum(entry.identical for entry in compared),
        referred=sum(entry.referred for entry in compared),
    )


def nothing_to_compare(project: Project) -> Problem:
    """That no recording has both an approved transcript and a draft."""
    return Problem(
        ExitCode.USAGE,
        project.relative(project.archive),
        _("还没有校对好、又有机器初稿的录音，没有可以比的"),
        _("先校对几份，在 recording.yml 里写上 approved_by；或用 --reference 给一份写好的文字"),
    )


def _approved_reference(
    project: Project, recording: Recording, problems: list[Problem]
) -> _Reference | None:
    """The approved transcript. A motto's written words are no transcript of what is heard."""
    path = project.accession(recording.id).transcript
    if not recording.description.approved_by or not path.exists():
        return None
    where = project.relative(path)
    try:
        transcript = read_transcript(path, where, recording)
        identical = is_untouched_draft(read_text(path))
    except (CunshiError, OSError) as error:
        problems.append(Problem.for_item(error, where))
        return None
    text = "".join(segment.text for segment in transcript.segments)
    if transcript.status is not TranscriptStatus.APPROVED or not normalise(text):
        return None
    return _Reference(recording, text, identical=identical)


def _read_reference_file(
    project: Project, recordings: list[Recording], path: Path, problems: list[Problem]
) -> dict[str, _Reference]:
    """Return the entries of a reference file by recording; invalid ones are reported."""
    by_name = {_comparable(r.original_name): r for r in recordings}
    references: dict[str, _Reference] = {}
    for fields in load_list(path, project.relative(path.resolve()), problems):
        name, text = fields.text("file"), fields.text("text")
        recording = by_name.get(_comparable(name))
        if cause := _entry_problem(name, text, recording, references):
            fields.report_key("file" if name else "text", *cause)
        elif recording:
            _warn_if_not_transcribed(project.accession(recording.id), fields)
            references[recording.id] = _Reference(recording, text, referred=True)
    return references


def _comparable(name: str) -> str:
    # macOS returns file names in NFD.
    return unicodedata.normalize("NFC", name).removeprefix(_RECORDINGS)


def _entry_problem(
    name: str, text: str, recording: Recording | None, references: Mapping[str, _Reference]
) -> tuple[str, str] | None:
    """Return cause and remedy if an entry of the reference file is invalid."""
    if not name:
        return _("这一项没有写 file"), _("写上录音在 recordings 里的路径")
    if recording is None:
        return _("档案库里没有 “{name}”").format(name=name), _(
            "照 recording.yml 的 original_name 写"
        )
    if not normalise(text):
        return _("“{name}” 没有写 text").format(name=name), _("写上录音里说的话")
    if recording.id in references:
        return _("“{name}” 写了两次").format(name=name), _("留下一个，删去另一个")
    return None


def _warn_if_not_transcribed(accession: Accession, fields: Fields) -> None:
    if not _machine_transcripts(accession):
        fields.report_key("file", _("这一段还没有机器初稿"), _("先运行 transcribe"))


def _machine_transcripts(accession: Accession) -> dict[str, MachineTranscript]:
    """Return the machine transcripts by engine and model, the newest of each."""
    files = [*accession.earlier_machines, accession.machine]
    found = [
        machine for machine in map(read_machine_json, files) if machine and machine.engine != "null"
    ]
    return {
        machine.label: machine for machine in sorted(found, key=lambda machine: machine.created)
    }


def _draft_text(machine: MachineTranscript, terms: Sequence[Term]) -> str:
    """Return the text of the draft with the current glossary."""
    return "".join(line.text for line in draft(machine, terms))


def _score(reference: _Reference, machine: MachineTranscript, drafted: str) -> Score:
    return Score(
        recording_id=reference.recording.id,
        original_name=reference.recording.original_name,
        village=reference.recording.description.village,
        engine=machine.label,
        drafted=count_errors(reference.text, drafted),
        as_heard=count_errors(reference.text, "".join(s.text for s in machine.segments)),
    )


def totals(scores: Iterable[Score]) -> tuple[int, Errors, Errors]:
    """Return the number of scores and the sums of their errors: drafted, as heard."""
    scores = list(scores)
    drafted = sum((score.drafted for score in scores), Errors())
    return len(scores), drafted, sum((score.as_heard for score in scores), Errors())


def measure(
    project: Project, recordings: Iterable[Recording], problems: list[Problem]
) -> Measured | None:
    """Return the error rate of published drafts against approved transcripts; None without any.

    Only the latest approved recordings count, because drafting thousands again would take an hour.
    If several engines transcribed a recording, the one whose draft is shown counts.
    """
    stage, basis = StageStamps(project, "measure"), stamp_of(project.read_glossary([]))
    stamps = {r.id: inputs_of(project, r).stamp(basis) for r in _latest(recordings)}
    new = [id_ for id_, stamp in stamps.items() if not stage.is_current(id_, stamp)]
    for id_, found in _evaluate_in_process(project, new, problems).items():
        stage.record(id_, stamps[id_], found)
    stage.save()
    errors, count, untouched = Errors(), 0, 0
    for id_ in filter(stage.__contains__, stamps):
        scores, identical = stage.note_of(id_)
        origin = read_origin(project.accession(id_).machine)
        shown = [Errors(*counts) for engine, *counts in scores if origin and engine == origin.label]
        errors, count, untouched = sum(shown, errors), count + len(shown), untouched + identical
    edits = errors.substitutions + errors.deletions + errors.insertions
    return Measured(count, errors.length, edits, untouched) if count else None


def _latest(recordings: Iterable[Recording]) -> Iterator[Recording]:
    """Yield the latest approved recordings until their duration suffices."""
    machine = [r for r in recordings if r.description.consent.allows(TRANSCRIPTION)]
    approved = [r for r in machine if r.description.approved_by]
    seconds = 0.0
    for recording in sorted(approved, key=_approval, reverse=True):
        yield recording
        seconds += recording.technical.duration
        if seconds >= _SAMPLE_SECONDS:
            return


def _approval(recording: Recording) -> tuple[dt.date, str]:
    return recording.description.approved_on or dt.date.min, recording.id


def _evaluate_in_process(
    project: Project, ids: list[str], problems: list[Problem]
) -> dict[str, Any]:
    """The answer of ``main`` for some recordings; the dictionaries to draft with take 90 MB.

    If it fails, a problem is reported and the site shows no error rate.
    """
    done = run_module("cunshi.transcription.evaluation", str(project.root), *ids) if ids else None
    if done and done.returncode:
        cause = _("错误率没有算出来：{last}").format(last=last_lines(done, 3))
        problems.append(Problem(ExitCode.SITE, project.relative(project.archive), cause))
        return {}
    return dict(json.loads(done.stdout)) if done else {}


def main(root: str, *ids: str) -> None:
    """Print as JSON, for each recording, the errors of its drafts and whether it is unedited."""
    project, results = Project(Path(root)), {}
    for id_ in ids:
        recording = project.read_recording(project.accession(id_), [])
        found = evaluate(project, [recording], None, [])
        scores = [[score.engine, *astuple(score.drafted)] for score in found.scores]
        results[id_] = [scores, found.identical]
    print(json.dumps(results))


def by_village(evaluation: Evaluation, engine: str) -> dict[str, list[Score]]:
    """Return the scores of an engine by village."""
    found: dict[str, list[Score]] = {}
    for score in sorted(evaluation.scores, key=lambda score: score.village):
        if score.engine == engine:
            found.setdefault(score.village, []).append(score)
    return found


def write_json(evaluation: Evaluation, path: Path) -> None:
    """Write the evaluation; ConfigurationError if the file exists and is not an earlier one."""
    if path.exists() and not _is_ours(path):
        raise ConfigurationError(
            _("这个文件是别的东西，没有覆盖"), _("给 --json 换一个文件名"), where=path
        )
    try:
        write_atomic(path, json.dumps(_json(evaluation), ensure_ascii=False, indent=1) + "\n")
    except OSError as error:
        raise ConfigurationError(
            _("写不了这个文件：{error}").format(error=error.strerror),
            _("给 --json 换一个地方"),
            where=path,
        ) from error


def _is_ours(path: Path) -> bool:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and data.get("form") == _FORM


def _json(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "form": _FORM,
        "approved": evaluation.approved,
        "identical": evaluation.identical,
        "referred": evaluation.referred,
        "engines": {
            name: _totals_json(s for s in evaluation.scores if s.engine == name)
            for name in evaluation.engines
        },
        "shared": {
            name: _totals_json(s for s in evaluation.shared() if s.engine == name)
            for name in evaluation.engines
        },
        "villages": {
            name: {
                village: _totals_json(scores)
                for village, scores in by_village(evaluation, name).items()
            }
            for name in evaluation.engines
        },
        "recordings": [
            {**asdict(s), "drafted": _errors_json(s.drafted), "as_heard": _errors_json(s.as_heard)}
            for s in evaluation.scores
        ],
        "confusions": {
            name: list(map(asdict, found)) for name, found in evaluation.confused.items()
        },
    }


def _totals_json(scores: Iterable[Score]) -> dict[str, Any]:
    count, drafted, as_heard = totals(scores)
    return {
        "recordings": count,
        "drafted": _errors_json(drafted),
        "as_heard": _errors_json(as_heard),
    }


def _errors_json(errors: Errors) -> dict[str, float]:
    return {**asdict(errors), "rate": round(errors.rate, 4)}


if __name__ == "__main__":
    main(*sys.argv[1:])

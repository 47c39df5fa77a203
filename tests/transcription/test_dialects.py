"""An engine for each dialect, and what pages say about drafts without one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cunshi.archive.machine_json import read_machine_json
from cunshi.archive.project import Project
from cunshi.archive.records import load_description
from cunshi.archive.settings_file import read_archive
from cunshi.catalogue.transcripts import read_transcripts
from cunshi.core.errors import ExitCode
from cunshi.core.problem import Problem
from cunshi.domain.recording import Description
from cunshi.domain.settings import Archive, Recogniser
from cunshi.transcription import engines
from cunshi.transcription.engines import EngineEntry, EngineIdentity, HeardSegment, whisper_base
from support.recorded_engine import RecordedEngine

Run = Callable[..., tuple[int, str]]


def read(folder: Path, text: str) -> tuple[Archive, list[Problem]]:
    path, problems = folder / "archive.yml", list[Problem]()
    path.write_text(text, "utf-8")
    return read_archive(path, "archive.yml", problems), problems


def describe(folder: Path, text: str) -> tuple[Description, list[Problem]]:
    path, problems = folder / "folder.yml", list[Problem]()
    path.write_text(text, "utf-8")
    return load_description(path, "folder.yml", problems), problems


# --- what people write


@pytest.mark.parametrize(
    ("written", "language"),
    [
        *[(word, "cmn") for word in ("cmn", "zh", "普通话")],
        *[(word, "wuu") for word in ("wuu", "吴语", "本地话")],
        *[(word, "mixed") for word in ("mixed", "混合", "夹杂")],
    ],
)
def test_a_language_has_a_code_and_chinese_names(
    tmp_path: Path, written: str, language: str
) -> None:
    assert describe(tmp_path, f"语言: {written}\n") == (Description(language=language), [])
    archive, problems = read(tmp_path, f"language: {written}\n")
    assert (archive.language, problems) == (language, [])


def test_an_unknown_language_is_reported_and_left_to_the_archive(tmp_path: Path) -> None:
    said, problems = describe(tmp_path, "备注: 好\n语言: 方言\n")
    assert said.language == ""
    assert [(p.code, p.line) for p in problems] == [(ExitCode.RECORD, 2)]
    assert "吴语" in problems[0].remedy
    archive, problems = read(tmp_path, "language: fr\n")
    assert archive.language == "cmn"
    assert [p.line for p in problems] == [1]


def test_a_dialect_takes_from_the_archive_what_it_leaves_out(tmp_path: Path) -> None:
    archive, problems = read(
        tmp_path,
        "engine: faster-whisper\nmodel: small\nserver: http://192.168.1.5:8000\n"
        "dialects:\n  wuu: {model: models/whisper-wu}\n  夹杂:\n    engine: http\n",
    )
    assert problems == []
    server = "http://192.168.1.5:8000"
    assert archive.recogniser("cmn") == Recogniser("faster-whisper", "small", server)
    assert archive.recogniser("wuu") == Recogniser("faster-whisper", "models/whisper-wu", server)
    assert archive.recogniser("mixed") == Recogniser("http", "small", server)


def test_mistakes_among_the_dialects_are_reported_with_their_lines(tmp_path: Path) -> None:
    archive, problems = read(
        tmp_path,
        "server: 192.168.1.5\n"
        "dialects:\n"
        "  yue: {model: a}\n"
        "  wuu:\n"
        "    modle: b\n"
        "    server: ftp://192.168.1.6\n"
        "  mixed: models/x\n",
    )
    assert sorted(p.line for p in problems) == [1, 3, 5, 6, 7]
    # The archive's server is not asked in the place of one that is miswritten.
    assert archive.recogniser("wuu").server == "ftp://192.168.1.6"


@pytest.mark.parametrize(
    ("language", "drafted_by", "known"),
    [
        ("cmn", "faster-whisper base", True),
        ("cmn", "http qwen", True),
        ("wuu", "faster-whisper models/whisper-wu", True),
        ("wuu", "faster-whisper base", False),
        ("wuu", "http models/whisper-wu", False),
        ("mixed", "faster-whisper models/whisper-wu", False),
    ],
)
def test_only_the_model_chosen_for_a_dialect_knows_it(
    language: str, drafted_by: str, known: bool
) -> None:
    wu = Recogniser("faster-whisper", "models/whisper-wu")
    assert Archive(dialects=(("wuu", wu),)).knows(language, drafted_by) is known


def test_without_dialects_no_model_knows_wu() -> None:
    assert not Archive().knows("wuu", "faster-whisper base")


# --- a whole run


class NamedEngine(RecordedEngine):
    """The recorded engine with the requested model's name."""

    opened: list[str] = []  # noqa: RUF012 - shared on purpose

    def __init__(self, model: str):
        self._model = model
        self.opened.append(model)

    def identity(self) -> EngineIdentity:
        return EngineIdentity("named", "1", self._model, "0" * 64, {})

    def transcribe(self, samples: NDArray[np.float32], language: str) -> Iterator[HeardSegment]:
        assert language == ("wuu" if self._model == "for-wu" else "cmn")
        return super().transcribe(samples, language)


def open_engine(model: str, root: Path) -> NamedEngine:
    return NamedEngine(model)


@pytest.fixture
def two_languages(
    village: Project, drop: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A village with a motto in each of two languages, of which Wu has its own model."""
    monkeypatch.setitem(engines.ENGINES, "named", EngineEntry(__name__))
    monkeypatch.setattr(NamedEngine, "opened", [])
    drop("mottoes/金村村", "mottoes/金村村_金家_2026-02-01.amr")
    drop("mottoes/欧桥村", "mottoes/本地话/欧桥村_陆家_2026-02-01.m4a")
    (village.recordings / "mottoes" / "本地话" / "folder.yml").write_text("语言: 吴语\n", "utf-8")
    set_dialect(village, "named", "for-wu")
    return village


def set_dialect(project: Project, name: str, model: str) -> None:
    (project.archive / "archive.yml").write_text(
        f"engine: named\nmodel: for-all\ndialects:\n  wuu: {{engine: {name}, model: {model}}}\n",
        "utf-8",
    )


def drafted_by(project: Project) -> dict[str, tuple[str, str, bool]]:
    """Return for each language engine, model, and whether the transcript knows the language."""
    problems: list[Problem] = []
    archive, recordings = project.read_archive(problems), project.read_recordings(problems)
    transcripts = read_transcripts(project, archive, recordings, problems)
    found = {}
    for recording in recordings:
        heard = read_machine_json(project.accession(recording.id).machine)
        if heard:
            known = transcripts[recording.id].knows_dialect
            found[heard.language] = (heard.engine, heard.model, known)
    assert problems == []
    return found


def test_each_language_is_heard_by_its_own_model_opened_once(
    two_languages: Project, run: Run
) -> None:
    assert run(two_languages, "ingest")[0] == 0
    assert run(two_languages, "transcribe")[0] == 0
    assert drafted_by(two_languages) == {
        "cmn": ("named", "for-all", True),
        "wuu": ("named", "for-wu", True),
    }
    assert sorted(NamedEngine.opened) == ["for-all", "for-wu"]
    # When the setting changes, the draft no longer comes from what is chosen for the dialect.
    set_dialect(two_languages, "named", "for-wu-2")
    assert drafted_by(two_languages)["wuu"] == ("named", "for-wu", False)


def test_an_engine_that_does_not_open_stops_no_other(two_languages: Project, run: Run) -> None:
    set_dialect(two_languages, "dragon", "for-wu")
    assert run(two_languages, "ingest")[0] == 0
    code, printed = run(two_languages, "transcribe")
    assert code == ExitCode.CONFIGURATION
    assert "dragon" in printed
    assert drafted_by(two_languages) == {"cmn": ("named", "for-all", True)}


def test_the_command_line_chooses_for_every_language(two_languages: Project, run: Run) -> None:
    assert run(two_languages, "ingest")[0] == 0
    assert run(two_languages, "transcribe", "--engine", "recorded")[0] == 0
    assert drafted_by(two_languages) == {
        "cmn": ("recorded", "none", True),
        "wuu": ("recorded", "none", False),
    }
    assert NamedEngine.opened == []


def test_what_no_machine_drafted_is_not_said_to_be_from_a_stranger(
    two_languages: Project, run: Run
) -> None:
    assert run(two_languages, "ingest")[0] == 0
    problems: list[Problem] = []
    recordings = two_languages.read_recordings(problems)
    found = read_transcripts(two_languages, Archive(), recordings, problems)
    assert all(transcript.knows_dialect for transcript in found.values())


@pytest.mark.whisper
def test_a_model_in_a_folder_of_the_project_hears_the_dialect(
    two_languages: Project, run: Run
) -> None:
    """The embedded model replaces a fine-tuned one: only the path is tested."""
    folder = two_languages.root / "models" / "whisper-wu"
    folder.parent.mkdir()
    folder.symlink_to(whisper_base.model_folder(), target_is_directory=True)
    set_dialect(two_languages, "faster-whisper", "models/whisper-wu")
    assert run(two_languages, "ingest")[0] == 0
    assert run(two_languages, "transcribe")[0] == 0
    assert drafted_by(two_languages)["wuu"] == ("faster-whisper", "models/whisper-wu", True)

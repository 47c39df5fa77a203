"""Measure the main job against what a user would otherwise do, and write village.md beside this.

Run inside the environment, on a quiet machine: ``.venv/bin/python benchmarks/village.py``. The peer
is a plain call of faster-whisper for each file, with the library's defaults, as its own README
shows. Both sides run in turn in one process tree, on the sample village; ratios are what counts.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

import yaml
from workbench import ROOT, Figure, cunshi, head, publish, timed, village

from cunshi.archive.project import Project
from cunshi.archive.transcript_file import parse_transcript
from cunshi.transcription.engines.whisper_base import model_folder
from cunshi.transcription.error_rate import error_rate

ROUNDS = 3
REFERENCE = yaml.safe_load((ROOT / "tests" / "samples" / "reference.yml").read_text("utf-8"))

PLAIN = """
import json, sys
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8")
heard = {}
for path in sys.argv[2:]:
    segments, _ = model.transcribe(path, language="zh")
    heard[path] = "".join(segment.text for segment in segments)
print(json.dumps(heard))
"""


def rate(heard: dict[str, str]) -> float:
    names = (entry["file"].removeprefix("recordings/") for entry in REFERENCE)
    return error_rate(
        (entry["text"], heard[name]) for entry, name in zip(REFERENCE, names, strict=True)
    )


def plain(project: Project) -> tuple[float, dict[str, str]]:
    paths = [str(project.root / entry["file"]) for entry in REFERENCE]
    seconds, printed = timed([sys.executable, "-c", PLAIN, str(model_folder()), *paths])
    heard = json.loads(printed)
    return seconds, {Path(p).relative_to(project.recordings).as_posix(): heard[p] for p in paths}


def drafts(project: Project) -> dict[str, str]:
    heard = {}
    for accession in project.accessions():
        name = yaml.safe_load(accession.record.read_text("utf-8"))["original_name"]
        text = accession.transcript.read_text("utf-8")
        heard[name] = "".join(segment.text for segment in parse_transcript(text))
    return heard


def once() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        project = village(Path(folder) / "village")
        taken = cunshi(project, "ingest")
        ours = cunshi(project, "transcribe")
        theirs, heard = plain(project)
        site = cunshi(project, "site")
        before_mkdocs = cunshi(project, "ingest") + cunshi(project, "transcribe")
        again = cunshi(project, "build")
        return {
            "take in 16 recordings (s)": taken,
            "transcribe: Cunshi (s)": ours,
            "transcribe: plain faster-whisper (s)": theirs,
            "transcribe: Cunshi / plain": ours / theirs,
            "site: access copies, clips, kits, pages, MkDocs (s)": site,
            "nothing new: ingest + transcribe, two processes (s)": before_mkdocs,
            "nothing new: build (s)": again,
            "error rate: Cunshi": rate(drafts(project)),
            "error rate: plain faster-whisper": rate(heard),
        }


def table(rounds: list[dict[str, float]]) -> str:
    rows = ["| figure | median | all runs |", "|---|---|---|"]
    for name in rounds[0]:
        values = [measured[name] for measured in rounds]
        each = ", ".join(f"{value:.3g}" for value in values)
        rows.append(f"| {name} | {statistics.median(values):.3g} | {each} |")
    return "\n".join(rows)


def figures(rounds: list[dict[str, float]]) -> list[Figure]:
    def middle(name: str) -> float:
        return statistics.median(measured[name] for measured in rounds)

    plain_ = "transcribe: plain faster-whisper (s)"
    return [
        Figure(
            "16 recordings transcribed, a process each way: s",
            "",
            f"{middle('transcribe: Cunshi (s)'):.1f}",
            f"plain faster-whisper {middle(plain_):.1f}",
        ),
        Figure(
            "error rate of the drafts of synthetic voices",
            "",
            f"{middle('error rate: Cunshi'):.3f}",
            f"plain faster-whisper {middle('error rate: plain faster-whisper'):.3f}",
        ),
    ]


def main() -> None:
    rounds = [once() for __ in range(ROUNDS)]
    packages = ("faster-whisper", "ctranslate2", "av", "mkdocs", "mkdocs-material")
    text = (
        f"{ROUNDS} rounds on the sample village (16 recordings, 404 s of synthetic speech); every\n"
        "step a process of its own, its start and imports included.\n\n"
        f"{table(rounds)}\n"
    )
    made = head(__file__, *packages, more="; Whisper base, int8")
    publish("village", "The sample village", made, text, figures(rounds))


if __name__ == "__main__":
    main()

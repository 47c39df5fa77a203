"""Measure recognition: errors, local words, gaps, speed, memory. Writes recognition.md beside this.

Run inside the environment, on a quiet machine: ``.venv/bin/python benchmarks/recognition.py``; an
hour on two cores. The peer is one call of faster-whisper for each file, with two threads, the same
weights, int8 and beam, no sampling, and its own voice activity filter. Both sides run in turn in
one process. ``--ordinary FILE`` counts wrong replacements in text without local names.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ggml
import numpy as np
import yaml
from watching import peak
from workbench import ROOT, Figure, head, publish, table

from cunshi.archive.glossary_file import read_glossary
from cunshi.archive.machine_json import MachineTranscript
from cunshi.core.chinese import to_simplified
from cunshi.domain.transcript import Segment
from cunshi.media import audio
from cunshi.transcription import vad
from cunshi.transcription.draft import draft
from cunshi.transcription.engines import open_engine
from cunshi.transcription.engines.whisper_base import model_folder
from cunshi.transcription.error_rate import Errors, count_errors
from cunshi.transcription.glossary_match import find_candidates
from cunshi.transcription.pipeline import map_in_order
from cunshi.transcription.recognise import RecognisedPassage, recognise_passage
from support.noises import music, room, silence
from support.real_speech import load
from support.words import occurrences

RATE = vad.RATE
SAMPLES = ROOT / "tests" / "samples"
REFERENCE = yaml.safe_load((SAMPLES / "reference.yml").read_text("utf-8"))
REAL = yaml.safe_load((SAMPLES / "real-speech" / "reference.yml").read_text("utf-8"))
TERMS = read_glossary(ROOT / "archive" / "glossary.yml", "glossary.yml", [])
ROUNDS = 1  # of the times
PLAIN = "plain faster-whisper"
Row = tuple[str, str, str]  # the figure, Cunshi's, and what is measured beside it


@cache
def ours() -> Any:
    engine = open_engine("faster-whisper", "base", ROOT)
    engine.prepare()
    return engine


@cache
def theirs() -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(model_folder()), device="cpu", compute_type="int8", cpu_threads=2)


def plain(samples: Any, **options: Any) -> list[Segment]:
    settings = {"language": "zh", "temperature": 0.0, "vad_filter": True, "word_timestamps": True}
    found, _info = theirs().transcribe(samples, **(settings | options))
    return [Segment(s.start, s.end, s.text) for s in found]


def heard(recordings: list[Any]) -> list[MachineTranscript]:
    """What the pipeline makes of recordings, all passages at once as in transcribe."""
    units = ((n, p) for n, samples in enumerate(recordings) for p in vad.passages([(0.0, samples)]))

    def work(unit: tuple[int, vad.Passage]) -> RecognisedPassage:
        return recognise_passage(ours(), unit[1], "cmn", TERMS)

    parts: list[list[RecognisedPassage]] = [[] for __ in recordings]
    for (number, __), result in map_in_order(
        work, units, ours().workers, lambda: 2 * ours().workers
    ):
        parts[number].append(result)
    return [
        MachineTranscript(
            "",
            "",
            "",
            "",
            "",
            "",
            {},
            "cmn",
            tuple(entry.segment for part in found for entry in part.segments),
            weighed=tuple(entry for part in found for entry in part.weighed),
        )
        for found in parts
    ]


def text(segments: Any) -> str:
    return "".join(segment.text for segment in segments)


def total(said: list[str], found: list[str]) -> Errors:
    return sum((count_errors(*pair) for pair in zip(said, found, strict=True)), Errors())


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def names(said: list[str], found: list[str]) -> str:
    terms = [term.term for term in TERMS]
    pairs = [
        (occurrences(s, terms), occurrences(f, terms)) for s, f in zip(said, found, strict=True)
    ]
    hits, spoken = (
        sum(c.total() for c in side) for side in ([s & f for s, f in pairs], [s for s, __ in pairs])
    )
    return f"{hits} of {spoken} ({hits / spoken:.3f})"


def accuracy() -> list[Row]:
    recordings = [load(ROOT / entry["file"]) for entry in REFERENCE]
    said = [entry["text"] for entry in REFERENCE]
    peer = [to_simplified(text(plain(samples))) for samples in recordings]
    found = heard(recordings)
    raw, drafts = [to_simplified(text(h.segments)) for h in found], [draft(h, TERMS) for h in found]
    drafted = [text(lines) for lines in drafts]
    offered = [
        "。".join("。".join([s.text, *(r.term for r in s.suggested)]) for s in lines)
        for lines in drafts
    ]
    words_alone = [replace(term, heard_as=()) for term in TERMS]
    plainly = [text(draft(h, words_alone)) for h in found]
    other = f"{PLAIN} {total(said, peer).rate:.4f}"
    replaced = [(pair, s) for s, lines in zip(said, drafts, strict=True) for pair in of(lines)[0]]
    suggested = [(pair, s) for s, lines in zip(said, drafts, strict=True) for pair in of(lines)[1]]
    wrong = sum(pair.term not in s for pair, s in replaced)
    right = sum(pair.term in s for pair, s in suggested)
    return [
        ("error rate as heard", f"{total(said, raw).rate:.4f}", other),
        ("error rate of the drafts", f"{total(said, drafted).rate:.4f}", other),
        ("glossary words spoken, as heard", names(said, raw), f"{PLAIN} {names(said, peer)}"),
        ("… in the draft", names(said, drafted), ""),
        ("… in the draft or suggested there", names(said, offered), ""),
        ("… in the draft, without the wrong forms noted by people", names(said, plainly), ""),
        ("replacements; wrong", f"{len(replaced)}; {wrong}", ""),
        ("suggestions; right", f"{len(suggested)}; {right}", ""),
    ]


def of(lines: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """What was replaced and what is suggested in the lines of a draft."""
    lines = list(lines)
    return (
        [pair for line in lines for pair in line.replaced],
        [pair for line in lines for pair in line.suggested],
    )


def ordinary(path: Path | None) -> list[Row]:
    """Replacements by sound alone, where there is nothing to replace."""
    if path is None:
        return []
    lines = path.read_text("utf-8", "ignore").splitlines()
    lines = [line for line in lines if not any(term.term in line for term in TERMS)]
    count = sum(len(line) for line in lines)
    certain = Counter(
        (c.written, c.term) for line in lines for c in find_candidates(line, TERMS) if c.certain
    )
    found = "、".join(f"{heard}→{term}" for heard, term in certain) or "none"
    return [
        ("characters of text without local words", f"{count}", ""),
        ("replaced in it by sound alone", f"{certain.total()}: {found}", ""),
    ]


def real_speech() -> list[tuple[Any, str]]:
    return [(load(SAMPLES / "real-speech" / e["file"]), e["text"]) for e in REAL]


def gaps() -> list[Row]:
    """Real speech with 60 s of silence, room noise and music between, and without them."""
    spoken = [*real_speech(), *real_speech()]
    between = [silence(60), room(60), music(60), silence(0)]
    long = np.concatenate([x for (s, __), g in zip(spoken, between, strict=True) for x in (s, g)])
    short = np.concatenate([x for s, __ in spoken for x in (s, silence(0.5))])
    said = "".join(t for __, t in spoken)
    cells = []
    for label, work in (
        ("", lambda x: heard([x])[0].segments),
        (f"{PLAIN} ", plain),
        ("without its voice activity filter ", lambda x: plain(x, vad_filter=False)),
    ):
        with_gaps, without = (count_errors(said, text(work(x))) for x in (long, short))
        counts = f"{with_gaps.deletions}, {with_gaps.insertions}"
        cells.append((f"{label}{counts}", f"{label}{with_gaps.rate:.3f}, {without.rate:.3f}"))
    counted, rated = zip(*cells, strict=True)
    return [
        ("gaps of a minute: characters lost, invented", counted[0], "; ".join(counted[1:])),
        ("… error rate with gaps, without", rated[0], "; ".join(rated[1:])),
    ]


def pauses() -> list[Row]:
    """Real speech with pauses of 0.3 to 8 s in a room, in 12 orders."""
    clips, rng = real_speech(), np.random.default_rng(1)
    recordings, said = [], []
    for __ in range(12):
        order = rng.integers(0, len(clips), 8)
        parts = [x for n in order for x in (clips[n][0], room(float(rng.uniform(0.3, 8))))]
        recordings.append(np.concatenate(parts))
        said.append("".join(clips[n][1] for n in order))
    found = [text(h.segments) for h in heard(recordings)]
    peer = [text(plain(samples)) for samples in recordings]
    ours_, theirs_ = total(said, found), total(said, peer)
    return [
        ("pauses of 0.3 to 8 s: error rate", f"{ours_.rate:.4f}", f"{PLAIN} {theirs_.rate:.4f}"),
        (
            f"… characters lost of {ours_.length}",
            f"{ours_.deletions}",
            f"{PLAIN} {theirs_.deletions}",
        ),
    ]


def mottoes() -> tuple[list[Any], list[str], list[int]]:
    """Clips of 5 to 10 s: the talks cut at their quietest moments, in several ways.

    Where a clip is cut decides some characters by chance: several ways tell more than one.
    """
    clips: list[Any] = []
    owners: list[int] = []
    said: list[str] = []
    for least, most in ((5.0, 8.0), (6.0, 10.0), (5.0, 10.0), (7.0, 10.0)):
        for entry in REFERENCE[:10]:
            rest = load(ROOT / entry["file"])
            said.append(entry["text"])
            while len(rest):
                cut = len(rest)
                if cut > 1.5 * most * RATE:
                    cut = audio.quietest(rest, round(least * RATE), round(most * RATE))
                elif cut > most * RATE:
                    cut = audio.quietest(rest, round(0.4 * cut), round(0.6 * cut))
                clips.append(rest[:cut])
                owners.append(len(said) - 1)
                rest = rest[cut:]
    return clips, said, owners


def joined(found: list[str], owners: list[int]) -> list[str]:
    return [
        "".join(t for t, o in zip(found, owners, strict=True) if o == owner)
        for owner in range(max(owners) + 1)
    ]


def speed() -> list[Row]:
    ours(), theirs()
    village = [load(ROOT / entry["file"]) for entry in REFERENCE]
    long = np.concatenate([load(ROOT / entry["file"]) for entry in REFERENCE[:10]])
    clips, said, owners = mottoes()
    sets = {
        "sample village, 16 recordings": village,
        f"{len(clips)} clips of 5 to 10 s": clips,
        f"one talk of {len(long) / RATE / 60:.0f} minutes": [long],
    }
    rows = []
    for label, recordings in sets.items():
        seconds = sum(map(len, recordings)) / RATE
        times = []
        for __ in range(ROUNDS):
            mine, found = timed(lambda r=recordings: heard(r))
            peer, others = timed(lambda r=recordings: [plain(samples) for samples in r])
            times.append((mine, peer))
        ratio = statistics.median(peer / mine for mine, peer in times)
        mine, peer = (statistics.median(side) for side in zip(*times, strict=True))
        rows.append(
            (
                f"{label} ({seconds:.0f} s of sound): s",
                f"{mine:.1f}",
                f"{PLAIN} {peer:.1f}: **{ratio:.2f}** times as long",
            )
        )
        if recordings is clips:
            raw, drafted, other = (
                f"{total(said, joined(list(map(text, side)), owners)).rate:.4f}"
                for side in (
                    [h.segments for h in found],
                    [draft(h, TERMS) for h in found],
                    others,
                )
            )
            rows.append(("… error rate as heard; drafts", f"{raw}; {drafted}", f"{PLAIN} {other}"))
    return rows


Hear = Callable[[Any], str]


def reference_engine() -> Hear:
    """openai-whisper, passage by passage as the engine of that name hears them."""
    engine = open_engine("openai-whisper", "base", ROOT)
    engine.prepare()
    return lambda talk: "".join(
        h.segment.text
        for p in vad.passages([(0.0, talk)])
        for h in engine.transcribe(p.samples, "cmn")
    )


def whisper_cpp() -> Hear:
    """whisper.cpp in its Python binding, a file in one call, two threads, the same beam."""
    from pywhispercpp.model import Model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "base.bin"
        ggml.write(path)
        model = Model(
            str(path),
            params_sampling_strategy=1,
            n_threads=2,
            language="zh",
            temperature=0.0,
            temperature_inc=0.0,
            beam_search={"beam_size": 5, "patience": -1.0},
            print_progress=False,
            redirect_whispercpp_logs_to=None,
        )
    return lambda talk: "".join(s.text for s in model.transcribe(talk))


# Package, its module, and how it is opened.
OTHERS: dict[str, tuple[str, str, Callable[[], Hear]]] = {
    "openai-whisper": ("openai-whisper", "whisper", reference_engine),
    "whisper.cpp (pywhispercpp)": ("pywhispercpp", "pywhispercpp", whisper_cpp),
}


def others() -> list[Row]:
    """Other implementations of the same model, where they are installed, on three of the talks."""
    talks = [load(ROOT / entry["file"]) for entry in REFERENCE[:3]]
    said = [entry["text"] for entry in REFERENCE[:3]]
    rows = []
    for name, (__, module, open_peer) in OTHERS.items():
        if find_spec(module):
            hear = open_peer()
            hear(talks[0])  # the first call sets up what the others use
            mine, ours_ = timed(lambda: [text(h.segments) for h in heard(talks)])
            peer, found = timed(lambda hear=hear: [hear(talk) for talk in talks])
            times = f"{name} {peer:.1f}: **{peer / mine:.2f}** times as long"
            rows.append((f"three talks, beside {name}: s", f"{mine:.1f}", times))
            rates = [f"{total(said, side).rate:.4f}" for side in (ours_, found)]
            rows.append(("… error rate as heard", rates[0], f"{name} {rates[1]}"))
    return rows


def memory(hours: float) -> list[Row]:
    """The largest memory of a process that transcribes one long recording, half of it speech."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        talks = [load(ROOT / entry["file"]) for entry in REFERENCE[:10]]
        talk = np.concatenate([x for t in talks for x in (t, room(len(t) / RATE))])
        repeats = round(hours * 3600 * RATE / len(talk))
        import wave

        with wave.open(str(path), "wb") as target:
            target.setnchannels(1)
            target.setsampwidth(2)
            target.setframerate(RATE)
            for __ in range(repeats):
                target.writeframes((talk * 32767).astype("<i2").tobytes())
        seconds, done = timed(
            lambda: subprocess.run(
                [sys.executable, __file__, "--alone", str(path)],
                check=True,
                capture_output=True,
                text=True,
            )
        )
        megabytes, length = done.stdout.split()
    label = f"one recording of {float(length) / 3600:.2f} h, half of it speech"
    return [
        (f"{label}: peak memory, MB", f"{float(megabytes):.0f}", ""),
        ("… seconds for a second of sound", f"{seconds / float(length):.3f}", ""),
    ]


def alone(path: Path) -> None:
    ends = 0.0
    work = partial(recognise_passage, ours(), language="cmn", terms=TERMS)
    for passage, __ in map_in_order(
        work, vad.passages(audio.blocks(path)), ours().workers, lambda: 2 * ours().workers
    ):
        ends = passage.spans[-1].end
    print(peak("self"), ends)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ordinary", type=Path)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.alone:
        alone(words.alone)
        return
    parts = {
        "The sample village: synthetic voices, 1454 characters": accuracy(),
        "Text without any local word": ordinary(words.ordinary),
        "Real speech with gaps and pauses": [*gaps(), *pauses()],
        "Speed": speed(),
        "Other implementations of the same model": others(),
        "Memory": memory(words.hours) if words.hours else [],
    }
    packages = ["faster-whisper", "ctranslate2", "rjieba", "pypinyin"]
    packages += [package for package, module, __ in OTHERS.values() if find_spec(module)]
    publish(
        "recognition",
        "Recognition",
        head(__file__, *packages, more="; Whisper base, int8"),
        "\n".join(
            f"## {title}\n\n{table(('figure', 'Cunshi', 'beside it'), rows)}\n"
            for title, rows in parts.items()
            if rows
        ),
        [Figure(what, "", mine, peer) for rows in parts.values() for what, mine, peer in rows],
    )


if __name__ == "__main__":
    main()

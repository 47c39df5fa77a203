"""Fuzz one parser of tests/project/test_fuzz.py, guided by coverage.

    .venv/bin/python -m pip install atheris==3.0.0
    .venv/bin/python tests/support/atheris_fuzz.py ohms 300

Ends when the parser fails or after the given seconds. Atheris only has wheels for Linux, so it is
not in the locks. The corpus and inputs that fail are stored in build/fuzz; add the latter to FOUND
in tests/project/test_fuzz.py.
"""

import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]
with atheris.instrument_imports(include=["cunshi", "webvtt", "yaml", "json"]):
    from support.fuzzing import PARSERS, PIECES, survives


def main() -> None:
    """Fuzz the parser named on the command line for the given seconds."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    learnt = ROOT / "build" / "fuzz" / name
    learnt.mkdir(parents=True, exist_ok=True)
    (learnt / "example").write_bytes(PARSERS[name][0].encode())
    words = learnt.with_suffix(".words")
    said = (word.encode("utf-8", "surrogatepass") for word in PIECES)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in said), "ascii")
    options = (f"max_total_time={seconds}", f"artifact_prefix={learnt}-", f"dict={words}")
    limits = ("max_len=4096", "len_control=0", "timeout=10", "rss_limit_mb=4096")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        arguments = [sys.argv[0], *(f"-{option}" for option in options + limits), str(learnt)]
        atheris.Setup(arguments, lambda data: survives(name, data, Path(folder)))
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()

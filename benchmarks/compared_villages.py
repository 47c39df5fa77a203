"""Two villages for compare_commits.py, and a server that stands in for speech recognition.

The first is the sample village, with recordings of every access level, a photo, and deposits that
are wrong. The second is its neighbour, which has the same mottoes and says other things of them.
"""

import hashlib
import io
import json
import os
import re
import shutil
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

SETTLED = 1_700_000_000  # the time of every file that is deposited: long ago
THEME = re.compile(r"^ +custom_dir: *(\S+)", re.MULTILINE)

# What the server hears, in Traditional as Whisper writes, and how sure it is: words of the
# glossary, right and misheard, and what the audit of a transcript marks as doubtful.
SENTENCES = (
    ("我們金村的老街四面都是水,", -0.2),
    ("街道像一個井字。", -0.3),
    ("航橋鎮從前有一條河,叫暗經。", -0.4),
    ("農曆四月初八辦廟會,有舞龍的,有踩高蹺的。", -0.2),
    ("對對對對對對對對對對對對", -0.9),
    ("族裡的寡婦和孤兒,每個月給白米三斗。", -0.3),
    ("謝謝觀看", -0.5),
    ("一九七八年,歐喬辦起了精紡廠。", -1.3),
    ("家家戶戶枕著河睡覺,老人家天天在橋上聊天。", -0.25),
    ("王金生說,寧可住草房,也要讓孩子背上書包。", -0.3),
)

# Recordings beside those of the sample: the name of each, and what its sidecar says.
ADDED = {
    "金村村_李大爷_2026-03-01": "access: 课堂\n",
    "金村村_吴阿姨_2026-03-01": "access: 目录\n",
    "横泾村_孙老师_2026-03-02": "access: 封存\n",
    "横泾村_赵师傅_2026-03-02": "consent: {withdrawn_on: 2026-03-05}\n",
    "欧桥村_周奶奶_2026-03-03": "language: wuu\nconsent: {shown_as: 匿名}\n",
    "欧桥村_小明_2026-03-03": "minor: 是\n",
    "顾家村_冯会计_2026-03-04": "consent: {uses: [存档, 网站]}\n",
    "顾家村_郑医生_2026-03-04": "consent: {embargo: 2030-01-01}\n",
    "蒋家村_何大妈_2026-03-05": "note: 第二段\n",
}
PHOTOGRAPHED = "欧桥村_周奶奶_2026-03-03"
NEIGHBOURS_OWN = "妙桥社区_陈师傅_2026-03-06"
PSEUDONYMS = "pseudonyms:\n  - {name: 王金生, shown_as: 某某}\n"


def answer_to(sound: bytes) -> dict[str, object]:
    """What is heard in a WAV file: sentences for as long as it lasts, chosen by its hash."""
    with wave.open(io.BytesIO(sound)) as opened:
        seconds = opened.getnframes() / opened.getframerate()
    number, start = int(hashlib.sha256(sound).hexdigest(), 16) % 1000, 0.1
    segments = []
    while start + 0.5 < seconds:
        text, logprob = SENTENCES[number % len(SENTENCES)]
        end = min(start + 0.2 * len(text), seconds)
        segment = {"start": start, "end": end, "text": text, "avg_logprob": logprob}
        segment["words"] = _words(text, start, end, number)
        segments.append(segment | {"no_speech_prob": 0.05, "compression_ratio": 1.2})
        number, start = number + 1, end + (2.2 if number % 5 == 0 else 0.4)
    return {"text": "", "segments": segments}


def _words(text: str, start: float, end: float, number: int) -> list[dict[str, object]]:
    step = (end - start) / len(text)
    return [
        {
            "word": character,
            "start": round(start + step * place, 3),
            "end": round(start + step * (place + 1), 3),
            "probability": 0.45 if (number + place) % 11 == 0 else 0.95,
        }
        for place, character in enumerate(text)
    ]


class _Recogniser(BaseHTTPRequestHandler):
    """Answers transcription requests as OpenAI's interface describes it."""

    def do_GET(self) -> None:
        self._send({"data": []})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sound = body[body.index(b"RIFF") :]
        length = 8 + int.from_bytes(sound[4:8], "little")
        self._send(answer_to(sound[:length]))

    def _send(self, answer: object) -> None:
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        """Write nothing to standard error."""


@contextmanager
def recognition_server() -> Iterator[str]:
    """Run the server until the end of the ``with``; the lines of archive.yml that name it.

    They name another model for Wu, so that a second recogniser is opened.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _Recogniser) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        dialects = "dialects:\n  wuu: {model: dialect}\n"
        yield f"engine: http\nmodel: recorded\nserver: {address}\n{dialects}"
        server.shutdown()


def theme_of(folder: Path) -> str:
    """The path of the theme that mkdocs.yml in a folder names."""
    found = THEME.search((folder / "mkdocs.yml").read_text("utf-8"))
    if found is None:
        raise SystemExit(f"{folder / 'mkdocs.yml'} has no custom_dir")
    return found[1]


def write(path: Path, text: str) -> Path:
    """Write a text; its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def edit(path: Path, pattern: str, text: str) -> None:
    """Replace the first match of a pattern; SystemExit when there is none."""
    changed, count = re.subn(pattern, text, path.read_text("utf-8"), count=1, flags=re.MULTILINE)
    if not count:
        raise SystemExit(f"{path} has nothing that matches {pattern}")
    path.write_text(changed, "utf-8")


def make_village(village: Path, source: Path, program: Path, engine: str) -> None:
    """The sample village of ``source`` with what is added, and the theme of ``program``.

    ``engine`` are lines of archive.yml instead of the sample's own, if it is not empty.
    """
    _begin(village, source, program, engine)
    for number, (name, sidecar) in enumerate(ADDED.items()):
        _add_recording(village, name, number, sidecar)
    added = village / "recordings" / "添加"
    Image.linear_gradient("L").save(added / f"{PHOTOGRAPHED}.png")
    write(added / "坏的.m4a", "this is no sound")
    write(added / "没有录音.yml", "title: 空\n")
    write(village / "recordings" / "mottoes" / "顾家村_李家_2026-02-05.txt", "勤俭持家。\n")
    _settle(village / "recordings")


def make_neighbour(village: Path, source: Path, program: Path, engine: str) -> None:
    """A village without lessons, with the sample's mottoes and one recording of its own."""
    _begin(village, source, program, engine)
    _add_recording(village, NEIGHBOURS_OWN, len(ADDED), "title: 邻村的事\n")
    for folder in (village / "recordings").glob("[01]*"):
        shutil.rmtree(folder)
    shutil.rmtree(village / "courses")
    write(village / "courses" / "course.yml", "title: 邻村的村史\nlessons: []\n")
    consent = "consent: {by: 邻村, signed_on: 2026-01-02}\n"
    write(village / "recordings" / "folder.yml", consent)
    mottoes = village / "recordings" / "mottoes"
    write(mottoes / "folder.yml", "rights: 先问一声\n")
    edit(next(mottoes.glob("金村村*.yml")), r"\Z", "access: 课堂\n")
    edit(village / "archive" / "archive.yml", r"^institution: .*$", "institution: 邻村档案")
    _settle(village / "recordings")


def _begin(village: Path, source: Path, program: Path, engine: str) -> None:
    for part in ("recordings", "courses"):
        shutil.copytree(source / part, village / part)
    (village / "archive").mkdir()
    for path in (source / "archive").glob("*.yml"):
        shutil.copy(path, village / "archive")
    shutil.copy(source / "mkdocs.yml", village)
    shutil.copytree(program / theme_of(program), village / theme_of(village))
    settings = village / "archive" / "archive.yml"
    if engine:
        edit(settings, r"^engine: .*\nmodel: .*\n", engine)
    settings.write_text(settings.read_text("utf-8") + PSEUDONYMS, "utf-8")


def _add_recording(village: Path, name: str, number: int, sidecar: str) -> None:
    """Deposit six seconds of the sample's WAV file with a sidecar."""
    sample = next((village / "recordings").glob("05-*/*.wav"))
    path = village / "recordings" / "添加" / f"{name}.wav"
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(sample)) as whole, wave.open(str(path), "wb") as part:
        part.setparams(whole.getparams())
        whole.setpos(int(2.7 * number * whole.getframerate()))
        part.writeframes(whole.readframes(6 * whole.getframerate()))
    write(path.with_suffix(".yml"), sidecar)


def _settle(folder: Path) -> None:
    """Make the files of a folder look as if they had been there for long."""
    for path in folder.rglob("*"):
        os.utime(path, (SETTLED, SETTLED))

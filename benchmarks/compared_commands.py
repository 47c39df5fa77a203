"""The commands that compare_commits.py runs in two villages, and what is noted of each."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import yaml
from compared_villages import NEIGHBOURS_OWN, edit, make_neighbour, make_village, write

LANGUAGES = {"zh": "zh_CN.UTF-8", "en": "en_US.UTF-8"}

# A line of a progress report: what, how many of how many, and perhaps seconds done and left.
_PROGRESS = re.compile(r"^(\S.*) (\d+)/(\d+)(?:  \S+/\S+  \S.*)?$")
# What differs between two runs beside: keys and tokens are random, and the review desk tells how
# much room the disk has and when the site was made.
_VARYING = re.compile(r'(\?key=|"token":"|"free":|"made":")[\w:+-]+')
_STATIC = re.compile(r'/static/[^"]+\.(\w+)')
_ATTEMPTS = 240
_UNSAFE = re.compile(r"[^\w.-]+")

_WITHHELD = """WEBVTT

NOTE 金句

00:00:00.200 --> 00:00:01.900
<v 何大妈>伲小辰光住勒河边浪。
普通话：我们小时候住在河边。

NOTE 不公开

00:00:02.000 --> 00:00:03.500
这一句不要放出去。

00:00:03.600 --> 00:00:05.500
<v 王老师>后来呢？
"""
_SRT = """1
00:00:00,100 --> 00:00:02,500
金先生：和睦邻里。

2
00:00:02,600 --> 00:00:04,000
诚实做人
"""
_OHMS = """<ROOT xmlns="https://www.weareavp.com/nunncenter/ohms"><record>
<title>家训</title><repository>别的档案馆</repository><rights>请先问</rights><sync>1:2(1)</sync>
<transcript>勤俭持家。
有话好好说。</transcript></record></ROOT>
"""


@dataclass
class Run:
    """The commands of one program with messages in one language, run in the folder ``root``.

    ``source`` has the sample village, and ``engine`` the lines of archive.yml that name the engine.
    """

    root: Path
    program: Path
    source: Path
    engine: str
    language: str
    port: int
    count: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """A fixed clock, time zone and language, and the program before an installed one."""
        dropped = ("LC_", "LANG", "CUNSHI_", "PYTHON")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        return kept | {
            "LANG": LANGUAGES[self.language],
            "PYTHONPATH": str(self.program / "scripts"),
            "PYTHONUTF8": "1",
            "SOURCE_DATE_EPOCH": "1800000000",
            "TZ": "Asia/Shanghai",
        }

    def cunshi(self, *words: str, at: str = "village") -> None:
        """Run a command, and note its exit code and what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "cunshi", "--root", at, *words],
            check=False,
            capture_output=True,
            encoding="utf-8",
            cwd=self.root,
            env=self.environment,
        )
        self.note(f"{at} {' '.join(words)}", done.returncode, done.stdout, done.stderr)

    def note(self, title: str, code: int, out: str, err: str) -> None:
        """Write a command's results into a file, which is compared like all others."""
        self.count += 1
        name = f"{self.count:02d} {_UNSAFE.sub(' ', title).strip()[:80]}.txt"
        noted = f"exit code: {code}\n\nstandard output:\n{out}\nstandard error:\n{err}"
        write(self.root / "commands" / name, normalised(noted))
        print(f"  {self.language} {self.count:02d} exit {code}: {title}", flush=True)

    def keep(self, name: str, *paths: str) -> None:
        """Copy folders of the village, to be compared as they are now."""
        for path in paths:
            shutil.copytree(self.root / "village" / path, self.root / "kept" / name / path)

    def id_of(self, beginning: str, at: str = "village") -> str:
        """The id of the recording whose path below recordings/ begins so."""
        for path in sorted((self.root / at / "archive").glob("*/recording.yml")):
            record = yaml.safe_load(path.read_text("utf-8"))
            if record["original_name"].startswith(beginning):
                return path.parent.name
        raise SystemExit(f"{self.root / at}: {beginning} is not in the archive")


def normalised(text: str) -> str:
    """Output without what differs between runs: progress on the way, its clock, random keys."""
    lines = []
    for line in text.split("\n"):
        found = _PROGRESS.match(line)
        if found is None:
            lines.append(line)
        elif found[2] == found[3]:
            lines.append(f"{found[1]} {found[2]}/{found[3]}")
    return _VARYING.sub(r"\1…", "\n".join(lines))


def run_all(run: Run) -> None:
    """Run every command whose result is the same each time, and change files in between."""
    village, neighbour = run.root / "village", run.root / "neighbour"
    make_village(village, run.source, run.program, run.engine)
    make_neighbour(neighbour, run.source, run.program, run.engine)
    _ask_for_help(run)
    _build(run)
    _import(run, village)
    _hand_out(run, village)
    _merge(run, neighbour)
    _read_desk(run)
    _damage_and_restore(run, village)


def _ask_for_help(run: Run) -> None:
    run.cunshi("--version")
    run.cunshi("-h")
    commands = "build ingest transcribe site pack export publish serve review status check verify"
    for command in f"{commands} backup restore import merge lesson evaluate wrong".split():
        run.cunshi(command, "-h")
    run.cunshi("lesson", "new", "-h")
    run.cunshi("lesson", "new", "11", "--from", "x")
    run.cunshi("status", at="nowhere")


def _build(run: Run) -> None:
    run.cunshi("status")
    run.cunshi("ingest")
    run.cunshi("build")
    run.keep("first", "archive", "build/docs", "build/site")
    for words in ("build", "status", "check", "check --strict", "verify --quick", "evaluate"):
        run.cunshi(*words.split())
    run.cunshi("transcribe", "--engine", "unknown")
    run.cunshi("transcribe", "--scheduler", "tcp://127.0.0.1:1")
    run.cunshi("lesson", "new", "1", "--from", run.id_of("01-"))


def _import(run: Run, village: Path) -> None:
    """Import transcripts, approve one, and make the site anew."""
    texts = run.root / "texts"
    cited, added = run.id_of("01-"), run.id_of("添加/蒋家村_何大妈")
    motto = run.id_of("mottoes/横泾村")
    for recording, path in (
        (cited, write(texts / "cited.vtt", _quoted(village, cited))),
        (cited, texts / "cited.vtt"),
        (added, write(texts / "withheld.vtt", _WITHHELD)),
        (motto, write(texts / "motto.srt", _SRT)),
        (run.id_of("mottoes/蒋家村"), write(texts / "ohms.xml", _OHMS)),
        (motto, write(texts / "wrong.srt", "no times")),
        (motto, texts / "cited.vtt"),
        ("20200101-00000000", texts / "cited.vtt"),
    ):
        run.cunshi("import", recording, str(path))
    approval = "approved_by: 王老师\napproved_on: 2026-12-01"
    record = village / "archive" / cited / "recording.yml"
    edit(record, r"^approved_by:.*\napproved_on:.*$", approval)
    run.cunshi("site")
    run.cunshi("site", "--strict")
    run.cunshi("status")
    said = [{"file": "recordings/05-耕读传家/金村村_顾校长_2026-01-15.wav", "text": "耕读传家。"}]
    reference = write(texts / "reference.yml", yaml.safe_dump(said, allow_unicode=True))
    run.cunshi("evaluate", "--reference", str(reference), "--json", str(run.root / "scores.json"))


def _quoted(village: Path, recording: str) -> str:
    """A transcript as WebVTT that says what the lessons quote from a recording."""
    clip = rf"^/// clip \| {recording} (\d+):([\d.]+)-(\d+):([\d.]+).*\n(.+)\n///$"
    text = "WEBVTT\n"
    for path in sorted((village / "courses").glob("*/lesson.md")):
        for *times, words in re.findall(clip, path.read_text("utf-8"), re.MULTILINE):
            begin, begun, end, ended = map(float, times)
            text += f"\n00:{begin:02.0f}:{begun:06.3f} --> 00:{end:02.0f}:{ended:06.3f}\n"
            text += f"<v 金老师>{words}\n"
    return text


def _hand_out(run: Run, village: Path) -> None:
    """Pack, export, publish and back up, with changes in between that publish refuses or takes."""
    root, lesson = run.root, village / "courses" / "01-cunming" / "lesson.md"
    run.cunshi("pack", "--to", str(root / "pack.zip"))
    run.cunshi("export", "--to", str(root / "export"))
    run.cunshi("publish", "--to", str(root / "published"), "--dry-run")
    run.cunshi("publish", "--to", str(root / "published"))
    run.cunshi("backup", str(root / "backup"))
    written = lesson.read_text("utf-8")
    edit(lesson, r"^书上说.*$", "从来没有说过的话。")
    run.cunshi("publish", "--to", str(root / "published"))
    run.cunshi("check")
    write(lesson, written)
    edit(village / "courses" / "course.yml", r"^subtitle: .*$", "subtitle: 改过的小标题")
    run.cunshi("publish", "--to", str(root / "published"))
    run.keep("second", "build/site")
    run.cunshi("publish", "--to", str(root / "published"), "--rollback")
    run.cunshi("publish")
    run.cunshi("backup", str(root / "backup"))
    run.cunshi("backup", "--bag", str(root / "bag"))
    run.cunshi("restore", "--check", str(root / "backup"))


def _merge(run: Run, neighbour: Path) -> None:
    """Let the neighbour begin two lessons, and merge it: as a folder, and as a bag."""
    for command in ("ingest", "transcribe"):
        run.cunshi(command, at="neighbour")
    ids = [run.id_of(name, "neighbour") for name in (f"添加/{NEIGHBOURS_OWN}", "mottoes/横泾村")]
    run.cunshi("lesson", "new", "1", "--from", ids[0], "--slug", "first", at="neighbour")
    run.cunshi("lesson", "new", "2", "--from", *ids, at="neighbour")
    run.cunshi("build", at="neighbour")
    run.cunshi("backup", "--bag", str(run.root / "bag"), at="neighbour")
    run.cunshi("merge", str(neighbour))
    (bag,) = (run.root / "bag").glob("neighbour*")
    run.cunshi("merge", str(bag))
    run.cunshi("merge", str(run.root / "texts"))
    run.cunshi("site")


def _read_desk(run: Run) -> None:
    """Write down what the review desk answers to reading requests."""
    cited = run.id_of("01-")
    paths = ["", "add", "publish", "glossary", f"edit/{cited}", f"record/{cited}", "nowhere"]
    names = ("session", "recordings", "folders", "glossary", "jobs", "problems")
    paths += [f"api/{name}" for name in names]
    paths += [f"api/recordings/{cited}{part}" for part in ("", "/machine", "/history", "/record")]
    paths += [f"api/recordings/{cited}/peaks", "forms/consent", f"forms/consent/{cited}"]
    paths += ["forms/collection", f"forms/collection/{cited}"]
    with _desk(run) as client:
        for number, path in enumerate(paths, 1):
            answer = _answer(client, f"/{path}")
            text = f"{answer.status_code} {answer.headers.get('content-type')}\n"
            text += _without_addresses(answer.text, client)
            name = _UNSAFE.sub(" ", path.replace(cited, "ID"))
            write(run.root / "desk" / f"{number:02d} {name}.txt", normalised(text))


def _answer(client: httpx2.Client, path: str) -> httpx2.Response:
    """The answer to a request, asked again while the desk says that it is at work on it."""
    answer = client.get(path)
    for __ in range(_ATTEMPTS):
        if answer.status_code != httpx2.codes.ACCEPTED:
            return answer
        time.sleep(0.5)
        answer = client.get(path)
    raise SystemExit(f"{path} was never ready")


def _without_addresses(page: str, client: httpx2.Client) -> str:
    """A page with the hashes of its style sheets and icons in place of their addresses.

    Of a script, which names others by their addresses, only its place in the page is left.
    """

    def content(found: re.Match[str]) -> str:
        if found[1] == "js":
            return "a script"
        answer = client.get(found[0])
        return f"{answer.status_code} {hashlib.sha256(answer.content).hexdigest()}"

    return _STATIC.sub(content, page)


@contextmanager
def _desk(run: Run) -> Iterator[httpx2.Client]:
    """A client that is signed in at a review desk of the village."""
    command = [sys.executable, "-m", "cunshi", "--root", "village", "review", "--no-open"]
    command += ["--port", str(run.port)]
    here = f"http://127.0.0.1:{run.port}"
    with subprocess.Popen(
        command, cwd=run.root, env=run.environment, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout  # noqa: S101
        said = process.stdout.readline()
        try:
            with httpx2.Client(base_url=here, timeout=60) as client:
                client.get(_address(said))
                client.post("/api/session", json={"name": "李老师"}, headers={"Origin": here})
                yield client
        finally:
            process.send_signal(signal.SIGINT)
            said += process.stdout.read()
    run.note("village review", process.returncode, said, "")


def _address(said: str) -> str:
    """The address with a key that the review desk names in its first line."""
    found = re.search(r"http://\S+key=[\w-]+", said)
    if found is None:
        raise SystemExit(f"the review desk has not opened: {said}")
    return found[0]


def _damage_and_restore(run: Run, village: Path) -> None:
    """Damage one master, lose another file, and restore both from the backup."""
    master = next((village / "archive" / run.id_of("02-") / "master").iterdir())
    master.write_bytes(master.read_bytes()[:-1] + b"!")
    (village / "archive" / run.id_of("03-") / "recording.yml").unlink()
    for command in ("check", "verify", "site", "status"):
        run.cunshi(command)
    run.cunshi("publish", "--to", str(run.root / "published"))
    run.cunshi("backup", str(run.root / "backup"))
    run.cunshi("restore", "--check", str(run.root / "backup"))
    run.cunshi("restore", str(run.root / "backup"))
    run.cunshi("restore", str(run.root / "nowhere"))
    for command in ("check", "verify", "build", "status"):
        run.cunshi(command)

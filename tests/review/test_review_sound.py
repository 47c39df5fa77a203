"""Audio at the desk: masters and copies with byte ranges, waveforms, playback."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Browser

from cunshi import cli
from cunshi.archive.accession import Accession
from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError
from cunshi.domain.recording import Recording
from cunshi.media import audio
from cunshi.review.editor import audio as sound
from cunshi.review.jobs.background import BackgroundWorker, Progress
from support.desk import OpenDesk, open_desk
from support.village import new_village, sample_path, settle

FORMATS = {
    "m4a": ("01/", "audio/mp4"),
    "mp3": ("03/", "audio/mpeg"),
    "wav": ("05/", "audio/wav"),
    "mp4": ("06/", "audio/mp4"),
    "ogg": ("08/", "audio/ogg"),
    "amr": ("mottoes/金村村_金家", ""),
    "txt": ("", ""),
}
# What a master's server might be asked for by somebody who wants to keep it busy.
STRANGE_RANGES = [
    "bytes=" + ",".join("0-" for __ in range(5000)),
    "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 8000, 2)),
    "bytes=" + ",".join("0-99999" for __ in range(90)),
    "bytes=0-" + "9" * 4999,
    "bytes=-" + "9" * 4999,
    "bytes=" + "9" * 4999 + "-",
    "bytes=5-1",
    "bytes=-0",
    "bytes=--5",
    "bytes=-",
    "bytes=a-b",
    "bytes=",
    "bytes",
    "lines=0-1",
    "bytes=0-1, 1-2, -1, ٣-٤",
    "bytes=0-0,-1," + "," * 3000,
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A village with an accessioned recording of each format, and a motto without audio."""
    project = new_village(tmp_path_factory.mktemp("sound") / "village")
    for suffix, (beginning, __) in FORMATS.items():
        folder = project.recordings / "mottoes" if suffix in {"txt", "amr"} else project.recordings
        folder.mkdir(exist_ok=True)
        target = folder / f"金村村_金家_2026-01-12_{suffix}.{suffix}"
        if beginning:
            shutil.copy(sample_path(beginning), target)
        else:
            target.write_text("耕读传家", "utf-8")
        settle(target)
    with pytest.raises(SystemExit) as ended:
        cli.main(["--root", str(project.root), "ingest"])
    assert ended.value.code == 0
    return project


@pytest.fixture(scope="module")
def desk(home: Project) -> Iterator[OpenDesk]:
    with open_desk(home) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(desk: OpenDesk) -> httpx2.Client:
    return desk.client()


def item(home: Project, suffix: str) -> tuple[Accession, Recording]:
    for accession in home.accessions():
        recording = home.read_recording(accession, [])
        if recording.original_name.endswith(f".{suffix}"):
            return accession, recording
    raise LookupError(suffix)


def master(home: Project, suffix: str) -> Path:
    accession, recording = item(home, suffix)
    return accession.master / recording.master


def patient(client: httpx2.Client, address: str) -> httpx2.Response:
    """Request again while the result is being made."""
    while True:
        answer = client.get(address)
        if answer.status_code != 202:
            return answer
        assert 0 <= answer.json()["done"] <= 1
        time.sleep(0.05)


@pytest.mark.parametrize("suffix", [s for s, (__, kind) in FORMATS.items() if kind])
def test_a_master_that_browsers_play_is_heard_itself(
    client: httpx2.Client, home: Project, suffix: str
) -> None:
    path = master(home, suffix)
    address = f"/media/{item(home, suffix)[0].id}"
    whole = client.get(address)
    assert whole.status_code == 200
    assert whole.content == path.read_bytes()
    assert whole.headers["content-type"] == FORMATS[suffix][1]
    assert whole.headers["content-disposition"] == "inline"
    assert whole.headers["accept-ranges"] == "bytes"
    part = client.get(address, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, path.read_bytes()[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{path.stat().st_size}"
    assert client.head(address).headers["content-length"] == str(path.stat().st_size)


def test_what_browsers_do_not_play_is_heard_as_a_copy(client: httpx2.Client, home: Project) -> None:
    accession, __ = item(home, "amr")
    before = sha256_of(master(home, "amr"))
    answer = patient(client, f"/media/{accession.id}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mp4")
    copy = home.review / f"{accession.id}.m4a"
    assert answer.content == copy.read_bytes()
    assert audio.inspect(copy).technical.codec == "aac"
    assert client.get(f"/media/{accession.id}", headers={"Range": "bytes=0-9"}).status_code == 206
    assert sha256_of(master(home, "amr")) == before


def test_a_text_has_no_sound(client: httpx2.Client, home: Project) -> None:
    name = item(home, "txt")[0].id
    assert client.get(f"/media/{name}").status_code == 404
    assert client.get(f"/api/recordings/{name}/peaks").status_code == 404


@pytest.mark.parametrize("asked", STRANGE_RANGES)
def test_no_range_costs_more_than_the_file(
    client: httpx2.Client, home: Project, asked: str
) -> None:
    path = master(home, "m4a")
    answer = client.get(
        f"/media/{item(home, 'm4a')[0].id}", headers={"Range": asked.encode("utf-8")}
    )
    assert answer.status_code in {200, 206, 400, 416}
    # A hundred parts at most, each with a few lines of its own.
    assert len(answer.content) <= path.stat().st_size + 100 * 300


def test_a_record_that_names_another_file_opens_none(home: Project, tmp_path: Path) -> None:
    shutil.copytree(home.root, tmp_path / "copy")
    project = Project.at(tmp_path / "copy")
    accession, recording = item(project, "m4a")
    text = accession.record.read_text("utf-8")
    with open_desk(project) as desk:
        client = desk.client()
        assert client.get(f"/media/{accession.id}").status_code == 200
        for name in ("../recording.yml", "../../archive.yml", "/etc/hostname", ""):
            changed = text.replace(f"master: {recording.master}", f"master: {json.dumps(name)}")
            assert changed != text
            accession.record.write_text(changed, "utf-8")
            assert client.get(f"/media/{accession.id}").status_code == 404
            assert client.get(f"/api/recordings/{accession.id}/peaks").status_code == 404
        accession.record.write_text(text, "utf-8")
        (accession.master / recording.master).rename(tmp_path / "away")
        assert client.get(f"/media/{accession.id}").status_code == 404
        (accession.master / recording.master).symlink_to(project.archive / "archive.yml")
        assert client.get(f"/media/{accession.id}").status_code == 404


@pytest.mark.parametrize("suffix", ["m4a", "amr"])
def test_a_waveform_is_as_long_and_as_loud_as_the_sound(
    client: httpx2.Client, home: Project, suffix: str
) -> None:
    accession, recording = item(home, suffix)
    answer = patient(client, f"/api/recordings/{accession.id}/peaks")
    found = answer.json()
    assert set(found) == {"rate", "peaks", "duration"}
    assert found["rate"] == 20
    assert abs(len(found["peaks"]) / 20 - recording.technical.duration) < 0.2
    assert abs(found["duration"] - recording.technical.duration) < 0.2
    assert min(found["peaks"]) >= 0
    assert max(found["peaks"]) == 127
    samples = np.concatenate(list(audio.decode(master(home, suffix), sound.PEAK_RATE)))
    loudest = int(np.argmax(np.abs(samples))) * 20 // sound.PEAK_RATE
    assert found["peaks"][loudest] == 127
    assert sum(found["peaks"]) < 127 * len(found["peaks"]) / 2


def test_a_waveform_is_kept_and_belongs_to_one_master(client: httpx2.Client, home: Project) -> None:
    accession, __ = item(home, "wav")
    address = f"/api/recordings/{accession.id}/peaks"
    right = patient(client, address).json()
    kept = home.review / f"{accession.id}.peaks.json"
    written = kept.stat().st_mtime_ns
    assert client.get(address).json() == right
    assert kept.stat().st_mtime_ns == written
    for spoilt in ('{"sha256": "of another", "peaks": []}', "[]", "{", ""):
        kept.write_text(spoilt, "utf-8")
        assert patient(client, address).json() == right


def test_a_long_recording_is_never_in_memory_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def endless(path: Path, rate: int) -> Iterator[audio.Samples]:
        for __ in range(1000):
            yield np.full(1234, 0.5, np.float32)

    monkeypatch.setattr(audio, "decode", endless)
    blocks = list(sound.peaks(tmp_path, 20))
    sizes = [len(block) for block in blocks]
    assert max(sizes) <= 4
    assert sum(sizes) == -(-1000 * 1234 // 400)
    assert all((block == 0.5).all() for block in blocks)


def test_a_variable_mp3_is_not_seeked_in_by_guesswork(home: Project, tmp_path: Path) -> None:
    path = master(home, "mp3")
    technical = item(home, "mp3")[1].technical
    assert sound.played_as(technical, path) == "audio/mpeg"
    # Encoders mark a variable rate in the first frame; a constant one is marked Info.
    sound_of_it = path.read_bytes()
    for mark, kind in ((b"Xing", ""), (b"VBRI", ""), (b"Info", "audio/mpeg")):
        marked = tmp_path / "marked.mp3"
        marked.write_bytes(sound_of_it[:500] + mark + sound_of_it[500:])
        assert sound.played_as(technical, marked) == kind


def test_a_thing_is_made_once_and_a_failure_told_once(tmp_path: Path) -> None:
    maker, calls = BackgroundWorker(), []

    def fail(tell: Progress) -> None:
        calls.append(tell)
        raise ZeroDivisionError

    def until(find: Callable[[], object]) -> None:
        for __ in range(500):
            if find():
                return
            time.sleep(0.01)
        pytest.fail("nothing happened")

    assert maker.ask(tmp_path / "a", fail) == 0
    until(lambda: maker._failed)
    with pytest.raises(CunshiError):
        maker.ask(tmp_path / "a", fail)
    assert len(calls) == 1
    maker.ask(tmp_path / "a", fail)
    until(lambda: len(calls) == 2)


@pytest.mark.browser
@pytest.mark.parametrize("suffix", ["m4a", "mp3", "wav", "mp4", "ogg", "amr"])
def test_a_browser_plays_and_seeks(
    browser: Browser, desk: OpenDesk, client: httpx2.Client, home: Project, suffix: str
) -> None:
    accession, recording = item(home, suffix)
    patient(client, f"/media/{accession.id}")
    context = desk.context(browser)
    page = context.new_page()
    page.goto("/sign-in")
    found = page.evaluate(
        """async address => {
          const sound = new Audio(address)
          sound.muted = true
          await new Promise((go, fail) => {
            sound.oncanplaythrough = go
            sound.onerror = () => fail(new Error(sound.error.message))
          })
          const target = sound.duration / 2
          sound.currentTime = target
          await new Promise(go => { sound.onseeked = go })
          await sound.play()
          await new Promise(go => { sound.ontimeupdate = () => sound.currentTime > target && go() })
          sound.pause()
          return [sound.duration, sound.seekable.end(0)]
        }""",
        f"/media/{accession.id}",
    )
    context.close()
    # The picture of the sample film goes on after its sound.
    expected = 59.5 if suffix == "mp4" else recording.technical.duration
    assert found == pytest.approx([expected] * 2, abs=0.3)

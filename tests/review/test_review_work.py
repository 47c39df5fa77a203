"""The desk's interface for the to-do list, adding recordings, jobs, problems and the glossary."""

import errno
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.glossary_file import parse_glossary
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError, ExitCode
from cunshi.core.problem import Problem
from cunshi.core.yaml_edit import append_item
from cunshi.domain.access import Days
from cunshi.domain.glossary import Term
from cunshi.domain.recording import Description, Recording
from cunshi.domain.transcript import Transcript
from cunshi.review.api import ApiError
from cunshi.review.editor import glossary
from cunshi.review.jobs.routes import Jobs
from cunshi.review.todo import status_cache
from cunshi.review.todo.problems import as_json
from cunshi.review.todo.status_cache import StatusCache
from cunshi.review.uploads import routes
from cunshi.review.uploads.file_names import clean_name, named_after, numbered
from cunshi.workflow.results import BuiltSite
from support.desk import OpenDesk, open_desk
from support.village import sample_path, settle, tree

SOUND = sample_path("01/")
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def opened(village: Project) -> Iterator[OpenDesk]:
    """A desk on an empty village, with the engine that says the same about every recording."""
    settings = (village.archive / "archive.yml").read_text("utf-8")
    settings = settings.replace("engine: faster-whisper", "engine: recorded")
    (village.archive / "archive.yml").write_text(settings, "utf-8")
    with open_desk(village) as desk:
        yield desk


@pytest.fixture
def ask(opened: OpenDesk) -> Iterator[httpx2.Client]:
    client = opened.client()
    yield client
    client.close()


def folder_id(ask: httpx2.Client, beginning: str) -> str:
    folders = ask.get("/api/folders").json()["folders"]
    return str(next(f["id"] for f in folders if f["title"].startswith(beginning)))


def put(
    ask: httpx2.Client, name: str, data: Any, folder: str = "第 1 课", **said: str
) -> httpx2.Response:
    address = f"/api/deposits/{folder_id(ask, folder)}/{name}"
    return ask.put(address, params=said, content=data, headers=BYTES)


def work(ask: httpx2.Client, what: str) -> dict[str, Any]:
    """Start a job and wait until it has ended."""
    started = ask.post("/api/jobs", json={"what": what})
    assert started.status_code == 202, started.text
    return wait(ask)


def wait(ask: httpx2.Client) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while (now := ask.get("/api/jobs").json())["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return dict(now["last"])


# -- names


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("金村村_金老师_2026-01-12.m4a", "金村村_金老师_2026-01-12.m4a"),
        ("王阿婆 2026.1.12", "王阿婆 2026.1.12"),
        ("<img src=x onerror=alert(1)>.m4a", "-img src=x onerror=alert(1)-.m4a"),
        ("../../etc/passwd", "-..-etc-passwd"),
        ("a\\b:c.m4a", "a-b-c.m4a"),
        (".隐藏.m4a", "隐藏.m4a"),
        ("~$临时.m4a", "临时.m4a"),
        ("尾巴. . .", "尾巴"),
        ("CON.m4a", "录音-CON.m4a"),
        ("aux", "录音-aux"),
        ("com1.2026.m4a", "录音-com1.2026.m4a"),
        ("换\n行\t.m4a", "换 行.m4a"),
        ("倒\u202em4a.exe", "倒m4a.exe"),
        ("e\u0301.m4a", "\u00e9.m4a"),
        (".m4a", "m4a"),
        ("", "录音"),
        ("...", "录音"),
    ],
)
def test_a_name_is_made_fit_for_every_system(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept


@given(st.text(max_size=400))
def test_any_name_can_be_written_and_cleaning_is_done_once(name: str) -> None:
    clean = clean_name(name)
    assert clean and len(clean) <= 120 and len(clean.encode()) <= 200
    assert not set('<>:"/\\|?*\0') & set(clean)
    assert not clean.startswith((".", "~$")) and not clean.endswith((".", " "))
    assert clean_name(clean) == clean


def test_a_long_name_keeps_its_ending() -> None:
    assert clean_name("长" * 300 + ".m4a").endswith("长.m4a")
    third = list(zip(range(3), numbered(clean_name("长" * 300 + ".m4a")), strict=False))[2][1]
    assert third.endswith("长_3.m4a") and len(third.encode()) <= 200


VILLAGES = ("金村村",)


@pytest.mark.parametrize(
    ("said", "name", "given_name"),
    [
        (("金村村", "金老师", date(2026, 1, 12)), "录音.m4a", "金村村_金老师_2026-01-12.m4a"),
        (("金村村", "金老师", None), "录音.m4a", "金村村_金老师.m4a"),
        (("远村", "金老师", None), "录音.m4a", "录音.m4a"),  # could not be read back
        (("", "", None), "录音.m4a", "录音.m4a"),
        (  # says it already, and more
            ("金村村", "金老师", date(2026, 1, 12)),
            "金村村_金老师_20260112_下半场.m4a",
            "金村村_金老师_20260112_下半场.m4a",
        ),
        (("金村村", "金_老_师", date(2026, 1, 12)), "录音.m4a", "录音.m4a"),
        (("欧桥村", "陆书记", None), "金村村_陆书记.m4a", "欧桥村_陆书记.m4a"),
    ],
)
def test_a_file_is_named_after_what_is_said_of_it(
    said: tuple[str, str, date | None], name: str, given_name: str
) -> None:
    village, narrator, day = said
    meant = Description(village=village, narrator=narrator, date=day)
    assert named_after(meant, name, VILLAGES) == given_name


# -- adding recordings


def test_a_recording_is_put_where_it_belongs(ask: httpx2.Client, village: Project) -> None:
    answer = put(
        ask,
        "新录音 1.m4a",
        SOUND.read_bytes(),
        village="金村村",
        narrator="金老师",
        date="2026-01-12",
    )
    name = "金村村_金老师_2026-01-12.m4a"
    assert answer.status_code == 201
    assert answer.json() == {"name": name, "size": SOUND.stat().st_size, "already": None}
    assert (village.recordings / "01" / name).read_bytes() == SOUND.read_bytes()
    assert {path.name for path in (village.recordings / "01").iterdir()} == {name}


def test_what_a_name_cannot_say_is_said_beside_it(ask: httpx2.Client, village: Project) -> None:
    put(ask, "录音.m4a", SOUND.read_bytes(), village="远: 村", date="2026年1月12日")
    written = (village.recordings / "01" / "录音.m4a.yml").read_text("utf-8")
    assert written == "village: '远: 村'\ndate: '2026-01-12'\n"
    work(ask, "transcribe")
    (card,) = ask.get("/api/recordings").json()["recordings"]
    assert (card["village"], card["date"], card["problems"]) == ("远: 村", "2026-01-12", [])


def test_nothing_is_written_over(ask: httpx2.Client, village: Project) -> None:
    folder = village.recordings / "01"
    folder.mkdir()
    (folder / "录音.m4a").write_bytes(b"mine")
    (folder / "谈话.yml").write_text("consent: {by: 王老师, signed_on: 2026-01-01}\n", "utf-8")
    (folder / "合影.jpg").write_bytes(b"a photo of another recording")
    before = tree(village.recordings)
    other = sample_path("02/").read_bytes()
    assert put(ask, "录音.m4a", SOUND.read_bytes()).json()["name"] == "录音_2.m4a"
    # A consent or a photo that lies there already is another recording's.
    assert put(ask, "谈话.m4a", other).json()["name"] == "谈话_2.m4a"
    third = sample_path("04/").read_bytes()
    assert put(ask, "合影.m4a", third).json()["name"] == "合影_2.m4a"
    after = tree(village.recordings)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 3


def test_a_second_recording_of_a_name_keeps_what_the_name_says(
    ask: httpx2.Client, village: Project
) -> None:
    put(ask, "金村村_金老师.m4a", SOUND.read_bytes())
    put(ask, "金村村_金老师.m4a", sample_path("02/").read_bytes())
    beside = (village.recordings / "01" / "金村村_金老师_2.m4a.yml").read_text("utf-8")
    assert beside == "narrator: 金老师\n"


def test_the_same_bytes_are_there_already(ask: httpx2.Client, village: Project) -> None:
    put(ask, "一.m4a", SOUND.read_bytes())
    again = put(ask, "二.m4a", SOUND.read_bytes(), "家训")
    assert (again.status_code, again.json()["already"]) == (200, "recordings/01/一.m4a")
    work(ask, "transcribe")
    (village.recordings / "01" / "一.m4a").unlink()
    again = put(ask, "三.m4a", SOUND.read_bytes())
    assert again.json()["already"].startswith("archive/")
    assert not list(village.recordings.rglob("*.m4a"))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("空.m4a", b"", "空的"),
        ("作文.docx", b"PK\x03\x04" + b"x" * 2000, "不是录音"),
        ("断.m4a", SOUND.read_bytes()[:100], "不完整"),
        ("说明.yml", b"consent: {by: x, signed_on: 2026-01-01}", "不是录音"),
        ("坏.jpg", b"no photo", "照片打不开"),
        ("readme.txt", b"words", "换"),
        ("孤单.txt", "没有录音".encode(), "同名"),
    ],
)
def test_what_is_no_recording_is_refused_at_once(
    ask: httpx2.Client, village: Project, name: str, data: bytes, says: str
) -> None:
    before = tree(village.recordings)
    answer = put(ask, name, data)
    assert answer.status_code == 422
    assert says in answer.json()["error"] + answer.json()["remedy"]
    assert tree(village.recordings) == before
    assert not (village.recordings / "01").exists()


def test_a_photo_goes_with_the_recording_of_its_name(
    ask: httpx2.Client, village: Project, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30), "brown").save(tmp_path / "photo.jpg")
    photo = (tmp_path / "photo.jpg").read_bytes()
    assert put(ask, "陆家.jpg", photo, "家训").status_code == 422
    put(ask, "陆家.m4a", SOUND.read_bytes(), "家训")
    assert put(ask, "陆家.jpg", photo, "家训").json()["name"] == "陆家.jpg"
    assert put(ask, "祖训.txt", "勤俭持家".encode(), "家训").status_code == 201
    assert {p.name for p in (village.recordings / "mottoes").iterdir()} == {
        "陆家.m4a",
        "陆家.jpg",
        "祖训.txt",
    }


def test_too_large_is_refused_before_and_while_it_is_read(
    ask: httpx2.Client, village: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "LIMIT", 1000)
    before = tree(village.recordings)
    assert put(ask, "大.m4a", b"x" * 1001).status_code == 413
    assert put(ask, "大.m4a", iter([b"x" * 600, b"x" * 600])).status_code == 413
    assert tree(village.recordings) == before


@pytest.mark.parametrize(
    ("number", "status", "says"), [(errno.ENOSPC, 507, "满"), (errno.EACCES, 500, "权限")]
)
def test_a_disk_that_does_not_take_it_is_told(
    ask: httpx2.Client,
    village: Project,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    status: int,
    says: str,
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "no")

    before = tree(village.recordings)
    monkeypatch.setattr(routes, "_flush", fail)
    answer = put(ask, "录音.m4a", SOUND.read_bytes())
    assert answer.status_code == status
    assert says in answer.json()["error"] + answer.json()["remedy"]
    assert tree(village.recordings) == before


def test_a_full_disk_is_told_before_anything_is_sent(
    ask: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_free", lambda folder: 1000)
    assert put(ask, "录音.m4a", SOUND.read_bytes()).status_code == 507


def test_where_there_are_no_links_nothing_is_written_over_either(
    ask: httpx2.Client, village: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(routes.os, "link", refuse)
    assert put(ask, "录音.m4a", SOUND.read_bytes()).json()["name"] == "录音.m4a"
    assert put(ask, "录音.m4a", sample_path("02/").read_bytes()).json()["name"] == "录音_2.m4a"
    assert (village.recordings / "01" / "录音.m4a").read_bytes() == SOUND.read_bytes()


def test_a_name_that_is_taken_in_the_last_moment_stays(tmp_path: Path) -> None:
    arrived, target = tmp_path / "arrived", tmp_path / "录音.m4a"
    arrived.write_bytes(b"new")
    target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        routes._link(arrived, target)
    assert target.read_bytes() == b"old"


def test_a_broken_upload_leaves_nothing(opened: OpenDesk, village: Project) -> None:
    ask = opened.client()
    address = f"/api/deposits/{folder_id(ask, '第 1 课')}/broken.m4a"
    token = ask.headers["X-Cunshi-Token"]
    cookie = "; ".join(f"{n}={v}" for n, v in ask.cookies.items())
    host = opened.address.removeprefix("http://")
    head = (
        f"PUT {address} HTTP/1.1\r\nHost: {host}\r\nOrigin: {opened.address}\r\n"
        f"Cookie: {cookie}\r\nX-Cunshi-Token: {token}\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\n"
    )
    before = tree(village.recordings)
    name, port = host.split(":")
    with socket.create_connection((name, int(port))) as connection:
        connection.sendall(head.encode() + SOUND.read_bytes()[:5000])
        await_(lambda: list(village.recordings.rglob(".cunshi-*.part")))
    await_(lambda: not list(village.recordings.rglob(".cunshi-*.part")))
    assert tree(village.recordings) == before


def await_(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_a_dead_desk_left_is_swept(village: Project) -> None:
    left = village.recordings / ".cunshi-0123.part"
    left.write_bytes(b"half")
    theirs = village.recordings / ".part"
    theirs.write_bytes(b"not ours")
    routes.sweep(village)
    assert not left.exists() and theirs.exists()


def test_only_folders_that_are_listed_take_anything(ask: httpx2.Client, village: Project) -> None:
    before = tree(village.root)
    for folder in ("nothing", "..", "%2e%2e", "..%2f..%2fcourses", "01", "recordings"):
        answer = ask.put(f"/api/deposits/{folder}/x.m4a", content=b"x", headers=BYTES)
        assert answer.status_code in {400, 403, 404, 405, 415}, folder
    assert tree(village.root) == before


def test_folders_are_those_there_and_those_the_course_wants(
    ask: httpx2.Client, village: Project
) -> None:
    (village.recordings / "03-庙会" / "下半场").mkdir(parents=True)
    (village.recordings / "其他").mkdir()
    (village.recordings / ".git").mkdir()
    folders = ask.get("/api/folders").json()["folders"]
    titles = [folder["title"] for folder in folders]
    assert titles == [
        "第 1 课",
        "第 2 课",
        "第 3 课 庙会",
        "第 3 课 庙会 / 下半场",
        *(f"第 {number} 课" for number in range(4, 11)),
        "其他",
        "家训",
        "还没有定是哪一课",
    ]
    assert [f["lesson"] for f in folders][:4] == [1, 2, 3, 3]
    assert len({folder["id"] for folder in folders}) == len(folders)


@pytest.mark.parametrize(
    ("said", "key"), [({"date": "昨天"}, "date"), ({"village": "村" * 300}, "village")]
)
def test_what_is_said_has_to_be_readable(
    ask: httpx2.Client, said: dict[str, str], key: str
) -> None:
    answer = put(ask, "录音.m4a", SOUND.read_bytes(), **said)
    assert answer.status_code == 422
    assert [problem["key"] for problem in answer.json()["problems"]] == [key]


def test_names_are_read_by_the_same_rules(ask: httpx2.Client) -> None:
    names = ["金村村_金老师_2026-01-12.m4a", "录音_20260112_153012.m4a"]
    found = ask.post("/api/names", json={"names": names}).json()["names"]
    assert found[names[0]] == {"village": "金村村", "narrator": "金老师", "date": "2026-01-12"}
    assert found[names[1]] == {"village": "", "narrator": "", "date": ""}


# -- the to-do list


def test_the_list_of_an_empty_archive(ask: httpx2.Client) -> None:
    found = ask.get("/api/recordings").json()
    assert (found["recordings"], found["waiting"], found["problems"]) == ([], [], [])
    assert [lesson["number"] for lesson in found["course"]] == list(range(1, 11))


def test_states_follow_the_files(ask: httpx2.Client, village: Project) -> None:
    put(ask, "金村村_金老师_2026-01-12.m4a", SOUND.read_bytes())
    assert ask.get("/api/recordings").json()["waiting"] == ["金村村_金老师_2026-01-12.m4a"]
    work(ask, "transcribe")

    def card() -> dict[str, Any]:
        found = ask.get("/api/recordings").json()
        assert found["waiting"] == []
        return dict(found["recordings"][0])

    now = card()
    assert (now["state"], now["transcript"], now["consent"]) == ("待校对", "draft", "held")
    assert (now["narrator"], now["lesson"], now["kind"]) == ("金老师", 1, "talk")
    assert now["access"] == "open" and now["duration"] > 10 and now["last"] is None
    (village.cache / "deposits.json").unlink()  # as in a copy of the project on another computer
    assert card() == now
    (accession,) = village.accessions()
    edit(accession.transcript, "老人家", "老人家们")
    assert card()["state"] == "校对中"
    edit(accession.record, "by: 王老师", "by: ''")
    assert (card()["state"], card()["consent"], card()["access"]) == ("待授权", "missing", "sealed")
    edit(accession.record, "by: ''", "by: 王老师, until: 2026-01-02")
    assert card()["consent"] == "expired"
    edit(accession.record, "until: 2026-01-02", "withdrawn_on: 2026-01-02")
    assert card()["consent"] == "withdrawn"
    edit(accession.record, ", withdrawn_on: 2026-01-02", "")
    edit(accession.record, "approved_by:", "approved_by: 王老师")
    assert card()["state"] == "已校对"
    assert ask.get("/api/recordings").json()["course"][0]["approved"] == 1
    accession.transcript.write_text("WEBVTT\n\nno time\n", "utf-8")
    assert card()["state"] == "有问题"
    assert card()["problems"][0]["recording"] == accession.id


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_doubtful_lines_are_counted_until_somebody_has_removed_the_notes(
    told: tuple[Project, str, str],
) -> None:
    project, open_id, __ = told
    accession = project.accession(open_id)
    text = accession.transcript.read_text("utf-8")
    first = text.index("\n\n", text.index("-->")) + 2  # above the second line
    doubt = "NOTE 存疑：机器没有把握\n\nNOTE 核对：橋→桥\n\n"
    accession.transcript.write_text(text[:first] + doubt + text[first:], "utf-8")
    recording = project.read_recording(accession, [])
    assert status_cache.read_words_of(project, recording).doubtful == 1
    accession.transcript.write_text(text, "utf-8")
    assert status_cache.read_words_of(project, recording).doubtful == 0


def test_only_what_has_changed_is_read_again(
    told: tuple[Project, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, open_id, sealed_id = told
    for accession in project.accessions():
        for path in (accession.transcript, accession.record, accession.manifest, accession.master):
            settle(path)
    read: list[str] = []
    real = status_cache.read_words

    def counted(project: Project, recording: Recording) -> Transcript:
        read.append(recording.id)
        return real(project, recording)

    monkeypatch.setattr(status_cache, "read_words", counted)
    first = StatusCache(project)
    before = first.all()
    assert sorted(read) == sorted([open_id, sealed_id])
    assert first.all() == before and len(read) == 2
    # Nor does the next run of the desk read them, as long as build/ is there.
    assert StatusCache(project).all() == before and len(read) == 2
    edit(project.accession(open_id).record, "title:", "title: 新的题名 #")
    titles = [card.recording.description.title for card in first.all()]
    assert read[2:] == [open_id] and "新的题名" in titles
    shutil.rmtree(project.root / "build")
    assert len(StatusCache(project).all()) == 2 and len(read) == 5


@pytest.mark.parametrize("kept", ["", "{}", "[]", '{"version": "x"}', '{"words": {"a": 1}}'])
def test_a_damaged_memory_is_no_harm(told: tuple[Project, str, str], kept: str) -> None:
    project, __, ___ = told
    path = project.cache / "todo.json"
    path.write_text(kept, "utf-8")
    assert len(StatusCache(project).all()) == 2


def test_who_was_last_is_the_last_whole_line(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    assert status_cache.last_worked(history) is None
    lines = [{"who": "甲", "time": "2026-01-01", "segments": "长" * 100_000}]
    lines.append({"who": "乙", "time": "2026-01-02", "segments": "长" * 100_000})
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    history.write_text(text, "utf-8")
    assert status_cache.last_worked(history) == {"who": "乙", "time": "2026-01-02"}
    history.write_text(text + '{"who": "丙", "ti', "utf-8")
    assert status_cache.last_worked(history) == {"who": "乙", "time": "2026-01-02"}
    # What was drafted anew, or edited elsewhere, names nobody.
    nobody = json.dumps({"time": "2026-01-03", "text": "长" * 100_000}, ensure_ascii=False)
    history.write_text(text + f"{nobody}\n" * 3, "utf-8")
    assert status_cache.last_worked(history) == {"who": "乙", "time": "2026-01-02"}
    history.write_text("no JSON\n", "utf-8")
    assert status_cache.last_worked(history) is None


def test_a_refused_deposit_stands_at_the_top(ask: httpx2.Client, village: Project) -> None:
    bad = village.recordings / "01-课" / "坏.m4a"
    bad.parent.mkdir()
    bad.write_bytes(b"no sound at all" * 100)
    settle(bad)
    work(ask, "transcribe")
    found = ask.get("/api/recordings").json()
    assert [problem["where"] for problem in found["problems"]] == ["recordings/01-课/坏.m4a"]
    assert found["waiting"] == []


# -- jobs


def test_transcribing_goes_on_and_is_told_in_words(ask: httpx2.Client) -> None:
    put(ask, "一.m4a", SOUND.read_bytes())
    put(ask, "二.m4a", sample_path("02/").read_bytes())
    last = work(ask, "transcribe")
    assert (last["what"], last["exit_code"], last["problems"]) == ("transcribe", 0, [])
    assert last["lines"] == ["收录：新收 2 件，已有 0 件", "听写：2 件"]
    assert [c["state"] for c in ask.get("/api/recordings").json()["recordings"]] == ["待校对"] * 2


def test_progress_is_what_the_reporter_counts(village: Project) -> None:
    from cunshi.review.jobs.routes import Work

    going = Work(1, "transcribe", "2026-01-01")
    with going.task("听写", 2, 60.0) as task:
        task.advance(12.5)
        task.finish_one("一.m4a")
    assert going.as_json()["tasks"] == [
        {"label": "听写", "count": 2, "total": 60.0, "done": 1, "seconds": 12.5}
    ]


def test_one_job_at_a_time(village: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from cunshi import workflow

    going, end = threading.Event(), threading.Event()

    def slow(project: Project, reporter: object) -> BuiltSite:
        going.set()
        end.wait(30)
        day = date(2026, 6, 1)
        return BuiltSite(village.site, Days(today=day, clock=day), (), {}, None)

    monkeypatch.setattr(workflow, "build_site", slow)
    jobs = Jobs(village)
    jobs.start("site")
    assert going.wait(30)
    with pytest.raises(ApiError) as refused:
        jobs.start("transcribe")
    assert refused.value.status == 409
    assert jobs.as_json()["running"]["what"] == "site"
    end.set()
    await_(lambda: jobs.as_json()["running"] is None)
    jobs.start("site")


def test_another_window_at_work_is_told(ask: httpx2.Client, village: Project) -> None:
    with village.lock():
        answer = ask.post("/api/jobs", json={"what": "site"})
    assert answer.status_code == 409 and "另一个窗口" in answer.json()["error"]
    assert ask.get("/api/jobs").json() == {"running": None, "last": None}


@pytest.mark.parametrize("error", [RuntimeError("a fault"), CunshiError("一个错")])
def test_a_failure_is_kept(
    village: Project, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from cunshi import workflow

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(workflow, "ingest_and_transcribe", fail)
    jobs = Jobs(village)
    jobs.start("transcribe")
    await_(lambda: jobs.as_json()["running"] is None)
    last = jobs.as_json()["last"]
    assert last["exit_code"] == ExitCode.UNEXPECTED and last["problems"][0]["cause"]
    jobs.start("transcribe")  # and does not keep the next one from beginning


@pytest.mark.parametrize("body", [{}, {"what": "rm"}, {"what": 3}, []])
def test_only_known_jobs_are_started(ask: httpx2.Client, body: Any) -> None:
    assert ask.post("/api/jobs", json=body).status_code == 400


def test_publishing_brings_the_site_where_the_archive_says(
    ask: httpx2.Client, village: Project, tmp_path: Path
) -> None:
    put(ask, "金村村_金老师_2026-01-12.m4a", SOUND.read_bytes())
    work(ask, "transcribe")
    last = work(ask, "publish")
    assert (last["exit_code"], last["lines"]) == (0, ["网站做好了：公开 1 件录音。"])
    assert (village.site / "index.html").is_file()
    share = tmp_path / "share"
    share.mkdir()
    with (village.archive / "archive.yml").open("a", encoding="utf-8") as stream:
        stream.write(f"publish: {{to: {share}}}\n")
    last = work(ask, "publish")
    assert last["exit_code"] == 0 and last["lines"][-1].startswith("已经发布")
    assert (share / "current" / "index.html").is_file()
    with (village.archive / "archive.yml").open("a", encoding="utf-8") as stream:
        stream.write("nonsense: 1\n")
    last = work(ask, "publish")
    assert last["exit_code"] and last["lines"][-1].startswith("没有发布出去")
    assert [problem["where"] for problem in last["problems"]] == ["archive/archive.yml"]


# -- problems


def test_problems_lead_to_the_recording(ask: httpx2.Client, village: Project) -> None:
    put(ask, "一.m4a", SOUND.read_bytes())
    work(ask, "transcribe")
    (accession,) = village.accessions()
    edit(accession.record, "narrator:", "narator:")
    found = ask.get("/api/problems").json()
    assert [p["recording"] for p in found["problems"]] == [accession.id]
    assert not found["blocking"]  # the site is only made here
    with (village.archive / "archive.yml").open("a", encoding="utf-8") as stream:
        stream.write("publish: {to: /nowhere}\n")
    assert ask.get("/api/problems").json()["blocking"]
    notes = {n["what"]: [r["id"] for r in n["recordings"]] for n in found["notes"]}
    assert notes["机器初稿，还没有人听过"] == [accession.id]


@pytest.mark.parametrize(
    ("where", "cause", "recording"),
    [
        ("archive/a-1/recording.yml", "", "a-1"),
        ("archive/a-1 (01/x.m4a)", "", "a-1"),
        ("courses/01/lesson.md", "a-1 没有公开", "a-1"),
        ("archive/archive.yml", "", None),
        ("archive/gone/recording.yml", "", None),
    ],
)
def test_which_recording_a_problem_is_about(where: str, cause: str, recording: str | None) -> None:
    (found,) = as_json([Problem(ExitCode.RECORD, where, cause)], ["a-1", "b-2"])
    assert found["recording"] == recording


# -- the glossary

NEW = Term("暗泾", "地名", "一条河：“泾”是小河", "金村村", "àn jīng", ("暗经",))
FIRST = "terms:\n  - term: 金村\n    meaning: 村\n"
GLOSSARIES = {
    "as people write it": "# 词语本\n" + FIRST + "    kind: 地名\n",
    "no end of line": "terms:\n- term: 金村\n  meaning: 村",
    "a comment behind": "terms:\n  - {term: 金村, meaning: 村}  # 老名字\n\n# 完\n",
    "a block of text": "terms:\n  - term: 金村\n    meaning: |\n      一个\n      村\n\n# 完\n",
    "a list at the end": FIRST + "    heard_as:\n      - 今村\n      - 金春\n",
    "a list on one line": FIRST + "    heard_as: [今村,\n      金春]\n# 完\n",
    "all on one line": "terms: [{term: 金村, meaning: 村}]  # 词\n",
    "an empty list": "# 词语本\nterms: []  # 还没有\n# 完\n",
    "nothing": "# 词语本\nterms:\n\n# 完\n",
    "no key": "# 还没有词\n",
    "an empty file": "",
    "quoted over lines": 'terms:\n  - term: 金村\n    meaning: "一个\n      村"\n',
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", GLOSSARIES)
def test_a_word_is_added_and_all_else_stays(village: Project, kind: str, end: str) -> None:
    text = GLOSSARIES[kind].replace("\n", end)
    village.glossary.write_bytes(text.encode())
    before = parse_glossary(text, "", [])
    assert glossary.add_term(village, NEW) == (*before, NEW)
    after = village.glossary.read_bytes().decode()
    # Every line of before is there, in its order.
    lines = iter(after.splitlines())
    kept = [line for line in text.splitlines() if line.strip() and "[]" not in line]
    if kind != "all on one line":
        assert all(line in lines for line in kept)
    assert ("\r\n" in after) == (end == "\r\n" and bool(text))
    assert after.replace("\r\n", "").count("\r") == 0


@pytest.mark.parametrize("name", ["utf-8-sig", "utf-16-le", "utf-16-be", "gb18030"])
def test_the_encoding_stays(village: Project, name: str) -> None:
    mark = "\ufeff" if name.startswith("utf-16") else ""
    village.glossary.write_bytes((mark + GLOSSARIES["as people write it"]).encode(name))
    before = village.glossary.read_bytes()
    assert NEW in glossary.add_term(village, Term(**vars(NEW)))
    assert village.glossary.read_bytes().startswith(before)


@given(
    st.builds(
        Term,
        st.text(min_size=1, max_size=20).map(lambda t: " ".join(t.split())).filter(bool),
        st.sampled_from(["", "地名"]),
        st.text(min_size=1, max_size=60).map(lambda t: " ".join(t.split())).filter(bool),
    )
)
def test_any_word_is_read_back_or_refused(term: Term) -> None:
    text = GLOSSARIES["as people write it"]
    after = parse_glossary(append_item(text, "terms", glossary.as_entry(term)), "", [])
    assert after[:-1] == parse_glossary(text, "", [])
    # What YAML cannot hold is found out by reading it back, before the file is touched.
    assert after[-1].meaning == term.meaning or not term.meaning.isprintable()


def test_the_sample_glossary_takes_a_word(village: Project) -> None:
    before = village.glossary.read_bytes()
    glossary.add_term(village, Term("新词", "地名", "意思"))
    added = b"  - term: \xe6\x96\xb0\xe8\xaf\x8d\n"
    assert village.glossary.read_bytes().startswith(before + added)


def test_a_word_twice_is_refused(ask: httpx2.Client, village: Project) -> None:
    before = village.glossary.read_bytes()
    answer = ask.post("/api/glossary", json={"term": "金村", "meaning": "又一次"})
    assert answer.status_code == 409 and "已经有" in answer.json()["error"]
    assert village.glossary.read_bytes() == before


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ({}, ["term", "meaning"]),
        ({"term": "  ", "meaning": "x"}, ["term"]),
        ({"term": "新词", "meaning": "x", "heard_as": ["三个字"]}, ["heard_as"]),
        ({"term": "新" * 41, "meaning": "x"}, ["term"]),
        ({"term": 5, "meaning": ["x"]}, ["term", "meaning"]),
    ],
)
def test_what_a_word_lacks_is_said(ask: httpx2.Client, body: Any, keys: list[str]) -> None:
    answer = ask.post("/api/glossary", json=body)
    assert answer.status_code == 422
    assert [problem["key"] for problem in answer.json()["problems"]] == keys


def test_a_glossary_with_mistakes_is_left_alone(ask: httpx2.Client, village: Project) -> None:
    village.glossary.write_text("terms:\n  - term: 金村\n   meaning: 村\n", "utf-8")
    before = village.glossary.read_bytes()
    answer = ask.post("/api/glossary", json={"term": "新词", "meaning": "意思"})
    assert answer.status_code == 409 and "glossary.yml" in answer.json()["error"]
    assert village.glossary.read_bytes() == before


def test_a_word_of_the_desk_is_in_the_list(ask: httpx2.Client) -> None:
    body = {"term": "老虎灶", "meaning": "卖开水的铺子", "kind": "风物", "heard_as": ["老虎早"]}
    answer = ask.post("/api/glossary", json=body)
    assert answer.status_code == 200
    assert answer.json()["terms"][-1]["heard_as"] == ["老虎早"]
    assert ask.get("/api/glossary").json() == answer.json()

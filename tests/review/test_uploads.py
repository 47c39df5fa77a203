"""Recordings that people add at the desk: names, and files in recordings/."""

import errno
import socket
from datetime import date
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.project import Project
from cunshi.domain.recording import Description
from cunshi.review.uploads import routes
from cunshi.review.uploads.file_names import clean_name, named_after, numbered
from support.desk import OpenDesk
from support.desk_work import BYTES, SOUND, await_, folder_id, put, work
from support.village import sample_path, tree


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

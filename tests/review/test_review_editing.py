"""The editor's API: saved text is kept, and edits of several people are merged."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Client

from cunshi.archive.accession import Accession
from cunshi.archive.project import Project
from cunshi.transcription.engines import EngineIdentity
from support.desk import open_desk
from support.recorded_engine import RecordedEngine
from support.village import settle

Told = tuple[Project, str, str]


class At:
    """A recording at a running desk, used by several people."""

    def __init__(self, told: Told, clients: dict[str, Client]):
        self.project, self.id, self.sealed = told
        self.accession = Accession(self.project.archive / self.id)
        self.clients = clients

    def ask(self, method: str, path: str = "", who: str = "李老师", **body: Any) -> Any:
        answer = self.clients[who].request(
            method, f"/api/recordings/{self.id}{path}", json=body or None
        )
        return answer.status_code, answer.json()

    def read(self) -> Any:
        status, found = self.ask("GET")
        assert status == 200, found
        return found

    def save(self, base: int, segments: list[Any], who: str = "李老师", **more: Any) -> Any:
        return self.ask("PUT", "/transcript", who, base=base, segments=segments, **more)


@pytest.fixture
def at(told: Told) -> Iterator[At]:
    with open_desk(told[0]) as desk:
        yield At(told, {name: desk.client(name) for name in ("李老师", "王老师")})


def changed(segments: list[Any], number: int, **values: Any) -> list[Any]:
    return [s | values if n == number else s for n, s in enumerate(segments)]


def texts(segments: list[Any]) -> list[str]:
    return [s["text"] for s in segments]


def test_a_recording_as_the_editor_opens_it(at: At) -> None:
    found = at.read()
    assert (found["status"], found["revision"], found["corrected_by"]) == ("draft", 1, [])
    assert found["segments"]
    assert found["media"] == f"/media/{at.id}"


def test_what_is_saved_is_in_the_file_and_read_again(at: At) -> None:
    found = at.read()
    segments = changed(found["segments"], 0, text="慈乌村。", withheld=True, flags=[])
    status, answer = at.save(found["revision"], segments)
    assert (status, answer) == (200, {"revision": 2, "merged": [], "segments": None})
    text = at.accession.transcript.read_text("utf-8")
    assert "慈乌村。" in text
    assert "NOTE 不公开" in text
    again = at.read()
    assert (again["segments"], again["status"]) == (segments, "edited")
    assert again["corrected_by"] == ["李老师"]


def test_saving_what_is_there_changes_nothing(at: At) -> None:
    """Opening a draft leaves it a draft that the program may replace."""
    found = at.read()
    before = at.accession.transcript.read_bytes()
    assert at.save(1, found["segments"])[1]["revision"] == 1
    assert at.accession.transcript.read_bytes() == before
    assert at.read()["status"] == "draft"


def test_two_people_who_change_different_lines_lose_nothing(at: At) -> None:
    found = at.read()
    mine = changed(found["segments"], 0, text="李老师改的。")
    yours = changed(found["segments"], 2, text="王老师改的。", golden=True)
    assert at.save(1, mine)[0] == 200
    status, answer = at.save(1, yours, "王老师")
    assert (status, answer["revision"], answer["merged"]) == (200, 3, ["李老师"])
    assert texts(answer["segments"])[:3:2] == ["李老师改的。", "王老师改的。"]
    again = at.read()
    assert again["segments"] == answer["segments"]
    assert again["corrected_by"] == ["李老师", "王老师"]


def test_the_same_line_changed_by_two_is_a_conflict_and_both_are_told_all(at: At) -> None:
    found = at.read()
    at.save(1, changed(found["segments"], 0, text="李老师改的。"))
    before = at.accession.transcript.read_bytes()
    status, answer = at.save(1, changed(found["segments"], 0, text="王老师改的。"), "王老师")
    assert (status, answer["revision"], answer["who"]) == (409, 2, "李老师")
    assert (answer["base"], texts(answer["segments"])[0]) == (found["segments"], "李老师改的。")
    assert answer["error"]
    assert answer["remedy"]
    assert at.accession.transcript.read_bytes() == before
    assert at.save(2, changed(answer["segments"], 0, text="两人商量的。"), "王老师")[0] == 200


def test_the_text_of_one_and_the_mandarin_of_another_are_a_conflict(at: At) -> None:
    found = at.read()
    at.save(1, changed(found["segments"], 0, text="李老师改的。"))
    yours = changed(found["segments"], 0, mandarin="王老师的翻译。")
    assert at.save(1, yours, "王老师")[0] == 409


def test_lines_that_two_people_move_past_each_other_stay_in_order(at: At) -> None:
    found = at.read()["segments"]
    mine = changed(found, 0, start=found[0]["end"] - 0.1)
    yours = changed(found, 1, start=found[0]["start"] + 0.1)
    assert at.save(1, mine)[0] == 200
    status, answer = at.save(1, yours, "王老师")
    assert (status, answer["merged"]) == (200, ["李老师"])
    starts = [line["start"] for line in answer["segments"]]
    assert starts == sorted(starts)
    assert texts(answer["segments"])[:2] == [found[1]["text"], found[0]["text"]]
    assert at.read()["segments"] == answer["segments"]


def test_a_page_whose_answer_was_lost_is_not_somebody_else(at: At) -> None:
    segments = at.read()["segments"]
    at.save(1, changed(segments, 0, text="写到一半"), tab="a")
    assert at.save(1, changed(segments, 0, text="写到一半就写完了"), tab="a")[0] == 200
    assert at.read()["segments"][0]["text"] == "写到一半就写完了"
    assert at.save(1, changed(segments, 0, text="另一个窗口"), tab="b")[0] == 409
    assert at.save(1, changed(segments, 0, text="没有名字的窗口"))[0] == 409


# --- other programs


def rewrite(at: At, old: str, new: str) -> None:
    """Write a file like Notepad."""
    path = at.accession.transcript
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1).replace("\n", "\r\n"), "utf-8-sig")


def test_what_another_program_wrote_is_joined_with_what_is_saved(at: At) -> None:
    segments = at.read()["segments"]
    rewrite(at, segments[1]["text"], "记事本里改的")
    status, answer = at.save(1, changed(segments, 0, text="校对台里改的"))
    assert (status, answer["revision"], answer["merged"]) == (200, 3, ["别的程序"])
    assert texts(answer["segments"])[:2] == ["校对台里改的", "记事本里改的"]
    told = at.ask("GET", "/history")[1]["revisions"]
    assert [(r["who"], r["what"], r["changed"]) for r in told] == [
        ("李老师", "保存，和别人的修改合在一起", 1),
        ("别的程序", "在别的程序里改的", 1),
        ("机器", "机器初稿", len(segments)),
    ]


def test_the_same_line_in_another_program_is_a_conflict(at: At) -> None:
    segments = at.read()["segments"]
    rewrite(at, segments[0]["text"], "记事本里改的")
    status, answer = at.save(1, changed(segments, 0, text="校对台里改的"))
    assert (status, answer["who"], answer["revision"]) == (409, "别的程序", 2)
    assert "记事本里改的" in at.accession.transcript.read_text("utf-8-sig")


def test_a_file_that_cannot_be_read_is_told_and_not_touched(at: At) -> None:
    segments = at.read()["segments"]
    rewrite(at, "-->", "->")
    before = at.accession.transcript.read_bytes()
    for status, answer in (at.ask("GET"), at.save(1, changed(segments, 0, text="改"))):
        assert (status, bool(answer["error"]), bool(answer["remedy"])) == (409, True, True)
    assert at.accession.transcript.read_bytes() == before
    number = at.ask("GET", "/history")[1]["revisions"][0]["revision"]
    assert (number, at.ask("GET", "/history/1")[0]) == (2, 200)
    assert at.ask("POST", "/restore", base=2, revision=1)[0] == 200
    assert at.read()["segments"] == segments


def test_a_file_that_was_put_back_by_hand_is_not_overwritten(at: At) -> None:
    """Only an interrupted save, which left the file older than the history, is completed."""
    before = at.accession.transcript.read_bytes()
    at.save(1, changed(at.read()["segments"], 0, text="改过的"))
    at.accession.transcript.write_bytes(before)
    found = at.read()
    assert at.accession.transcript.read_bytes() == before
    assert (found["revision"], found["status"]) == (3, "draft")
    assert at.ask("GET", "/history/2")[1]["segments"][0]["text"] == "改过的"


def test_comments_of_people_stay_in_the_file(at: At) -> None:
    segments = at.read()["segments"]
    text = at.accession.transcript.read_text("utf-8")
    second = text.index("00:00:04.496")
    at.accession.transcript.write_text(
        f"{text[:second]}NOTE 问过金老师\n\n{text[second:]}", "utf-8"
    )
    at.save(at.read()["revision"], changed(segments, 1, text="改过的"))
    text = at.accession.transcript.read_text("utf-8")
    assert "NOTE 问过金老师\n\n00:00:04.496" in text


# --- history


def test_every_state_can_be_looked_at_and_restored(at: At) -> None:
    segments = at.read()["segments"]
    for number, name in enumerate(["李老师", "王老师", "李老师"], 1):
        at.save(number, changed(segments, 0, text=f"第{number}次改"), name)
    told = at.ask("GET", "/history")[1]["revisions"]
    assert [(r["revision"], r["who"], r["what"]) for r in told] == [
        (4, "李老师", "保存"),
        (3, "王老师", "保存"),
        (2, "李老师", "保存"),
        (1, "机器", "机器初稿"),
    ]
    status, state = at.ask("GET", "/history/3")
    assert (status, state["who"], state["segments"][0]["text"]) == (200, "王老师", "第2次改")
    status, answer = at.ask("POST", "/restore", base=4, revision=1)
    assert (status, answer["revision"], answer["segments"]) == (200, 5, segments)
    assert at.read()["status"] == "edited"
    assert at.ask("GET", "/history")[1]["revisions"][0]["what"] == "恢复到第 1 版"
    assert at.ask("POST", "/restore", base=4, revision=2)[0] == 409


def test_saves_of_one_person_within_a_minute_are_told_as_one(at: At) -> None:
    segments = at.read()["segments"]
    for number in range(1, 6):
        at.save(number, changed(segments, number % 2, text=f"第{number}次改"))
    told = at.ask("GET", "/history")[1]["revisions"]
    assert [(r["revision"], r["saves"]) for r in told] == [(6, 5), (1, 1)]
    assert [at.ask("GET", f"/history/{n}")[0] for n in range(1, 7)] == [200] * 6


@pytest.mark.parametrize("number", ["0", "99", "-1", "x", "1e1", "9" * 400, "1;2", "%C2%B2"])
def test_a_revision_that_does_not_exist(at: At, number: str) -> None:
    at.read()
    assert at.ask("GET", f"/history/{number}")[0] == 404


# --- what cannot be saved


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"start": -1.0}, 422),
        ({"end": 9_999.0}, 422),
        ({"start": 4.0, "end": 3.0}, 422),
        ({"text": "长" * 10_001}, 422),
        ({"mandarin": "长" * 10_001}, 422),
        ({"speaker": "长" * 101}, 422),
        ({"start": "0"}, 400),
        ({"start": True}, 400),
        ({"start": None}, 400),
        ({"end": 10**400}, 400),
        ({"text": None}, 400),
        ({"text": 7}, 400),
        ({"withheld": 1}, 400),
        ({"golden": "yes"}, 400),
        ({"flags": {}}, 400),
    ],
)
def test_what_cannot_be_a_line_is_refused_whole(at: At, values: Any, status: int) -> None:
    segments = at.read()["segments"]
    before = at.accession.transcript.read_bytes()
    found, answer = at.save(1, changed(segments, 1, **values))
    assert (found, bool(answer["error"])) == (status, True)
    if status == 422:
        assert answer["problems"][0]["line"] == 2
    assert at.accession.transcript.read_bytes() == before


@pytest.mark.parametrize(
    "body",
    [
        {"segments": []},
        {"base": 1},
        {"base": 1, "segments": {}},
        {"base": 1, "segments": [1]},
        {"base": 1, "segments": [None]},
        {"base": "1", "segments": []},
        {"base": True, "segments": []},
        {"base": -1, "segments": []},
        {"base": 2, "segments": []},
        {"base": 1, "segments": [], "tab": 7},
        {"base": 1, "segments": [], "tab": "x" * 101},
    ],
)
def test_what_is_no_save_is_not_understood(at: At, body: dict[str, Any]) -> None:
    at.read()
    assert at.ask("PUT", "/transcript", **body)[0] == 400
    assert at.read()["revision"] == 1


def test_too_many_lines_are_refused(at: At) -> None:
    line = {"start": 0.0, "end": 1.0, "text": "好"}
    at.read()
    assert at.save(1, [line] * 20_001)[0] == 422


def test_lines_come_back_as_they_can_be_written(at: At) -> None:
    at.read()
    lines = [
        {"start": 3.0, "end": 4.0, "text": "后\x00一\n句 ", "speaker": "王<b>", "flags": ["x", {}]},
        {"start": 1.00049, "end": 3.5, "text": " 普通话：前一句", "flags": [{"code": "unsure"}]},
        {"start": 2.0, "end": 2.5, "text": "  "},
        {"start": 5.0, "end": 6.0, "text": "", "withheld": True},
    ]
    assert at.save(1, lines) == (200, {"revision": 2, "merged": [], "segments": None})
    answer = at.read()["segments"]
    assert [(s["start"], s["text"], s["speaker"]) for s in answer] == [
        (1.0, "普通话：前一句", ""),
        (3.0, "后一 句", "王＜b＞"),
        (5.0, "[听不清]", ""),
    ]
    assert [f["code"] for f in answer[0]["flags"]] == ["unsure"]
    assert at.save(2, lines)[1]["revision"] == 2


def test_a_line_beyond_the_end_that_is_there_already_does_not_stop_the_others(at: At) -> None:
    segments = at.read()["segments"]
    path = at.accession.transcript
    path.write_text(path.read_text("utf-8") + "\n00:10:00.000 --> 00:10:01.000\n太晚\n", "utf-8")
    found = at.read()
    assert at.save(found["revision"], changed(found["segments"], 0, text="改"))[0] == 200
    assert len(at.read()["segments"]) == len(segments) + 1


# --- approval


def test_an_approved_transcript_is_closed_until_it_is_opened_again(at: At) -> None:
    record = at.accession.record
    record.write_text(f"# 手写的话\n{record.read_text('utf-8')}# 结尾\n", "utf-8")
    before = record.read_text("utf-8")
    segments = at.read()["segments"]
    at.save(1, changed(segments, 0, text="改过的"))
    assert at.ask("POST", "/approve", base=1)[0] == 409
    status, answer = at.ask("POST", "/approve", "王老师", base=2)
    assert (status, answer["approved_by"]) == (200, "王老师")
    day = answer["approved_on"]
    assert record.read_text("utf-8") == before.replace(
        "approved_by:\n", "approved_by: 王老师\n"
    ).replace("approved_on:\n", f"approved_on: {day}\n")
    found = at.read()
    assert (found["status"], found["approved_by"], found["approved_on"]) == (
        "approved",
        "王老师",
        day,
    )
    assert at.save(found["revision"], segments)[0] == 423
    assert at.ask("POST", "/restore", base=found["revision"], revision=1)[0] == 423
    assert at.ask("POST", "/approve", base=found["revision"])[1]["approved_by"] == "王老师"
    event = at.accession.read_events()[-1]
    assert (event.kind, event.agent, event.transcript) == (
        "metadata modification",
        "王老师",
        "approved",
    )
    assert at.ask("POST", "/reopen", x=1)[0] == 200
    assert record.read_text("utf-8") == before
    assert at.read()["status"] == "edited"
    told = [r["what"] for r in at.ask("GET", "/history")[1]["revisions"]]
    assert told == ["取消定稿", "定稿", "保存", "机器初稿"]
    assert at.save(2, changed(segments, 0, text="再改"))[0] == 200


def test_with_two_people_who_corrected_may_not_approve(at: At) -> None:
    archive = at.project.archive / "archive.yml"
    archive.write_text(archive.read_text("utf-8") + "two_people: 是\n", "utf-8")
    segments = at.read()["segments"]
    at.save(1, changed(segments, 0, text="改过的"))
    status, answer = at.ask("POST", "/approve", base=2)
    assert (status, bool(answer["remedy"])) == (403, True)
    assert at.read()["status"] == "edited"
    assert at.ask("POST", "/approve", "王老师", base=2)[0] == 200


def test_a_broken_record_is_not_written(at: At) -> None:
    record = at.accession.record
    record.write_text(
        record.read_text("utf-8").replace("approved_on:", "approved_on: 明天"), "utf-8"
    )
    before = record.read_bytes()
    at.read()
    status, answer = at.ask("POST", "/approve", base=1)
    assert (status, bool(answer["remedy"])) == (409, True)
    assert record.read_bytes() == before


def test_without_words_there_is_nothing_to_approve(at: At) -> None:
    at.read()
    assert at.save(1, [])[0] == 200
    assert at.ask("POST", "/approve", base=2)[0] == 422


# --- which recordings


def test_a_sealed_recording_can_be_corrected(at: At) -> None:
    at.id = at.sealed
    segments = at.read()["segments"]
    assert at.save(1, changed(segments, 0, text="改"))[0] == 200


@pytest.mark.parametrize("path", ["", "/history", "/history/1"])
def test_a_recording_that_does_not_exist(at: At, path: str) -> None:
    at.id = "20990101-00000000"
    assert at.ask("GET", path)[0] == 404


def test_a_motto_in_writing_can_be_corrected(village: Project, run: Any) -> None:
    motto = village.recordings / "mottoes" / "金村村_金家_2026-02-01.txt"
    motto.parent.mkdir()
    motto.write_text("勤俭持家\n\n和睦邻里\n", "utf-8")
    settle(motto)
    assert run(village, "build", "--engine", "recorded")[0] == 0
    motto_id = village.accessions()[0].id
    with open_desk(village) as desk:
        at = At((village, motto_id, ""), {"李老师": desk.client("李老师")})
        found = at.read()
        assert (found["kind"], found["media"], found["peaks"]) == ("motto", "", "")
        assert found["written"] == "勤俭持家\n\n和睦邻里"
        assert (texts(found["segments"]), found["revision"]) == (["勤俭持家", "和睦邻里"], 0)
        assert not at.accession.transcript.exists()
        status, answer = at.save(0, changed(found["segments"], 0, text="勤俭持家。"))
        assert (status, answer["revision"]) == (200, 1)
        assert texts(at.read()["segments"]) == ["勤俭持家。", "和睦邻里"]
    assert run(village, "site")[0] == 0
    page = (village.site / "recordings" / f"{motto_id}.html").read_text("utf-8")
    assert "勤俭持家。" in page


# --- the program at work meanwhile


def test_what_a_person_saves_while_it_is_transcribed_anew_stays(
    at: At, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recognition takes hours, in which the draft may be edited."""
    heard = at.accession.machine.read_bytes()
    hear = RecordedEngine.transcribe
    saved: list[int] = []

    def meanwhile(self: RecordedEngine, samples: Any, language: str) -> Any:
        if not saved:
            saved.append(at.save(1, changed(at.read()["segments"], 0, text="有人改过"))[0])
        return hear(self, samples, language)

    monkeypatch.setattr(RecordedEngine, "transcribe", meanwhile)
    monkeypatch.setattr(
        RecordedEngine,
        "identity",
        lambda self: EngineIdentity("recorded", "2", "new", "0" * 64, {}),
    )
    assert run(at.project, "transcribe", "--engine", "recorded")[0] == 0
    assert set(saved) == {200}
    assert at.read()["segments"][0]["text"] == "有人改过"
    assert at.accession.machine.read_bytes() == heard
    other = Accession(at.project.archive / at.sealed)
    assert '"new"' in other.machine.read_text("utf-8")


def test_a_draft_that_is_drafted_anew_is_a_state_of_its_own(at: At, run: Any) -> None:
    at.read()
    glossary = at.project.glossary
    glossary.write_text("terms:\n  - {term: 唐桥村, kind: 地名, meaning: 村}\n", "utf-8")
    assert run(at.project, "transcribe", "--engine", "recorded")[0] == 0
    found = at.read()
    assert (found["status"], found["revision"], found["corrected_by"]) == ("draft", 2, [])


def test_sweeping_up_waits_for_who_is_saving(at: At) -> None:
    """A temporary file of a running save must not be taken for one of a killed run."""
    aside = at.accession.folder / ".transcript.vtt.tmp"
    with at.project.writing():
        aside.write_text("neu", "utf-8")
        sweeping = threading.Thread(target=at.project.sweep)
        sweeping.start()
        sweeping.join(0.3)
        assert aside.exists()
    sweeping.join()
    assert not aside.exists()


def test_machine_and_words_are_what_the_machine_drafted(at: At) -> None:
    found = at.read()
    at.save(1, changed(found["segments"], 0, text="改过的"))
    again = at.read()
    assert again["machine"] == found["machine"]
    assert texts(again["machine"]) == texts(found["segments"])
    words = again["words"]
    assert "".join(word[2] for word in words).startswith("我们村里")
    assert all(0 <= start <= end and 0 <= p <= 1 for start, end, __, p in words)
    assert again["terms"][0] == {
        "term": "老人家",
        "pinyin": "lǎo rén jiā",
        "heard_as": [],
        "meaning": "年纪大的人",
    }


def test_a_damaged_history_stops_nobody(at: At) -> None:
    segments = at.read()["segments"]
    for number in (1, 2):
        at.save(number, changed(segments, 0, text=f"第{number}次改"))
    lines = at.accession.history.read_bytes().splitlines(keepends=True)
    at.accession.history.write_bytes(lines[0] + b"\0\n" + lines[2])
    assert at.read()["segments"][0]["text"] == "第2次改"
    status, answer = at.ask("GET", "/history/3")
    assert (status, bool(answer["remedy"])) == (409, True)
    assert at.ask("GET", "/history/1")[1]["segments"] == segments
    assert at.ask("GET", "/history/2")[0] == 404
    status, answer = at.save(2, changed(segments, 0, text="第三次改"))
    assert (status, texts(answer["segments"])[0]) == (409, "第2次改")
    assert at.save(3, changed(segments, 0, text="第三次改"))[1]["revision"] == 4
    assert at.ask("GET", "/history/4")[1]["segments"][0]["text"] == "第三次改"
    at.accession.history.write_bytes(b"\0\n" * 4)
    rewrite(at, "第三次改", "记事本里改的")
    assert at.read()["revision"] == 5
    assert at.ask("GET", "/history/5")[1]["segments"][0]["text"] == "记事本里改的"


def test_a_torn_history_is_mended_by_the_next_save(at: At) -> None:
    segments = at.read()["segments"]
    at.save(1, changed(segments, 0, text="第一次改"))
    with at.accession.history.open("ab") as stream:
        stream.write(b'{"revision": 3, "wh')
    assert at.read()["revision"] == 2
    assert at.save(2, changed(segments, 0, text="第二次改"))[1]["revision"] == 3
    assert [r["revision"] for r in at.ask("GET", "/history")[1]["revisions"]] == [3, 1]

"""The record and the consent at the review desk: its interface, its files, its page, its forms."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from conftest import settle
from cunshi import workflow
from cunshi.model import Access, Consent, Description, Kind, Recording, Technical
from cunshi.progress import Silent
from cunshi.review.reasons import why
from cunshi.store import Accession, Project
from desk import OpenDesk, open_desk

TODAY = dt.date(2027, 1, 15)  # what the fixed clock of the tests says


class Card:
    """One recording at an open desk, and its files."""

    def __init__(self, project: Project, recording_id: str, desk: OpenDesk):
        self.project, self.id, self.desk = project, recording_id, desk
        self.client = desk.client("李老师")
        self.address = f"/api/recordings/{recording_id}"

    @property
    def accession(self) -> Accession:
        return self.project.accession(self.id)

    @property
    def text(self) -> str:
        return self.accession.record.read_bytes().decode()

    def get(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"{self.address}/record").json()
        return found

    def put(self, base: str = "", **values: Any) -> httpx2.Response:
        sent = {"base": base or self.get()["base"], "values": values}
        return self.client.put(f"{self.address}/record", json=sent)

    def set(self, **values: Any) -> dict[str, Any]:
        answer = self.put(**values)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def put_scan(self, name: str, data: bytes) -> httpx2.Response:
        kind = {"Content-Type": "application/octet-stream"}
        return self.client.put(f"{self.address}/scans/{name}", content=data, headers=kind)

    def recording(self) -> Recording:
        return self.project.read_recording(self.accession, [])


@pytest.fixture
def card(told: tuple[Project, str, str]) -> Iterator[Card]:
    project, shown, __ = told
    with open_desk(project) as desk:
        yield Card(project, shown, desk)


# --- reading


def test_a_record_is_shown_with_why_it_is_open(card: Card) -> None:
    found = card.get()
    assert found["base"] == hashlib.sha256(card.accession.record.read_bytes()).hexdigest()
    values = found["values"]
    assert (values["narrator"], values["date"], values["lesson"]) == ("金老师", "2026-01-12", 1)
    assert values["consent"]["signed_on"] == "2026-01-01"
    assert values["consent"]["uses"] is None
    assert (found["access"], found["scans"], found["unreadable"]) == ("open", [], [])
    assert "网站" in found["why"]
    assert (found["title"], found["kind"]) == ("村名", "talk")


def test_an_unknown_id_is_not_found(card: Card) -> None:
    for recording_id in ("20990101-00000000", "..", "%2e%2e%2f%2e%2e"):
        assert card.client.get(f"/api/recordings/{recording_id}/record").status_code == 404


LONG_AGO = dt.date(2026, 1, 1)
SIGNED: dict[str, Any] = {"by": "甲", "signed_on": LONG_AGO}


@pytest.mark.parametrize(
    ("said", "access", "words"),
    [
        ({}, Access.SEALED, "没有登记同意书"),
        ({"consent": Consent(by="甲")}, Access.SEALED, "没有写签署日期"),
        ({"consent": Consent(**SIGNED, until=LONG_AGO)}, Access.SEALED, "到期了"),
        ({"consent": Consent(**SIGNED, withdrawn_on=LONG_AGO)}, Access.SEALED, "撤回了同意"),
        ({"consent": Consent(**SIGNED)}, Access.OPEN, "下次发布就在网站上"),
        ({"consent": Consent(**SIGNED), "access": Access.SEALED}, Access.SEALED, "选了封存"),
        ({"consent": Consent(**SIGNED), "access": Access.LISTED}, Access.LISTED, "只列题名"),
        ({"consent": Consent(**SIGNED), "access": Access.CLASSROOM}, Access.CLASSROOM, "礼包"),
        ({"consent": Consent(**SIGNED), "minor": True}, Access.SEALED, "未成年人的录音先封存"),
        (
            {"consent": Consent(**SIGNED, uses=("archive", "website")), "minor": True},
            Access.SEALED,
            "还没有写监护人",
        ),
        ({"consent": Consent(**SIGNED, uses=("website",))}, Access.SEALED, "没有同意存档"),
        ({"consent": Consent(**SIGNED, uses=("none",))}, Access.SEALED, "没有同意存档"),
        (
            {"consent": Consent(**SIGNED, uses=("archive", "lesson"))},
            Access.CLASSROOM,
            "没有同意放在网站上",
        ),
        ({"consent": Consent(**SIGNED, uses=("archive",))}, Access.SEALED, "网站和课程都没有"),
        (
            {"consent": Consent(**SIGNED, uses=("archive", "website"))},
            Access.OPEN,
            "课文不能引用",
        ),
        (
            {
                "consent": Consent(**SIGNED, uses=("archive", "website")),
                "access": Access.CLASSROOM,
            },
            Access.SEALED,
            "没有同意用在课程里",
        ),
        (
            {"consent": Consent(**SIGNED, uses=("archive", "lesson")), "access": Access.LISTED},
            Access.SEALED,
            "题名也不列",
        ),
    ],
)
def test_the_reason_is_the_one_that_holds(said: dict[str, Any], access: Access, words: str) -> None:
    technical = Technical("mov", "aac", 45.0)
    told = Recording("1", Kind.TALK, "m.m4a", "", "", technical, Description(**said))
    assert told.access(TODAY) is access
    assert words in why(told, TODAY)


# --- changing


def test_what_changes_is_one_value_and_every_other_byte_stays(card: Card) -> None:
    before = card.text.replace("title: 村名", "标题:  '村名'  # 照老人的说法\n# 别的话")
    card.accession.record.write_bytes(before.encode())
    found = card.set(title="村名的来历")
    assert found["values"]["title"] == found["title"] == "村名的来历"
    assert card.text == before.replace("标题:  '村名'  #", "标题: 村名的来历  #")
    last = card.accession.read_events()[-1]
    assert (last["event"], last["agent"]) == ("metadata modification", "李老师")
    assert last["decided"] == {"title": "村名的来历"}
    assert found["last"]["who"] == "李老师"


def test_many_values_are_set_at_once_and_taken_out_again(card: Card) -> None:
    first = card.text
    consent = {
        "by": "金建国",
        "signed_on": "2026-03-01",
        "form": "第 3 号: “甲”",
        "until": "2036-03-01",
        "uses": ["website", "archive"],
        "guardian": "",
        "shown_as": "匿名",
    }
    note = "第一行: 有冒号\n# 第二行"
    said = {"title": "null", "date": "2026-01-13", "lesson": 3, "minor": False, "note": note}
    values = card.set(**said, language="wuu", access="课堂", consent=consent)["values"]
    assert {k: values[k] for k in said} == said
    assert (values["access"], values["language"]) == ("classroom", "wuu")
    assert values["consent"] == consent | {"uses": ["archive", "website"], "withdrawn_on": ""}
    empty: dict[str, Any] = dict.fromkeys(consent, "") | {"uses": None}
    said = {"title": "", "date": "", "note": "", "language": "", "access": "", "lesson": None}
    values = card.set(**said, consent=empty)["values"]
    assert {k: values[k] for k in said} == said
    assert values["consent"] == empty | {"withdrawn_on": ""}
    assert card.text.split("# 以下")[1] == first.split("# 以下")[1]


def test_nothing_ticked_is_written_as_nothing_and_not_as_everything(card: Card) -> None:
    found = card.set(consent={"uses": []})
    assert (found["access"], found["values"]["consent"]["uses"]) == ("sealed", [])
    found = card.set(consent={"uses": None})
    assert (found["access"], found["values"]["consent"]["uses"]) == ("open", None)


def test_saving_nothing_new_writes_nothing(card: Card) -> None:
    before, events = card.text, card.accession.read_events()
    card.set(title="村名", date="2026-01-12", consent={"signed_on": "2026-01-01", "until": ""})
    assert (card.text, card.accession.read_events()) == (before, events)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"date": "去年"}, "date"),
        ({"access": "随便"}, "access"),
        ({"language": "法语"}, "language"),
        ({"lesson": 11}, "lesson"),
        ({"lesson": True}, "lesson"),
        ({"minor": "是"}, "minor"),
        ({"title": 3}, "title"),
        ({"note": "长" * 5001}, "note"),
        ({"kind": "motto"}, "kind"),
        ({"id": "x"}, "id"),
        ({"technical": {}}, "technical"),
        ({"approved_by": "我"}, "approved_by"),
        ({"consent": []}, "consent"),
        ({"consent": {"uses": ["一切"]}}, "consent.uses"),
        ({"consent": {"uses": "archive"}}, "consent.uses"),
        ({"consent": {"until": "永远"}}, "consent.until"),
        ({"consent": {"title": "x"}}, "consent.title"),
        ({"note": "甲\n乙", "date": "去年"}, "date"),
        ({"minor": True, "consent": {"by": "金小宝"}}, "consent.guardian"),
    ],
)
def test_what_cannot_be_taken_is_refused_and_nothing_written(
    card: Card, values: dict[str, Any], key: str
) -> None:
    before, events = card.text, card.accession.read_events()
    answer = card.put(**values)
    assert answer.status_code == 422
    [problem] = answer.json()["problems"]
    assert problem["key"] == key
    assert problem["cause"]
    assert (card.text, card.accession.read_events()) == (before, events)


def test_somebody_who_was_faster_is_told_and_not_overwritten(card: Card) -> None:
    base = card.get()["base"]
    card.set(title="先改的")
    answer = card.put(base, title="后改的")
    assert answer.status_code == 409
    theirs = answer.json()
    assert theirs["error"]
    assert theirs["values"]["title"] == "先改的"
    assert theirs["last"]["who"] == "李老师"
    assert card.put(theirs["base"], title="后改的").status_code == 200


def test_a_record_that_cannot_be_read_is_shown_and_mended(card: Card) -> None:
    card.accession.record.write_text(card.text.replace("2026-01-12", "去年冬天"), "utf-8")
    found = card.get()
    assert found["access"] == "sealed"
    assert "读不懂" in found["why"]
    assert found["unreadable"][0]["line"]
    assert card.put(title="别的").status_code == 422
    assert card.set(date="2026-01-12")["unreadable"] == []


@pytest.mark.parametrize("text", ["- 一\n- 二\n", "title: [\n", "只有字"])
def test_a_broken_record_is_left_alone(card: Card, text: str) -> None:
    card.accession.record.write_text(text, "utf-8")
    answer = card.put(title="别的")
    assert answer.status_code == 422
    assert answer.json()["remedy"]
    assert card.text == text


def test_what_was_set_at_the_desk_outlives_the_next_build(card: Card) -> None:
    """Whatever the folder says all along; only what it says anew may limit it."""
    folder = card.project.recordings / "folder.yml"
    said = "consent: {by: 王老师, signed_on: 2026-01-01, uses: [存档]}\naccess: 封存\nnote: 甲\n"
    folder.write_text(said, "utf-8")
    settle(folder)
    workflow.ingest(card.project, Silent())
    assert card.get()["access"] == "sealed"
    uses = ["archive", "transcription", "lesson", "website"]
    card.set(access="open", note="", title="村名", consent={"uses": uses, "by": "金建国"})
    before = card.text
    workflow.ingest(card.project, Silent())
    assert card.text == before
    assert card.get()["access"] == "open"
    folder.write_text(said.replace("uses: [存档]", "uses: [存档, 课程]"), "utf-8")
    settle(folder, 1)
    workflow.ingest(card.project, Silent())
    found = card.get()
    assert (found["access"], found["values"]["consent"]["by"]) == ("classroom", "金建国")


def test_a_withdrawal_takes_it_off_at_the_next_publication(card: Card) -> None:
    page = card.project.site / "recordings" / f"{card.id}.html"
    assert page.exists()
    found = card.client.post(f"{card.address}/withdraw", json={}).json()
    assert found["values"]["consent"]["withdrawn_on"] == TODAY.isoformat()
    assert found["access"] == "sealed"
    assert "撤回" in found["why"]
    workflow.publish_site(card.project, Silent())
    assert not page.exists()
    again = card.client.post(f"{card.address}/withdraw", json={}).json()
    assert again["base"] == found["base"]
    workflow.ingest(card.project, Silent())
    assert card.recording().description.consent.withdrawn_on == TODAY


def test_a_name_that_is_still_told_is_pointed_at(card: Card) -> None:
    found = card.set(title="金老师讲村名", consent={"shown_as": "东街老伯"})
    assert found["names_left"] == ["题名"]


# --- scans


def test_a_scan_is_kept_as_it_is_and_never_over_another(card: Card) -> None:
    found = card.put_scan("同意书.pdf", b"%PDF 1").json()
    assert found["scans"] == [{"name": "同意书.pdf", "size": 6}]
    assert card.put_scan("同意书.pdf", b"%PDF 2").json()["name"] == "同意书-2.pdf"
    assert card.put_scan("另一个名字.pdf", b"%PDF 1").json()["name"] == "同意书.pdf"
    assert len(card.get()["scans"]) == 2
    scan = card.accession.consent_forms / "同意书.pdf"
    assert scan.read_bytes() == b"%PDF 1"
    digest = hashlib.sha256(b"%PDF 1").hexdigest()
    assert card.accession.form_hashes()["consent/同意书.pdf"] == digest
    got = card.client.get(f"{card.address}/scans/同意书.pdf")
    assert (got.content, got.headers["content-type"]) == (b"%PDF 1", "application/pdf")
    assert list((card.project.archive / ".uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a<img src=x>.png", "aimg src=x.png"),
        ("..%5C..%5Cboot.ini", "boot.ini"),
        (".htaccess", "htaccess"),
        ("CON.pdf", "CON-.pdf"),
        ("x" * 200 + ".jpeg", "x" * 60 + ".jpeg"),
        ("无后缀", "无后缀"),
    ],
)
def test_a_scan_gets_a_name_that_every_disk_takes(card: Card, name: str, kept: str) -> None:
    got = card.put_scan(name, b"1").json()["name"]
    assert got == kept
    assert [path.name for path in card.accession.consent_forms.iterdir()] == [got]


def test_what_is_too_large_or_empty_leaves_nothing(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cunshi.review.scans.LARGEST", 100)
    kind = {"Content-Type": "application/octet-stream"}
    address = f"{card.address}/scans/a.pdf"
    assert card.put_scan("a.pdf", b"1" * 101).status_code == 413
    in_pieces = (b"1" * 60 for __ in range(2))
    assert card.client.put(address, content=in_pieces, headers=kind).status_code == 413
    assert card.put_scan("a.pdf", b"").status_code == 422
    assert not card.accession.consent_forms.exists()
    assert list((card.project.archive / ".uploads").iterdir()) == []


def test_a_page_among_the_scans_is_saved_and_not_shown(card: Card) -> None:
    card.put_scan("a.html", b"<script>alert(1)</script>")
    got = card.client.get(f"{card.address}/scans/a.html")
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment")


def test_no_other_file_is_had_for_a_scan(card: Card, tmp_path: Path) -> None:
    card.put_scan("a.pdf", b"1")
    for name in ("b.pdf", "..%2Frecording.yml", "%2e%2e", "..%5Crecording.yml"):
        assert card.client.get(f"{card.address}/scans/{name}").status_code == 404

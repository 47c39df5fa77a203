"""Records and consents at the review desk: API, files, page, forms."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from cunshi import workflow
from cunshi.archive.accession import Accession
from cunshi.archive.project import Project
from cunshi.core.progress import SilentReporter
from cunshi.domain.access import Days, access_decision
from cunshi.domain.access_reasons import why
from cunshi.domain.consent import USES, Access, Consent
from cunshi.domain.recording import Description, Kind, Recording, Technical
from support.accessibility import violations
from support.desk import OpenDesk, open_desk
from support.village import settle

TODAY = dt.date(2027, 1, 15)  # what the fixed clock of the tests says


class Card:
    """A recording at a running desk, and its files."""

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


def test_a_wrong_clock_opens_nothing_here_either(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    card.set(consent={"until": "2027-01-14"})
    published = {"event": "publication", "time": "2027-01-15T08:00:00+00:00"}
    card.project.publications.write_text(f"{json.dumps(published)}\n", "utf-8")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert card.get()["access"] == "sealed"
    listed = card.client.get("/api/recordings").json()
    assert [r["access"] for r in listed["recordings"] if r["id"] == card.id] == ["sealed"]
    assert any("电脑的日期是 2020-09-13" in problem["cause"] for problem in listed["problems"])


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
    decision = access_decision(told, Days(today=TODAY, clock=TODAY))
    assert decision.level is access
    assert words in why(decision, told.description.consent)


# --- changing


def test_what_changes_is_one_value_and_every_other_byte_stays(card: Card) -> None:
    before = card.text.replace("title: 村名", "标题:  '村名'  # 照老人的说法\n# 别的话")
    card.accession.record.write_bytes(before.encode())
    found = card.set(title="村名的来历")
    assert found["values"]["title"] == found["title"] == "村名的来历"
    assert card.text == before.replace("标题:  '村名'  #", "标题: 村名的来历  #")
    last = card.accession.read_events()[-1]
    assert (last.kind, last.agent) == ("metadata modification", "李老师")
    assert last.decided == {"title": "村名的来历"}
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
    blank = {"withdrawn_on": "", "embargo": ""}
    assert values["consent"] == consent | {"uses": ["archive", "website"]} | blank
    empty: dict[str, Any] = dict.fromkeys(consent, "") | {"uses": None}
    said = {"title": "", "date": "", "note": "", "language": "", "access": "", "lesson": None}
    values = card.set(**said, consent=empty)["values"]
    assert {k: values[k] for k in said} == said
    assert values["consent"] == empty | blank
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
    card.accession.record.write_text(card.text.replace("2026-01-12", "2026-13-45"), "utf-8")
    assert card.put(title="别的").status_code == 422


@pytest.mark.parametrize("text", ["- 一\n- 二\n", "title: [\n", "只有字"])
def test_a_broken_record_is_left_alone(card: Card, text: str) -> None:
    card.accession.record.write_text(text, "utf-8")
    answer = card.put(title="别的")
    assert answer.status_code == 422
    assert answer.json()["remedy"]
    assert card.text == text


def test_what_was_set_at_the_desk_outlives_the_next_build(card: Card) -> None:
    """Whatever folder.yml says; only a new value there may restrict it."""
    folder = card.project.recordings / "folder.yml"
    said = "consent: {by: 王老师, signed_on: 2026-01-01, uses: [存档]}\naccess: 封存\nnote: 甲\n"
    folder.write_text(said, "utf-8")
    settle(folder)
    workflow.ingest(card.project, SilentReporter())
    assert card.get()["access"] == "sealed"
    uses = ["archive", "transcription", "lesson", "website"]
    card.set(access="open", note="", title="村名", consent={"uses": uses, "by": "金建国"})
    before = card.text
    workflow.ingest(card.project, SilentReporter())
    assert card.text == before
    assert card.get()["access"] == "open"
    folder.write_text(said.replace("uses: [存档]", "uses: [存档, 课程]"), "utf-8")
    settle(folder, 1)
    workflow.ingest(card.project, SilentReporter())
    found = card.get()
    assert (found["access"], found["values"]["consent"]["by"]) == ("classroom", "金建国")


def test_a_withdrawal_takes_it_off_at_the_next_publication(card: Card) -> None:
    page = card.project.site / "recordings" / f"{card.id}.html"
    assert page.exists()
    found = card.client.post(f"{card.address}/withdraw", json={}).json()
    assert found["values"]["consent"]["withdrawn_on"] == TODAY.isoformat()
    assert found["access"] == "sealed"
    assert "撤回" in found["why"]
    workflow.build_site(card.project, SilentReporter())
    assert not page.exists()
    again = card.client.post(f"{card.address}/withdraw", json={}).json()
    assert again["base"] == found["base"]
    workflow.ingest(card.project, SilentReporter())
    assert card.recording().description.consent.withdrawn_on == TODAY


def test_a_name_that_is_still_told_is_pointed_at(card: Card) -> None:
    found = card.set(title="金老师讲村名", consent={"shown_as": "东街老伯"})
    assert found["names_replaced"] == ["题名"]


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
        ("a<img src=x>.png", "a-img src=x-.png"),
        ("..%5C..%5Cboot.ini", "-..-boot.ini"),
        (".htaccess", "htaccess"),
        ("CON.pdf", "扫描件-CON.pdf"),
        ("x" * 200 + ".jpeg", "x" * 115 + ".jpeg"),
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
    monkeypatch.setattr("cunshi.review.records.consent_scans.LARGEST", 100)
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


# --- the page


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, card: Card) -> Iterator[Open]:
    """Open a page of the desk signed in; an error on it fails the test."""
    faults: list[str] = []
    contexts = []

    def open_(path: str = f"/record/{card.id}", name: str = "王老师", **options: Any) -> Page:
        context = card.desk.context(browser, name, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if _is_fault(m) else None)
        page.goto(path)
        page.wait_for_selector(".savebar, .paper")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


def _is_fault(message: ConsoleMessage) -> bool:
    """Ignore rejected requests, which some tests cause and the browser reports too."""
    return message.type == "error" and "status of 4" not in message.text


def save(page: Page) -> None:
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("都保存好了")).to_be_visible()


@pytest.mark.browser
def test_a_volunteer_describes_a_recording_and_registers_its_consent(
    card: Card, open_page: Open
) -> None:
    page = open_page()
    expect(page.get_by_role("heading", level=1)).to_have_text("村名")
    page.get_by_label("题名").fill("村名的来历")
    page.get_by_label("哪一课").select_option("3")
    page.get_by_role("button", name="同讲述人").click()
    page.get_by_label("签署日期").fill("2026-03-01")
    page.get_by_label("纸上的编号").fill("3 号")
    page.get_by_text("纸上一项一项勾的").click()
    for use in ("存档", "转写成文字", "编进课程"):
        page.get_by_label(use).check()
    page.get_by_label("化名", exact=False).first.check()
    page.get_by_placeholder("例如：东街老伯").fill("东街老伯")
    expect(page.get_by_text("有 7 处改动没有保存")).to_be_visible()
    save(page)
    expect(page.locator(".state__level")).to_have_text("只供课堂")
    said = card.recording().description
    assert (said.title, said.lesson) == ("村名的来历", 3)
    assert said.consent == Consent(
        by="金老师",
        signed_on=dt.date(2026, 3, 1),
        form="3 号",
        uses=("archive", "transcription", "lesson"),
        shown_as="东街老伯",
    )
    page.reload()
    expect(page.get_by_label("转写成文字")).to_be_checked()
    expect(page.get_by_label("放在网站上")).not_to_be_checked()
    expect(page.get_by_placeholder("例如：东街老伯")).to_have_value("东街老伯")
    expect(page.get_by_text("都保存好了")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("role", "minor", "consent"),
    [
        ("本人", False, Consent(by="金小宝")),
        ("家属", False, Consent(by="金小宝（家属）")),
        ("监护人", True, Consent(by="金小宝", guardian="金小宝")),
    ],
)
def test_who_signed_is_written_and_shown_again(
    card: Card, open_page: Open, role: str, minor: bool, consent: Consent
) -> None:
    page = open_page()
    page.get_by_role("checkbox", name="讲述人未成年").set_checked(minor)
    page.get_by_role("radio", name=re.compile(f"^{role}")).check()
    page.get_by_label("签署人").fill("金小宝")
    save(page)
    found = card.recording().description.consent
    assert (found.by, found.guardian) == (consent.by, consent.guardian)
    page.reload()
    expect(page.get_by_label("签署人")).to_have_value("金小宝")
    expect(page.get_by_role("radio", name=re.compile(f"^{role}"))).to_be_checked()
    expect(page.get_by_text("都保存好了")).to_be_visible()


@pytest.mark.browser
def test_a_minor_needs_a_guardian(card: Card, open_page: Open) -> None:
    page = open_page()
    guardian = page.get_by_role("textbox", name="监护人")
    expect(guardian).to_be_hidden()
    page.get_by_role("checkbox", name="讲述人未成年").check()
    expect(guardian).to_be_visible()
    expect(guardian).to_have_attribute("required", "")
    page.get_by_label("签署人").fill("金小宝")
    page.keyboard.press("Control+s")
    expect(guardian).to_be_focused()
    expect(guardian).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("未成年人要监护人同意").first).to_be_visible()
    page.keyboard.type("金妈妈")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("都保存好了")).to_be_visible()
    assert card.recording().description.consent.guardian == "金妈妈"
    expect(page.locator(".state")).to_contain_text("未成年人的录音先封存")


@pytest.mark.browser
def test_another_name_that_is_not_yet_written_is_not_taken_for_the_own_one(
    card: Card, open_page: Open
) -> None:
    page = open_page()
    page.get_by_role("radio", name="化名").check()
    page.get_by_label("题名").fill("别的")
    before = card.text
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("写上化名，或者选匿名")).to_be_visible()
    assert card.text == before
    page.get_by_placeholder("例如：东街老伯").fill("东街老伯")
    save(page)
    assert card.recording().description.consent.shown_as == "东街老伯"


@pytest.mark.browser
def test_what_is_not_saved_is_found_again(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("题名").fill("写了一半")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    expect(page.get_by_label("题名")).to_have_value("写了一半")
    expect(page.get_by_text("有 1 处改动没有保存")).to_be_visible()
    page.get_by_role("button", name="放弃改动").click()
    page.get_by_role("button", name="真的放弃").click()
    expect(page.get_by_label("题名")).to_have_value("村名")
    page.reload()
    expect(page.get_by_label("题名")).to_have_value("村名")


@pytest.mark.browser
def test_two_people_who_change_different_fields_both_have_their_way(
    card: Card, open_page: Open
) -> None:
    one, other = open_page(), open_page(name="李老师")
    one.get_by_label("题名").fill("一")
    other.get_by_label("备注").fill("二")
    save(one)
    save(other)
    said = card.recording().description
    assert (said.title, said.note) == ("一", "二")
    expect(other.get_by_label("题名")).to_have_value("一")
    expect(other.get_by_text("王老师 刚才也改了别的栏")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize(("choice", "title"), [("王老师 写的", "一"), ("我写的", "二")])
def test_two_people_who_change_the_same_field_see_both(
    card: Card, open_page: Open, choice: str, title: str
) -> None:
    one, other = open_page(), open_page(name="李老师")
    one.get_by_label("题名").fill("一")
    other.get_by_label("题名").fill("二")
    other.get_by_label("备注").fill("三")
    save(one)
    other.get_by_role("button", name="保存", exact=True).click()
    panel = other.locator(".notice")
    expect(panel).to_contain_text("王老师 刚才也改了这几栏")
    expect(panel.get_by_role("radio")).to_have_count(2)
    panel.get_by_label(choice).check()
    panel.get_by_role("button", name="就用选好的保存").click()
    expect(other.get_by_text("都保存好了")).to_be_visible()
    said = card.recording().description
    assert (said.title, said.note) == (title, "三")
    expect(other.get_by_label("题名")).to_have_value(title)


@pytest.mark.browser
def test_a_scan_is_put_in_and_a_consent_withdrawn_in_two_clicks(
    card: Card, open_page: Open
) -> None:
    page = open_page()
    files = [{"name": "<b>纸.png", "mimeType": "image/png", "buffer": b"\x89PNG"}]
    page.locator("input[type=file]").set_input_files(files)  # type: ignore[arg-type]
    expect(page.locator(".scans a")).to_have_text("-b-纸.png")
    page.get_by_label("题名").fill("还没有保存")
    page.get_by_role("button", name="撤回同意").click()
    expect(page.locator(".withdraw")).to_contain_text("U 盘")
    assert card.recording().description.consent.withdrawn_on is None
    page.get_by_role("button", name="确定撤回").click()
    expect(page.locator(".state__level")).to_have_text("封存")
    assert card.recording().description.consent.withdrawn_on == TODAY
    expect(page.get_by_label("题名")).to_have_value("还没有保存")
    expect(page.locator(".withdraw__result")).to_contain_text("撤下")
    page.get_by_role("button", name="登记错了").click()
    page.get_by_role("button", name="取消撤回").click()
    expect(page.locator(".state__level")).to_have_text("公开")
    assert card.recording().description.consent.withdrawn_on is None
    expect(page.get_by_label("题名")).to_have_value("还没有保存")


@pytest.mark.browser
def test_the_recording_is_heard_beside_its_record(open_page: Open) -> None:
    page = open_page()
    known = (
        "a => a.duration || new Promise(done => { a.onloadedmetadata = () => done(a.duration) })"
    )
    assert page.locator("audio").evaluate(known) == pytest.approx(45.3, abs=0.5)


@pytest.mark.browser
def test_what_people_write_is_text_on_page_and_form(card: Card, open_page: Open) -> None:
    markup = "<img src=x onerror=\"document.title='!'\">"
    card.set(title=markup, narrator=markup, note=markup, consent={"by": markup, "form": markup})
    for path in (f"/record/{card.id}", f"/forms/consent/{card.id}", f"/forms/collection/{card.id}"):
        page = open_page(path)
        assert page.locator("img").count() == 0
        assert page.title() != "!"
        expect(page.locator("h1").first).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_keeps_nobody_out(open_page: Open, width: int, scheme: str) -> None:
    page = open_page(width=width, color_scheme=scheme)
    page.get_by_role("checkbox", name="讲述人未成年").check()
    page.get_by_text("纸上一项一项勾的").click()
    page.get_by_role("button", name="撤回同意").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


# --- forms


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.browser
@pytest.mark.parametrize(("form", "pages"), [("consent", 2), ("collection", 1)])
@pytest.mark.parametrize("filled", [True, False])
def test_a_form_fits_its_paper(
    card: Card, open_page: Open, form: str, pages: int, filled: bool
) -> None:
    card.set(
        title="村名的来历和东街老桥",
        note="样例：讲述人是虚构的，声音由电脑合成，没有真人出声。",
        consent={"form": "村文化站 2026 年第 3 号同意书"},
    )
    page = open_page(f"/forms/{form}/{card.id}" if filled else f"/forms/{form}")
    assert pages_of(page.pdf(prefer_css_page_size=True)) == pages
    assert ("金老师" in page.inner_text("main")) is filled
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_a_consent_form_asks_for_each_use_alone_and_is_not_ticked(
    card: Card, open_page: Open
) -> None:
    card.set(consent={"uses": ["archive", "website"], "form": "12 号"})
    page = open_page(f"/forms/consent/{card.id}")
    uses = page.locator(".uses li")
    expect(uses).to_have_count(len(USES))
    assert "✓" not in uses.all_inner_texts()
    text = page.inner_text("main")
    for said in ("收不回来", "不用说理由", "讲述人签名", "监护人签名", "经手人签名", "12 号"):
        assert said in text
    sizes = page.evaluate(
        "[...document.querySelectorAll('.paper p, .paper li, .line__label')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize) * 72 / 96)"
    )
    assert min(sizes) >= 12
    assert sorted(sizes)[len(sizes) // 2] >= 14


def test_the_form_says_where_words_are_recognised(card: Card) -> None:
    settings = card.project.archive / "archive.yml"
    assert "不交给别的公司" in card.client.get("/forms/consent").text
    text = settings.read_text("utf-8").replace("engine: faster-whisper", "engine: http")
    settings.write_text(text, "utf-8")
    assert "不交给别的公司" not in card.client.get("/forms/consent").text

"""Accounts of a network's desk: who may sign in, who may approve, and where this is kept."""

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client

from cunshi import cli
from cunshi.archive.accounts import passwords
from cunshi.archive.accounts.passwords import hash_password, is_password
from cunshi.archive.accounts.people import LONGEST_PASSWORD, Accounts
from cunshi.archive.project import Project
from cunshi.cli import accounts as commands
from cunshi.core.errors import ConfigurationError, ExitCode, RecordError
from support.desk import PASSWORD, OpenDesk, open_desk

Run = Callable[..., tuple[int, str]]
Told = tuple[Project, str, str]
OTHER = "another password"
# The ways to write one person's name.
SAME = [
    "张老师A1",
    " 张 老师 A1 ",
    "張老師a1",
    "张老师Ａ１",
    "张·老师-A1",
    "张老师A1.",
    "(张老师)ａ1",
]


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_COST", {"n": 16, "r": 8, "p": 1})


def typed(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[dict[str, Any]]:
    """Answer what the terminal asks; return how it asked."""
    asked: list[dict[str, Any]] = []
    waiting = list(answers)

    def answer(text: str, **how: Any) -> str:
        asked.append(how)
        return waiting.pop(0)

    monkeypatch.setattr(commands.click, "prompt", answer)
    return asked


def client_of(desk: OpenDesk, name: str, password: str = PASSWORD) -> Client:
    """Sign in over HTTP; the token is missing if that was refused."""
    client = Client(base_url=desk.address, headers={"Origin": desk.address}, timeout=30)
    answer = client.post("/api/session", json={"name": name, "password": password})
    if answer.status_code == 200:
        client.headers["X-Cunshi-Token"] = client.get("/api/session").json()["token"]
    return client


def is_in(client: Client) -> bool:
    return client.get("/api/session").status_code == 200


# The file


def test_the_file_is_private_and_tells_no_password(village: Project) -> None:
    old = os.umask(0)
    try:
        Accounts(village).add("李老师", PASSWORD, may_approve=True)
    finally:
        os.umask(old)
    text = village.accounts.read_text("utf-8")
    assert PASSWORD not in text
    if sys.platform != "win32":
        assert stat.S_IMODE(village.accounts.stat().st_mode) == 0o600
    assert json.loads(text)["accounts"][0]["name"] == "李老师"


def test_the_same_password_is_kept_differently_for_two(village: Project) -> None:
    known = Accounts(village)
    for name in ("李老师", "王阿姨"):
        known.add(name, PASSWORD, may_approve=False)
    first, second = (one.password for one in known.all())
    assert first["hash"] != second["hash"]


def test_hashes_are_those_of_rfc_7914() -> None:
    """The RFC's second test vector, whose hash is as long as ours."""
    stored = {
        "scheme": "scrypt",
        "n": 1024,
        "r": 8,
        "p": 16,
        "salt": b"NaCl".hex(),
        "hash": "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
    }
    assert is_password(stored, "password")
    assert not is_password(stored, "Password")


def test_a_password_is_the_same_on_every_keyboard() -> None:
    assert is_password(hash_password("caf\u00e9 long"), "cafe\u0301 long")


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        "a long password",
        [],
        {},
        {"scheme": "plain", "hash": PASSWORD},
        {"scheme": "scrypt", "n": 16, "r": 8, "p": 1, "salt": "", "hash": ""},
        {"scheme": "scrypt", "n": 15, "r": 8, "p": 1, "salt": "00", "hash": "00" * 64},
        {"scheme": "scrypt", "n": 2**30, "r": 8, "p": 1, "salt": "00", "hash": "00" * 64},
        {"scheme": "scrypt", "n": 16, "r": 8, "p": 2**20, "salt": "00", "hash": "00" * 64},
        {"scheme": "scrypt", "n": "x", "r": 8, "p": 1, "salt": "zz", "hash": 1},
    ],
)
def test_what_is_no_stored_password_lets_nobody_in(stored: Any) -> None:
    for guess in ("", PASSWORD):
        assert not is_password(stored, guess)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"accounts": {}}', '{"accounts": ["李"]}', "\udcff", "[" * 10**5],
)
def test_a_broken_file_lets_nobody_in_and_is_not_written_over(village: Project, text: str) -> None:
    data = text.encode("utf-8", "surrogateescape")
    village.accounts.write_bytes(data)
    known = Accounts(village)
    assert known.find("李老师") is None
    with pytest.raises(RecordError):
        known.add("李老师", PASSWORD, may_approve=True)
    assert village.accounts.read_bytes() == data


def test_what_a_later_version_writes_is_kept(village: Project) -> None:
    known = Accounts(village)
    known.add("李老师", PASSWORD, may_approve=True)
    whole = json.loads(village.accounts.read_text("utf-8"))
    whole["later"] = {"a": 1}
    whole["accounts"][0]["since"] = "2030-01-01"
    village.accounts.write_text(json.dumps(whole), "utf-8")
    known.add("王阿姨", PASSWORD, may_approve=False)
    known.change("李老师", password=OTHER, may_approve=False)
    after = json.loads(village.accounts.read_text("utf-8"))
    assert after["later"] == {"a": 1}
    assert after["accounts"][0]["since"] == "2030-01-01"
    assert known.sign_in("李老师", OTHER)


@pytest.mark.parametrize("value", ["true", "是", 1, None])
def test_only_a_yes_lets_approve(village: Project, value: Any) -> None:
    entry = {"name": "李老师", "may_approve": value, "password": hash_password(PASSWORD)}
    village.accounts.write_text(json.dumps({"accounts": [entry]}), "utf-8")
    found = Accounts(village).sign_in("李老师", PASSWORD)
    assert found
    assert not found.may_approve


def test_of_two_accounts_with_one_name_none_lets_in(village: Project) -> None:
    entries = [{"name": n, "password": hash_password(PASSWORD)} for n in SAME[:2]]
    village.accounts.write_text(json.dumps({"accounts": entries}), "utf-8")
    assert Accounts(village).sign_in(SAME[0], PASSWORD) is None


# Names


@pytest.mark.parametrize("name", SAME[1:])
def test_a_name_is_one_persons_however_it_is_written(village: Project, name: str) -> None:
    known = Accounts(village)
    known.add(SAME[0], PASSWORD, may_approve=False)
    with pytest.raises(ConfigurationError) as refused:
        known.add(name, OTHER, may_approve=True)
    assert SAME[0] in refused.value.cause
    found = known.sign_in(name, PASSWORD)
    assert found
    assert (found.name, found.may_approve) == (SAME[0], False)


def test_another_name_is_another_person(village: Project) -> None:
    known = Accounts(village)
    for name in ("张老师", "张老师2", "章老师", "张师"):
        known.add(name, PASSWORD, may_approve=False)
    assert [one.name for one in known.all()] == ["张老师", "张老师2", "章老师", "张师"]


# The command


def test_people_are_added_changed_and_removed(
    village: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = typed(monkeypatch, PASSWORD, OTHER)
    cli.main(["--root", str(village.root), "account", "add", "李老师"])
    assert asked[0] == {"hide_input": True, "confirmation_prompt": True}
    known = Accounts(village)
    assert not known.all()[0].may_approve
    cli.main(["--root", str(village.root), "account", "change", "李老师", "--may-approve"])
    found = known.sign_in("李老师", PASSWORD)
    assert found
    assert found.may_approve
    cli.main(["--root", str(village.root), "account", "change", "李老师.", "--new-password"])
    assert not known.sign_in("李老师", PASSWORD)
    found = known.sign_in("李老师", OTHER)
    assert found
    assert found.may_approve
    cli.main(["--root", str(village.root), "account", "remove", "李老师"])
    assert known.all() == ()


def test_the_list_tells_names_and_rights_and_no_hash(
    village: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    known = Accounts(village)
    known.add("李老师", PASSWORD, may_approve=True)
    known.add("王阿姨", PASSWORD, may_approve=False)
    cli.main(["--root", str(village.root), "account", "list"])
    assert capsys.readouterr().out.splitlines() == ["李老师  能定稿", "王阿姨  不能定稿"]


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (["add", "李老师"], "short12", "至少 8 个字符"),
        (["add", "李老师"], "x" * (LONGEST_PASSWORD + 1), "密码太长了"),
        (["add", "<b>"], PASSWORD, "不能用的字符"),
        (["add", "·"], PASSWORD, "不能用的字符"),
        (["add", "王 阿姨"], PASSWORD, "已经有 王阿姨 的账号"),
        (["remove", "李老师"], "", "没有 李老师 的账号"),
        (["change", "李老师", "--may-approve"], "", "没有 李老师 的账号"),
    ],
)
def test_what_cannot_be_done_is_said(
    village: Project,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    password: str,
    said: str,
) -> None:
    Accounts(village).add("王阿姨", PASSWORD, may_approve=False)
    before = village.accounts.read_bytes()
    typed(monkeypatch, password)
    code, printed = run(village, "account", *words)
    assert (code, said in printed) == (ExitCode.CONFIGURATION, True), printed
    assert village.accounts.read_bytes() == before


@pytest.mark.parametrize("option", ["--password", "--new-password"])
def test_no_command_takes_a_password(village: Project, run: Run, option: str) -> None:
    code, __ = run(village, "account", "add", "李老师", f"{option}={PASSWORD}")
    assert code == ExitCode.USAGE
    assert not village.accounts.exists()


@pytest.mark.parametrize("tty", [True, False])
def test_the_first_accounts_are_asked_for_on_a_terminal(
    village: Project, monkeypatch: pytest.MonkeyPatch, tty: bool
) -> None:
    from cunshi.review import server

    monkeypatch.setattr(sys.stdin, "isatty", lambda: tty, raising=False)
    monkeypatch.setattr(server, "run", lambda *words, **options: None)
    monkeypatch.setattr(commands.click, "confirm", lambda text: False)
    for __ in range(2):  # the second time they are there
        typed(monkeypatch, "李老师", PASSWORD, "王阿姨", OTHER, "")
        cli.main(["--root", str(village.root), "review", "--lan", "--no-open"])
    found = [(one.name, one.may_approve) for one in Accounts(village).all()]
    assert found == ([("李老师", True), ("王阿姨", False)] if tty else [])


# The desk


@pytest.fixture
def desk(told: Told) -> Iterator[OpenDesk]:
    project = told[0]
    archive = project.archive / "archive.yml"
    archive.write_text(archive.read_text("utf-8") + "two_people: 是\n", "utf-8")
    with open_desk(project, {"甲": True, "乙": True, "丙": False}) as opened:
        yield opened


def edit(client: Client, recording: str) -> int:
    """Change a line; return the revision."""
    found = client.get(f"/api/recordings/{recording}").json()
    lines = [dict(line) for line in found["segments"]]
    lines[0]["text"] += "改"
    path = f"/api/recordings/{recording}/transcript"
    saved = client.put(path, json={"base": found["revision"], "segments": lines})
    assert saved.status_code == 200, saved.text
    return int(saved.json()["revision"])


def approve(client: Client, recording: str, revision: int) -> int:
    path = f"/api/recordings/{recording}/approve"
    return client.post(path, json={"base": revision}).status_code


@pytest.mark.parametrize("name", ["甲", "甲.", " 甲 ", "·甲·", "（甲）"])
def test_nobody_approves_an_edit_of_their_own(desk: OpenDesk, told: Told, name: str) -> None:
    recording = told[1]
    revision = edit(client_of(desk, "甲"), recording)
    again = client_of(desk, name)
    assert again.get("/api/session").json()["name"] == "甲"
    assert approve(again, recording, revision) == 403
    assert approve(client_of(desk, "丙"), recording, revision) == 403
    assert approve(client_of(desk, "乙"), recording, revision) == 200
    history = again.get(f"/api/recordings/{recording}/history").json()["revisions"]
    assert [one["who"] for one in history[:2]] == ["乙", "甲"]


def test_a_name_of_the_history_is_a_person_however_it_is_written(told: Told) -> None:
    """What somebody edited at the desk of one computer, whose names are only said."""
    project, recording, __ = told
    archive = project.archive / "archive.yml"
    archive.write_text(archive.read_text("utf-8") + "two_people: 是\n", "utf-8")
    with open_desk(project) as here:
        revision = edit(here.client("張老师"), recording)
        assert approve(here.client("张·老师"), recording, revision) == 403
    with open_desk(project, {"张老师": True}) as desk:
        assert approve(client_of(desk, "张老师"), recording, revision) == 403


def test_who_may_not_approve_takes_no_approval_back(desk: OpenDesk, told: Told) -> None:
    recording = told[1]
    assert approve(client_of(desk, "乙"), recording, 1) == 200
    path = f"/api/recordings/{recording}/reopen"
    assert client_of(desk, "丙").post(path, json={}).status_code == 403
    assert client_of(desk, "甲").post(path, json={}).status_code == 200


def test_the_right_to_approve_is_taken_at_once(desk: OpenDesk, told: Told) -> None:
    client = client_of(desk, "乙")
    assert client.get("/api/session").json()["may_approve"] is True
    Accounts(told[0]).change("乙", may_approve=False)
    assert approve(client, told[1], 1) == 403
    assert is_in(client)


def remove(known: Accounts) -> None:
    known.remove("甲")


def remove_and_add(known: Accounts) -> None:
    known.remove("甲")
    known.add("甲", PASSWORD, may_approve=True)


def change(known: Accounts) -> None:
    known.change("甲", password=OTHER)


def break_file(known: Accounts) -> None:
    known._project.accounts.write_text("{", "utf-8")


@pytest.mark.parametrize("act", [remove, remove_and_add, change, break_file])
def test_a_session_ends_with_its_account_or_password(
    desk: OpenDesk, told: Told, act: Callable[[Accounts], None]
) -> None:
    client, other = client_of(desk, "甲"), client_of(desk, "乙")
    assert is_in(client)
    act(Accounts(told[0]))
    assert not is_in(client)
    assert client.post("/api/jobs", json={"what": "site"}).status_code == 401
    assert is_in(other) is (act is not break_file)


def test_a_person_changes_the_own_password(desk: OpenDesk, told: Told) -> None:
    client, other = client_of(desk, "甲"), client_of(desk, "乙")
    for old, new, status in (
        ("a wrong one", OTHER, 401),
        (PASSWORD, "short", 422),
        (PASSWORD, OTHER, 200),
    ):
        said = {"password": old, "new": new}
        assert client.post("/api/password", json=said).status_code == status
        assert is_in(client) is (status != 200)
    assert is_in(other)
    assert is_in(client_of(desk, "甲", OTHER))
    assert not is_in(client_of(desk, "甲"))


def test_old_passwords_are_not_guessed_either(desk: OpenDesk) -> None:
    client = client_of(desk, "甲")
    found = [
        client.post("/api/password", json={"password": f"guess {n}", "new": OTHER}).status_code
        for n in range(5)
    ]
    assert found == [401] * 3 + [429] * 2


def test_without_accounts_nobody_gets_in(told: Told) -> None:
    with open_desk(told[0], {}) as desk:
        for name, password in (("", ""), ("李老师", ""), ("李老师", PASSWORD)):
            assert not is_in(client_of(desk, name, password))


def test_one_computer_needs_no_account(told: Told) -> None:
    with open_desk(told[0]) as desk:
        client = desk.client("李老师")
        assert client.get("/api/session").json()["may_approve"] is True
        assert approve(client, told[1], 1) == 200
        said = {"password": "", "new": PASSWORD}
        assert client.post("/api/password", json=said).status_code == 404
    assert not told[0].accounts.exists()


# Where the file goes


def test_accounts_are_in_the_backup_and_in_nothing_for_others(
    told: Told, run: Run, tmp_path: Path
) -> None:
    project = told[0]
    Accounts(project).add("李阿婆", PASSWORD, may_approve=True)
    kept = project.accounts.read_bytes()
    for words in (
        ("backup", str(tmp_path / "copy")),
        ("backup", "--bag", str(tmp_path / "bag")),
        ("export", "--to", str(tmp_path / "export")),
        ("publish", "--to", str(tmp_path / "public")),
    ):
        run(project, *words)
    copy = tmp_path / "copy" / "archive" / "accounts.json"
    assert copy.read_bytes() == kept
    if sys.platform != "win32":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    secret = Accounts(project).all()[0].password["hash"].encode()
    for name in ("bag", "export", "public"):
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        assert files, name
        assert not [p for p in files if p.name == copy.name or secret in p.read_bytes()]
    project.accounts.unlink()
    run(project, "restore", str(tmp_path / "copy"))
    assert project.accounts.read_bytes() == kept


def test_anothers_accounts_are_not_merged(told: Told, run: Run, village: Project) -> None:
    Accounts(told[0]).add("李老师", PASSWORD, may_approve=True)
    run(village, "merge", str(told[0].root))
    assert village.accessions()
    assert not village.accounts.exists()

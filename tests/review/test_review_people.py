"""Signing in to the desk: key, password, names, sessions, and guessing."""

import http.client
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cunshi.archive.accounts.people import Accounts
from cunshi.archive.project import Project
from cunshi.review.api import ApiError
from cunshi.review.auth import sessions
from cunshi.review.auth.sessions import SESSION_SECONDS, SessionStore, SignInAttempts, clean_name
from cunshi.review.context import STATIC
from support.accessibility import violations
from support.desk import PASSWORD, OpenDesk, every_route, filled, open_desk, send, signed


def test_without_a_session_there_is_only_the_way_in(desk: OpenDesk) -> None:
    others = {"Origin": desk.address, "Content_Type": "application/json"}
    for method, path in every_route(desk.desk):
        status, headers, __ = send(desk, method, filled(path, "x"), **others)
        if path in {"/sign-in", "/api/sign-in", "/favicon.ico"}:
            assert status == 200
        elif (method, path) == ("POST", "/api/session"):
            assert status == 400
        elif method == "GET" and not path.startswith(("/api/", "/media/")):
            assert (status, headers.get("location")) == (303, "/sign-in"), path
        else:
            assert status == 401, (method, path)
    for file in STATIC.rglob("*.*"):
        path = "/static/" + file.relative_to(STATIC).as_posix()
        name = file.relative_to(STATIC).with_suffix("").as_posix()
        is_way_in = name in {"shared/desk", "auth/sign-in"} and file.suffix != ".html"
        assert send(desk, "GET", path)[0] == (200 if is_way_in else 303), path


def test_the_key_lets_one_browser_in_and_there_is_a_new_one(desk: OpenDesk) -> None:
    auth = desk.desk.auth
    told: list[str] = []
    auth.people.announce = told.append
    key = auth.people.key
    status, headers, __ = send(desk, "GET", f"/?key={key}")
    assert (status, headers["location"]) == (303, "/sign-in")
    cookie, __, flags = headers["set-cookie"].partition(";")
    assert cookie.startswith(f"cunshi-{auth.port}=")
    assert {"HttpOnly", "Path=/", "SameSite=strict", f"Max-Age={SESSION_SECONDS}"} == {
        flag.strip() for flag in flags.split(";") if "expires" not in flag.lower()
    }
    assert told == [auth.people.key] != [key]
    for used in (key, "", "x", "%C3%A9", "%00"):
        assert "set-cookie" not in send(desk, "GET", f"/?key={used}")[1]
    # The right key without a name opens nothing yet.
    assert send(desk, "GET", "/api/session", Cookie=cookie)[0] == 401
    assert send(desk, "GET", "/api/recordings/x/peaks", Cookie=cookie)[0] == 401


def test_the_key_leaves_the_address_of_who_is_in_and_stays_good(desk: OpenDesk) -> None:
    key = desk.desk.auth.people.key
    status, headers, __ = send(desk, "GET", f"/?key={key}", **signed(desk))
    assert (status, headers["location"]) == (303, "/")
    assert "set-cookie" not in headers
    assert send(desk, "GET", f"/?key={desk.desk.auth.people.key}")[1]["location"] == "/sign-in"


def sign_in(desk: OpenDesk, body: object, cookie: str = "", **more: str) -> tuple[int, str, dict]:
    """Sign in with a body; return status, cookie and response."""
    asking = http.client.HTTPConnection(urlsplit(desk.address).netloc, timeout=10)
    headers = {"Origin": desk.address, "Content-Type": "application/json", "Cookie": cookie, **more}
    asking.request("POST", "/api/session", json.dumps(body), headers)
    answer = asking.getresponse()
    given = (answer.getheader("set-cookie") or "").partition(";")[0]
    return answer.status, given, json.loads(answer.read())


def test_a_session_that_somebody_else_chose_is_never_begun(desk: OpenDesk) -> None:
    name = desk.desk.auth.cookie
    chosen = f"{name}=chosen-by-somebody-else"
    assert sign_in(desk, {"name": "李老师"}, chosen)[0] == 401
    entered = f"{name}={desk.desk.auth.people.enter(desk.desk.auth.people.key)}"
    status, given, __ = sign_in(desk, {"name": "李老师"}, entered)
    assert status == 200
    assert given not in {entered, chosen}
    # Who knew the id from before signing in has nothing.
    assert send(desk, "GET", "/api/session", Cookie=entered)[0] == 401
    assert sign_in(desk, {"name": "王阿姨"}, entered)[0] == 401
    assert send(desk, "GET", "/api/session", Cookie=given)[0] == 200


def test_another_desks_cookie_is_worth_nothing(desk: OpenDesk, home: Project) -> None:
    with open_desk(home) as other:
        value = next(iter(other.cookie("李老师").values()))
        assert other.desk.auth.cookie != desk.desk.auth.cookie
        for name in (other.desk.auth.cookie, desk.desk.auth.cookie):
            assert send(desk, "GET", "/api/session", Cookie=f"{name}={value}")[0] == 401


def test_a_session_ends_after_half_a_day() -> None:
    now = [0.0]
    here = SessionStore(clock=lambda: now[0])
    begun = here.sign_in(here.enter(here.key), "李老师", "", "")
    now[0] = SESSION_SECONDS - 1
    assert here.find(begun)
    now[0] = SESSION_SECONDS + 1
    assert not here.find(begun)
    here.sign_in(here.enter(here.key), "王阿姨", "", "")
    assert begun not in here._sessions


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "·",
        "<b>李</b>",
        "李\r\nSet-Cookie: a=b",
        "李\n-->",
        "李\x00",
        "李\u202e师",
        "李\u200b师",
        "a&amp;b",
        '"李"',
        "{{李}}",
        "李" * 21,
        "\ud800",
        "李\u2028师",
        "../李",
        "李: 师",
        "👩‍🏫",
        "\u0301",
    ],
)
def test_a_name_that_is_none_is_refused(desk: OpenDesk, name: str) -> None:
    entered = f"{desk.desk.auth.cookie}={desk.desk.auth.people.enter(desk.desk.auth.people.key)}"
    status, given, answer = sign_in(desk, {"name": name}, entered)
    assert status in {400, 422}
    assert given == ""
    assert answer["error"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [(" 李老师 ", "李老师"), ("欧阳·娜娜", "欧阳·娜娜"), ("𠮷野", "𠮷野"), ("Jose\u0301", "José")],
)
def test_names_of_people_are_kept(name: str, kept: str) -> None:
    assert clean_name(name) == kept


@pytest.mark.parametrize("body", [None, [], "x", 1, {"name": 1}, {"name": None}, {"name": ["x"]}])
def test_signing_in_with_something_else(desk: OpenDesk, body: object) -> None:
    assert sign_in(desk, body)[0] == 400


# A network: guessing


def test_a_network_needs_name_and_password(home: Project) -> None:
    with open_desk(home, {"李老师": False}) as desk:
        assert "set-cookie" not in send(desk, "GET", f"/?key={desk.desk.auth.people.key}")[1]
        for wrong in ({}, {"password": 1}):
            assert sign_in(desk, {"name": "李老师", **wrong})[0] == 400
        status, given, __ = sign_in(desk, {"name": "李老师", "password": PASSWORD})
        assert status == 200
        answer = json.loads(send(desk, "GET", "/api/session", Cookie=given)[2])
        assert (answer["name"], answer["lan"]) == ("李老师", True)
        assert PASSWORD not in json.dumps(answer, ensure_ascii=False)
        for name, guess in (("李老师", "a wrong one"), ("王老师", PASSWORD), ("", PASSWORD)):
            assert sign_in(desk, {"name": name, "password": guess})[:2] == (401, "")


def test_guessing_becomes_slow_even_under_other_names_and_addresses(home: Project) -> None:
    with open_desk(home, {"李老师": False}) as desk:
        found = [
            sign_in(
                desk,
                {"name": f"人{n}", "password": f"guess {n}"},
                **{"X-Forwarded-For": f"10.0.0.{n}", "Forwarded": f"for=10.0.0.{n}"},
            )[0]
            for n in range(30)
        ]
        assert found == [401] * 3 + [429] * 27
        status, given, answer = sign_in(desk, {"name": "李老师", "password": PASSWORD})
        assert (status, given) == (429, "")
        assert answer["seconds"] > 0


def test_ones_own_password_gives_no_tries_at_anothers(home: Project) -> None:
    with open_desk(home, {"李老师": False, "王阿姨": True}) as desk:
        found = []
        for n in range(5):
            found.append(sign_in(desk, {"name": "王阿姨", "password": f"guess {n}"})[0])
            sign_in(desk, {"name": "李老师", "password": PASSWORD})
        assert found == [401] * 3 + [429] * 2


def test_each_wrong_password_doubles_the_wait_of_its_address() -> None:
    now = [0.0]
    attempts = SignInAttempts(lambda: now[0])
    waits = []
    for __ in range(12):
        attempts.fail("10.0.0.1")
        waits.append(attempts.wait("10.0.0.1"))
        now[0] += waits[-1]
    assert waits[:2] == [0, 0]
    assert waits[2:9] == [2, 4, 8, 16, 32, 64, 128]
    assert waits[-1] == sessions._LONGEST_WAIT
    assert attempts.wait("10.0.0.2") == 0
    attempts.succeed("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 0


def test_guesses_at_the_same_time_are_counted_one_by_one(home: Project) -> None:
    here = SessionStore(Accounts(home), clock=lambda: 0.0)

    def guess(number: int) -> int:
        try:
            here.sign_in("", "李老师", f"guess {number}", "10.0.0.1")
        except ApiError as refusal:
            return refusal.status
        return 200

    with ThreadPoolExecutor(20) as pool:
        found = sorted(pool.map(guess, range(100)))
    assert found == [401] * 3 + [429] * 97


# The page


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Request a URL without signing in."""
    contexts: list[BrowserContext] = []

    def open_(address: str, **options: Any) -> Page:
        contexts.append(browser.new_context(locale="zh-CN", **options))
        page = contexts[-1].new_page()
        page.goto(address)
        page.locator("#door > *").first.wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("people", [None, {"王阿姨": True}])
def test_the_way_in_is_accessible(
    visit: Callable[..., Page], home: Project, scheme: str, people: dict[str, bool] | None
) -> None:
    with open_desk(home, people) as desk:
        key = f"/?key={desk.desk.auth.people.key}"
        for path in ("/", key):
            page = visit(
                desk.address + path,
                color_scheme=scheme,
                viewport={"width": 390, "height": 800},
            )
            assert violations(page) == []
            wide = "document.documentElement.scrollWidth"
            assert page.evaluate(f"() => {wide}") <= 390


@pytest.mark.browser
def test_a_name_is_given_by_keyboard_and_offered_the_next_time(
    visit: Callable[..., Page], home: Project
) -> None:
    with open_desk(home) as desk:
        people = desk.desk.auth.people
        page = visit(f"{desk.address}/?key={people.key}")
        expect(page).to_have_url(f"{desk.address}/sign-in")
        expect(page.get_by_label("您的名字")).to_be_focused()
        page.keyboard.type("<b>")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("名字里有不能用的字符")
        page.get_by_label("您的名字").fill("李老师")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{desk.address}/")
        assert {s.name for s in people._sessions.values()} == {"李老师"}
        page.goto("about:blank")  # or the page itself would go and sign in
        page.context.clear_cookies()
        page.goto(f"{desk.address}/?key={people.key}")
        expect(page.get_by_label("您的名字")).to_have_value("李老师")


@pytest.mark.browser
def test_a_network_is_signed_in_to_with_its_password_and_told_what_it_is(
    visit: Callable[..., Page], home: Project
) -> None:
    with open_desk(home, {"王阿姨": True}) as desk:
        page = visit(desk.address)
        expect(page.locator("aside")).to_contain_text("没有加密")
        page.get_by_label("您的名字").fill("王阿姨")
        page.get_by_label("密码").fill("a wrong password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("密码不对")
        page.get_by_label("密码").fill("a long password")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{desk.address}/")


@pytest.mark.browser
def test_the_own_password_is_changed_at_the_desk(browser: Browser, home: Project) -> None:
    with open_desk(home, {"刘阿姨": False}) as desk:
        context = desk.context(browser, "刘阿姨", 390)
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="换密码").click()
        page.get_by_label("现在的密码").fill(PASSWORD)
        assert violations(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        page.locator("input[autocomplete=new-password]").first.fill("another password")
        page.get_by_label("再写一遍新密码").fill("another passwort")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("不一样")
        page.get_by_label("再写一遍新密码").fill("another password")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{desk.address}/sign-in")
        context.close()


@pytest.mark.browser
def test_without_the_key_one_is_told_where_it_is(visit: Callable[..., Page], home: Project) -> None:
    with open_desk(home) as desk:
        page = visit(desk.address)
        expect(page.get_by_role("heading", level=2)).to_contain_text("黑色窗口")
        assert page.locator("input").count() == 0

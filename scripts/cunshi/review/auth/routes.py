"""Signing in and out, and the initial data of a page."""

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cunshi.archive.accounts.people import LONGEST_NAME
from cunshi.core.clock import today
from cunshi.core.i18n import _
from cunshi.domain.settings import MANDARIN, MIXED, WU
from cunshi.review.api import ApiError, ApiRequest, route
from cunshi.review.context import Desk
from cunshi.review.todo.lesson_titles import written_lessons

_HERE = "127.0.0.1"


def routes(desk: Desk) -> list[Route]:
    """Return the routes of the session."""
    people, auth = desk.auth.people, desk.auth

    def how(ask: ApiRequest) -> dict[str, object]:
        entered = people.needs_account or people.find(ask.session) is not None
        return {
            "lan": people.needs_account,
            "secure": auth.is_encrypted,
            "entered": entered,
            "longest": LONGEST_NAME,
        }

    def read(ask: ApiRequest) -> dict[str, object]:
        session = people.find(ask.session)
        if session is None:
            raise ApiError(401, _("还没有登录"), _("打开校对台的首页登录"))
        may_approve = people.may_approve(ask.session)
        said = {"name": session.name, "token": session.token, "may_approve": may_approve}
        return {**said, **_about(desk, ask)}

    def sign_in(ask: ApiRequest) -> Response:
        password = ask.field("password", str) if people.needs_account else ""
        name = ask.field("name", str)
        session_id = people.sign_in(ask.session, name, password, ask.address)
        answer = JSONResponse({})
        auth.set_session_cookie(answer, session_id)
        return answer

    def change_password(ask: ApiRequest) -> dict[str, object]:
        old, new = ask.field("password", str), ask.field("new", str)
        people.change_password(ask.person, old, new, ask.address)
        return {}

    def sign_out(ask: ApiRequest) -> Response:
        people.sign_out(ask.session)
        answer = JSONResponse({})
        auth.set_session_cookie(answer, "")
        return answer

    return [
        route("GET", "/api/sign-in", how),
        route("GET", "/api/session", read),
        route("POST", "/api/session", sign_in),
        route("DELETE", "/api/session", sign_out),
        route("POST", "/api/password", change_password),
    ]


def _about(desk: Desk, ask: ApiRequest) -> dict[str, object]:
    archive = desk.project.read_archive([])
    return {
        "lan": desk.auth.people.needs_account,
        "today": today().isoformat(),
        "two_people": archive.two_people,
        "villages": list(archive.villages),
        "lessons": [
            {"number": one.number, "title": one.title} for one in written_lessons(desk.project)
        ],
        "site": desk.site if ask.address == _HERE else "",
        "languages": _choices(
            {MANDARIN: _("普通话"), WU: _("吴语（本地话）"), MIXED: _("夹杂（两种都说）")}
        ),
        "uses": _choices(_uses()),
    }


def _uses() -> dict[str, str]:
    """Return the uses of a consent with their labels."""
    return {
        "archive": _("存档"),
        "transcription": _("转写成文字"),
        "lesson": _("编进课程"),
        "website": _("放在网站上"),
        "social": _("在公众号等社交媒体上用"),
    }


def _choices(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "label": label} for key, label in labels.items()]

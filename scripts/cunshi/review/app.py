"""The desk as an ASGI application: pages, API, static files."""

import mimetypes
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cunshi.core.i18n import _
from cunshi.review.api import error_response
from cunshi.review.auth import routes as session
from cunshi.review.auth.middleware import SIGN_IN, AuthMiddleware, SecurityHeaders
from cunshi.review.context import STATIC, Desk
from cunshi.review.editor import audio, glossary
from cunshi.review.editor import routes as editing
from cunshi.review.jobs import routes as jobs
from cunshi.review.records import print_forms
from cunshi.review.records import routes as records
from cunshi.review.todo import problems
from cunshi.review.todo import routes as todo
from cunshi.review.uploads import routes

# Windows' registry may declare scripts as plain text, which browsers then refuse to run.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/css", ".css")
mimetypes.add_type("image/svg+xml", ".svg")

# Path → the page's shell in static/; its content comes from the API.
_PAGES = {
    "/": "todo/todo.html",
    "/edit/{id}": "editor/editor.html",
    "/record/{id}": "records/record.html",
    "/add": "uploads/add.html",
    "/publish": "jobs/publish.html",
    "/glossary": "glossary/glossary.html",
    "/password": "auth/password.html",
    SIGN_IN: "auth/sign-in.html",
}


def application(desk: Desk) -> Starlette:
    """Return the desk of a project with its middleware."""
    made = Starlette(
        routes=[*_pages(), *_interface(desk), Route("/favicon.ico", _icon), _static()],
        middleware=[Middleware(SecurityHeaders), Middleware(AuthMiddleware, auth=desk.auth)],
        exception_handlers={HTTPException: _explain},
    )
    # Do not redirect paths with an additional slash; they do not exist.
    made.router.redirect_slashes = False
    return made


def _interface(desk: Desk) -> list[Route]:
    return [
        *session.routes(desk),
        *todo.routes(desk),
        *routes.routes(desk),
        *jobs.routes(desk),
        *problems.routes(desk),
        *glossary.routes(desk),
        *audio.routes(desk),
        *records.routes(desk),
        *print_forms.routes(desk),
        *editing.routes(desk),
    ]


def _pages() -> list[Route]:
    return [Route(address, _shell(name)) for address, name in _PAGES.items()]


def _shell(name: str) -> Callable[[Request], Response]:
    def page(request: Request) -> Response:
        return FileResponse(STATIC / name)

    return page


def _icon(request: Request) -> Response:
    return FileResponse(STATIC / "shared" / "icon.svg")


def _static() -> Mount:
    return Mount("/static", StaticFiles(directory=STATIC))


def _explain(request: Request, error: Exception) -> Response:
    """Return errors of the framework in the form of ApiError."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    words = {
        404: _("没有这个地址"),
        405: _("没有这种请求"),
        408: _("等了太久，没有收全"),
        413: _("太大了，没有接受"),
    }
    answer = error_response(status, words.get(status, _("没有接受")), _("回到待办清单，刷新一下"))
    answer.headers.update(headers or {})
    return answer

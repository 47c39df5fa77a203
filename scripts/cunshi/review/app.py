"""The desk as an ASGI application: its pages, its interface, its static files."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cunshi.review.asking import Ask, route
from cunshi.review.desk import STATIC, Desk

# Address → the page's shell in static/; what it shows comes from the interface.
_PAGES = {
    "/": "todo.html",
    "/edit/{id}": "editor.html",
    "/record/{id}": "record.html",
    "/add": "add.html",
    "/publish": "publish.html",
}


def application(desk: Desk) -> Starlette:
    """The desk of one project."""
    return Starlette(routes=[*_pages(), *_interface(desk), _static()])


def _interface(desk: Desk) -> list[Route]:
    def session(ask: Ask) -> dict[str, object]:
        return {"name": ask.person, "token": desk.token}

    return [route("GET", "/api/session", session)]


def _pages() -> list[Route]:
    return [Route(address, _shell(name)) for address, name in _PAGES.items()]


def _shell(name: str) -> Callable[[Request], Response]:
    def page(request: Request) -> Response:
        return FileResponse(STATIC / name, headers={"cache-control": "no-store"})

    return page


def _static() -> Mount:
    return Mount("/static", StaticFiles(directory=STATIC))

"""Serve the built site locally, with byte ranges, which seeking in audio requires."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from cunshi.core.errors import ConfigurationError
from cunshi.core.i18n import _

HOST = "127.0.0.1"
VERSION = "/-/version"
# Added by this server only; the files of the site do not contain it.
_RELOAD = f"""<script>
(function () {{
  let seen = null
  setInterval(function () {{
    fetch("{VERSION}").then(answer => answer.text()).then(function (version) {{
      if (seen !== null && seen !== version) location.reload()
      seen = version
    }}).catch(function () {{}})
  }}, 1000)
}})()
</script>
"""


class _LiveFiles(StaticFiles):
    """The site's files, with a script in each page that reloads it after a rebuild."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if isinstance(response, FileResponse) and response.media_type == "text/html":
            html = Path(response.path).read_text("utf-8") + _RELOAD
            headers = {"cache-control": "no-store"}
            return HTMLResponse(html, response.status_code, headers)
        return response


def application(site: Path, version: Callable[[], int] | None = None) -> Starlette:
    """Return the site as an ASGI application that only accepts this computer's host names.

    With ``version``, a counter of rebuilds, pages reload themselves.
    """
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    if version is None:
        return Starlette(
            routes=[Mount("/", StaticFiles(directory=site, html=True))], middleware=[hosts]
        )

    def send_version(request: Request) -> Response:
        return PlainTextResponse(str(version()), headers={"cache-control": "no-store"})

    files = Mount("/", _LiveFiles(directory=site, html=True))
    return Starlette(routes=[Route(VERSION, send_version), files], middleware=[hosts])


def open_port(port: int, command: str = "serve", host: str = HOST) -> socket.socket:
    """Bind a port, by default for this computer only; ConfigurationError if it is in use.

    ``command`` is the command whose option --port is suggested.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        # Allows a port that was just closed; on Windows, the option would allow stealing a port in
        # use.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            _("端口 {port} 被别的程序占用了").format(port=port),
            _("换一个端口：{command} --port {port}").format(command=command, port=port + 1),
        ) from error
    return listener


def serve(site: Path, listening: socket.socket, version: Callable[[], int] | None = None) -> None:
    """Serve on an open port until interrupted."""
    config = uvicorn.Config(application(site, version), log_level="warning")
    uvicorn.Server(config).run(sockets=[listening])

"""Show the built site on this computer, with byte ranges, without which audio cannot seek."""

import socket
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from cunshi.errors import ConfigurationError
from cunshi.i18n import _

HOST = "127.0.0.1"


def application(site: Path) -> Starlette:
    """The site as an ASGI application that answers only to this computer's own names."""
    files = StaticFiles(directory=site, html=True)
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    return Starlette(routes=[Mount("/", files)], middleware=[hosts])


def open_port(port: int) -> socket.socket:
    """Take a port on this computer only; ConfigurationError when something else has it."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        taken.bind((HOST, port))
    except OSError as error:
        taken.close()
        raise ConfigurationError(
            _("端口 {port} 被别的程序占用了").format(port=port),
            _("换一个端口：serve --port {port}").format(port=port + 1),
        ) from error
    return taken


def serve(site: Path, listening: socket.socket) -> None:
    """Serve on an open port until interrupted."""
    config = uvicorn.Config(application(site), log_level="warning")
    uvicorn.Server(config).run(sockets=[listening])

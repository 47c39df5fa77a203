"""Run the desk on a local or network port, with the built site on another port."""

import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress

import uvicorn

from cunshi.archive.project import Project
from cunshi.core.errors import ConfigurationError
from cunshi.core.i18n import _
from cunshi.review.app import application
from cunshi.review.auth.middleware import DeskAuth
from cunshi.review.auth.sessions import SHORTEST_PASSWORD, SessionStore
from cunshi.review.connections import BACKLOG, LimitedProtocol, LimitedServer
from cunshi.review.context import Desk
from cunshi.website import server

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - only with --lan, which asks for a password
_LAST_SECONDS = 20  # seconds for requests in progress when the desk is closed
# A reserved address (RFC 5737): nothing is sent, but the system returns the local address.
_SOMEWHERE = ("192.0.2.1", 9)


def run(
    project: Project,
    port: int,
    password: str = "",
    *,
    opens_browser: bool = True,
    say: Callable[[str], None],
) -> None:
    """Run the desk until interrupted. With a password it is open to the network."""
    with ExitStack() as opened:
        host = _EVERYWHERE if password else server.HOST
        listening = opened.enter_context(closing(server.open_port(port, "review", host)))
        beside = opened.enter_context(closing(_port_beside(listening)))
        desk = _desk(project, listening, beside, password)
        for line in _addresses(desk):
            say(line)
        desk.auth.people.announce = lambda key: say(_again(desk))
        listening.listen()
        if opens_browser:
            _in_background(webbrowser.open, _entrance(desk))
        project.site.mkdir(parents=True, exist_ok=True)
        _in_background(server.serve, project.site, beside)
        with suppress(KeyboardInterrupt):
            server_of(desk).run(sockets=[listening])


def check_password(password: str) -> str:
    """Return the password of a network desk; ConfigurationError if it is too short."""
    if len(password) < SHORTEST_PASSWORD:
        raise ConfigurationError(
            _("密码太短了"), _("至少 {count} 个字符").format(count=SHORTEST_PASSWORD)
        )
    return password


def _desk(project: Project, listening: socket.socket, beside: socket.socket, password: str) -> Desk:
    hosts = (server.HOST, "localhost", *(_names() if password else ()))
    auth = DeskAuth(listening.getsockname()[1], hosts, SessionStore(password))
    return Desk(project, auth, f"http://{server.HOST}:{beside.getsockname()[1]}/")


def _port_beside(listening: socket.socket) -> socket.socket:
    """Open a local port for the site, whose scripts must not share the desk's origin."""
    with suppress(ConfigurationError, OverflowError):
        return server.open_port(listening.getsockname()[1] + 1, "review")
    return server.open_port(0, "review")


def _names() -> list[str]:
    """Return the addresses and host names by which other computers find this one."""
    name = socket.gethostname().lower()
    found = []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(_SOMEWHERE)
        found.append(asking.getsockname()[0])
    with suppress(OSError):
        found += socket.gethostbyname_ex(name)[2]
    kept = [a for a in found if not a.startswith(("127.", "0."))]
    return list(dict.fromkeys([*kept, name, f"{name.partition('.')[0]}.local"]))


def _entrance(desk: Desk) -> str:
    people, address = desk.auth.people, f"http://{server.HOST}:{desk.auth.port}/"
    return address if people.needs_password else f"{address}?key={people.key}"


def _again(desk: Desk) -> str:
    return _("要在另一个浏览器里打开：{address}").format(address=_entrance(desk))


def _addresses(desk: Desk) -> list[str]:
    """Return the lines that are printed at the start."""
    ends = _("关掉校对台：按 Ctrl+C，或关掉这个窗口。改好的都已经存下了。")
    here = _("打开浏览器看：{address}").format(address=_entrance(desk))
    if not desk.auth.people.needs_password:
        return [here, ends]
    others = [f"http://{host}:{desk.auth.port}/" for host in desk.auth.hosts[2:]]
    return [
        here,
        _("同一个网络里别的电脑和手机：{addresses}").format(addresses=_("、").join(others)),
        _(
            "注意：网络上的连接没有加密。同一个网络里的人有办法看到密码和内容，只在信得过的网络里用。"
        ),
        _("用话筒录家训，只能在这台电脑上。"),
        ends,
    ]


def _in_background(work: Callable[..., object], *words: object) -> None:
    threading.Thread(target=work, args=words, daemon=True).start()


def server_of(desk: Desk) -> LimitedServer:
    """Return the HTTP server of a desk, not started."""
    config = uvicorn.Config(
        application(desk),
        log_level="error",  # a warning is printed for every request that is none
        http=LimitedProtocol,
        backlog=BACKLOG,
        ws="none",
        lifespan="off",
        # Ignore proxy headers: the client is the peer of the connection.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_SECONDS,
    )
    return LimitedServer(config, desk.auth.limits)

"""Run the desk on a local or network port, with the built site on another port."""

import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress

import uvicorn

from cunshi.archive.accounts.people import Accounts
from cunshi.archive.project import Project
from cunshi.core.errors import ConfigurationError
from cunshi.core.i18n import _
from cunshi.review.app import application
from cunshi.review.auth.certificate import Certificate
from cunshi.review.auth.middleware import DeskAuth
from cunshi.review.auth.sessions import SessionStore
from cunshi.review.connections import BACKLOG, LimitedProtocol, LimitedServer
from cunshi.review.context import Desk
from cunshi.website import server

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - only with --lan, which asks for accounts
_OWN = 2  # of a desk's host names are only this computer's
_LAST_SECONDS = 20  # seconds for requests in progress when the desk is closed
# A reserved address (RFC 5737): nothing is sent, but the system returns the local address.
_SOMEWHERE = ("192.0.2.1", 9)


def run(
    project: Project,
    port: int,
    *,
    to_network: bool = False,
    certificate: Certificate | None = None,
    opens_browser: bool = True,
    say: Callable[[str], None],
) -> None:
    """Run the desk until interrupted. On a network, people sign in with their accounts."""
    with ExitStack() as opened:
        host = _EVERYWHERE if to_network else server.HOST
        listening = opened.enter_context(closing(server.open_port(port, "review", host)))
        beside = opened.enter_context(closing(_port_beside(listening)))
        auth = _auth(project, listening.getsockname()[1], to_network, certificate)
        desk = Desk(project, auth, f"http://{server.HOST}:{beside.getsockname()[1]}/")
        for line in _addresses(desk):
            say(line)
        auth.people.announce = lambda key: say(_again(desk))
        listening.listen()
        if opens_browser:
            _in_background(webbrowser.open, _entrance(desk))
        project.site.mkdir(parents=True, exist_ok=True)
        _in_background(server.serve, project.site, beside)
        with suppress(KeyboardInterrupt):
            server_of(desk).run(sockets=[listening])


def _auth(
    project: Project, port: int, to_network: bool, certificate: Certificate | None
) -> DeskAuth:
    if not to_network:
        return DeskAuth(port)
    certified = certificate.hosts if certificate else ()
    hosts = dict.fromkeys([server.HOST, "localhost", *certified, *_names()])
    tls = certificate.context if certificate else None
    return DeskAuth(port, tuple(hosts), SessionStore(Accounts(project)), tls=tls)


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
    """Return the address for this computer: with a certificate, one that it is valid for."""
    people, hosts = desk.auth.people, desk.auth.hosts
    certified = [h for h in hosts[_OWN:] if desk.auth.is_encrypted and not h.startswith("*")]
    address = desk.auth.address(certified[0] if certified else server.HOST)
    return address if people.needs_account else f"{address}?key={people.key}"


def _again(desk: Desk) -> str:
    return _("要在另一个浏览器里打开：{address}").format(address=_entrance(desk))


def _addresses(desk: Desk) -> list[str]:
    """Return the lines that are printed at the start."""
    auth = desk.auth
    ends = _("关掉校对台：按 Ctrl+C，或关掉这个窗口。改好的都已经存下了。")
    here = _("打开浏览器看：{address}").format(address=_entrance(desk))
    if auth.people.accounts is None:
        return [here, ends]
    others = [auth.address(host) for host in auth.hosts[_OWN:] if not host.startswith("*")]
    lines = [
        here,
        _("同一个网络里别的电脑和手机：{addresses}").format(addresses=_("、").join(others)),
    ]
    if not auth.is_encrypted:
        lines += [
            _(
                "注意：网络上的连接没有加密。同一个网络里的人有办法看到密码和内容，"
                "只在信得过的网络里用。"
            ),
            _("用话筒录家训，只能在这台电脑上。"),
        ]
    if not auth.people.accounts.all():
        lines.append(_("还没有账号，谁也不能登录。另开一个窗口加：account add 姓名 --may-approve"))
    return [*lines, ends]


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
    return LimitedServer(config, desk.auth.limits, desk.auth.tls)

"""Every route of the desk with random requests: never a server error, never a wrong file.

CUNSHI_FUZZ is the number of requests for each route.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from starlette.routing import Route
from starlette.testclient import TestClient

from cunshi.archive.project import Project
from cunshi.review import app
from cunshi.review.auth.middleware import DeskAuth, Limits
from cunshi.review.context import STATIC, Desk
from support.desk import every_route
from support.village import ROOT, tree

EXAMPLES = int(os.environ.get("CUNSHI_FUZZ", "40"))
# The words of the interface, so that what is sent is often nearly right.
KEYS = sorted(set(re.findall(r"`(\w+)`", (ROOT / "docs" / "review-desk.md").read_text("utf-8"))))
# These begin work that lasts for minutes; tests of their own ask for them.
JOBS = {"transcribe", "site", "publish"}
NAMES = ["..", "../x", "..\\x", "/etc/passwd", "con", "a.m4a", "金村.m4a", "<b>.m4a", ".hidden"]

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["", " ", "\0", "..", "2026-01-12", "<b>", "-->", "[听不清]", "a\nb\n\n", "是"]
    ),
    st.sampled_from(KEYS),
)
numbers = st.one_of(
    st.integers(-3, 40),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0, 1.5, -1, 1e308, 2**63, 10**400]),
)
leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), texts), inner, max_size=6),
    ),
    max_leaves=20,
)
segments = st.lists(
    st.fixed_dictionaries(
        {"start": numbers, "end": numbers, "text": texts},
        optional={
            "speaker": leaves,
            "mandarin": leaves,
            "flags": values,
            "replaced": values,
            "suggested": values,
            "withheld": leaves,
            "golden": leaves,
        },
    ),
    max_size=4,
)
changes = st.dictionaries(st.sampled_from(KEYS), values, max_size=4)
bodies = st.one_of(
    values,
    st.dictionaries(st.sampled_from(KEYS), values, max_size=8),
    st.fixed_dictionaries({"base": leaves, "segments": segments}),
    st.fixed_dictionaries(
        {"base": leaves, "values": st.dictionaries(st.sampled_from(KEYS), leaves)}
    ),
    st.fixed_dictionaries({"base": st.integers(0, 5), "revision": numbers}),
    st.fixed_dictionaries(
        {"term": texts, "kind": texts, "meaning": texts, "village": texts, "heard_as": values}
    ),
)


@pytest.fixture(scope="module")
def village(told_once: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the village in a folder of its own, to detect files written beside it."""
    root = tmp_path_factory.mktemp("fuzz") / "outside" / "village"
    shutil.copytree(told_once.root, root, symlinks=True)
    return Project.at(root)


class Asker:
    """A client that is always signed in, at a desk without a network."""

    def __init__(self, project: Project):
        limits = Limits(json=1 << 20, upload=1 << 20)
        self.desk = Desk(project, DeskAuth(limits=limits))
        home = f"http://127.0.0.1:{self.desk.auth.port}"
        application = app.application(self.desk)
        self.client = TestClient(application, home, follow_redirects=False)
        self.client.headers["Origin"] = home

    def ask(self, method: str, path: str, query: str, body: bytes, kind: str) -> tuple[int, str]:
        """Status and text of the answer, which must be of the form that was promised."""
        self._stay_signed_in()
        answer = self.client.request(
            method, f"{path}?{query}", content=body, headers={"Content-Type": kind}
        )
        text = answer.text if "text" in _kind(answer) or "json" in _kind(answer) else ""
        if answer.status_code >= 400 or (path.startswith("/api/") and "/scans/" not in path):
            assert _kind(answer) == "application/json", (answer.status_code, _kind(answer))
            answer.json()
        return answer.status_code, text

    def _stay_signed_in(self) -> None:
        here, cookie = self.desk.auth.people, self.desk.auth.cookie
        session_id = self.client.cookies.get(cookie) or ""
        session = here.find(session_id)
        if session is None:
            session_id = here.sign_in(here.enter(here.key), "李老师", "", "")
            session = here.find(session_id)
        assert session
        self.client.cookies.clear()
        self.client.cookies.set(cookie, session_id)
        self.client.headers["X-Cunshi-Token"] = session.token


def _kind(answer: object) -> str:
    return getattr(answer, "headers").get("content-type", "").partition(";")[0]  # noqa: B009


@pytest.fixture(scope="module")
def asker(village: Project) -> Iterator[Asker]:
    asker = Asker(village)
    with asker.client:
        yield asker


def the_routes() -> list[tuple[str, str]]:
    """Return the routes to name the tests; one page shell represents all."""
    shells = {path for path, name in app._PAGES.items() if not (STATIC / name).exists()}
    empty = Desk(Project(Path("nowhere")))
    return [(method, path) for method, path in every_route(empty) if path not in shells]


@pytest.mark.parametrize(("method", "path"), the_routes())
def test_any_question_gets_an_answer_and_changes_only_what_is_its_own(
    asker: Asker, village: Project, method: str, path: str
) -> None:
    ids = [a.id for a in village.accessions()]
    parts = st.one_of(
        st.sampled_from(ids), st.sampled_from(NAMES), texts, st.integers(-1, 9).map(str)
    )
    outside = _outside(village)
    masters = {a.id: tree(a.master) for a in village.accessions()}
    is_file = method == "PUT" and ("/deposits/" in path or "/scans/" in path)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        places = re.findall(r"\{[^}]*\}", path)
        asked = path
        for place in places:
            value = data.draw(parts, place)
            # A client would put a path with dots right before it is sent.
            sent = quote(value.encode("utf-8", "replace"), safe="").replace(".", "%2E")
            asked = asked.replace(place, sent, 1)
        query = data.draw(st.text("abc=&%/.金\0", max_size=20))
        body = data.draw(st.binary(max_size=200)) if is_file else _json(data.draw(bodies))
        if path == "/api/jobs" and any(f'"{job}"'.encode() in body for job in JOBS):
            return
        kind = "application/octet-stream" if is_file else "application/json"
        note(f"{method} {asked}?{query} {body!r}")
        status, text = asker.ask(method, asked, quote(query), body, kind)
        assert status < 500, text
        assert "Traceback" not in text

    ask()
    assert _outside(village) == outside
    assert {a.id: tree(a.master) for a in village.accessions()} == masters


def _json(value: object) -> bytes:
    """Return JSON that only Python writes, such as NaN and lone surrogates."""
    return json.dumps(value).encode()


def _outside(village: Project) -> dict[str, bytes]:
    """Return all files except those that the desk may change."""
    own = ("archive/", "recordings/", "build/")
    beside = tree(village.root.parents[1])
    prefix = village.root.relative_to(village.root.parents[1]).as_posix() + "/"
    return {n: c for n, c in beside.items() if not n.removeprefix(prefix).startswith(own)}


def test_every_route_is_asked() -> None:
    found = {path for __, path in the_routes()}
    routes = app.application(Desk(Project(Path("nowhere")))).routes
    assert {r.path for r in routes if isinstance(r, Route)} - found <= set(app._PAGES)
    assert {"/api/session", "/media/{id}", "/api/recordings/{id}/peaks"} <= found

"""Fixtures: villages to build in, and the sample village built with the real Whisper model."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from filelock import FileLock
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, expect, sync_playwright
from playwright.sync_api import Page as BrowserPage

from cunshi import cli
from cunshi.archive.project import Project
from cunshi.intake import deposit_cache
from cunshi.transcription import engines
from cunshi.website import mkdocs_run
from cunshi.website import server as serve
from support import warm_mkdocs
from support.desk import OpenDesk, open_desk
from support.kept_inspector import KeptInspector
from support.village import EPOCH, PATIENCE, ROOT, chromium_path, new_village, sample_path, settle

expect.set_options(timeout=PATIENCE)
# How long an example takes depends on what else the computer does.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


# What takes a second and more to make: villages, browsers, models.
_SLOW_FIXTURES = {"village", "built", "told_once", "browser"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what runs the whole program, or needs a village, a browser or a real model."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        markers = {marker.name for marker in item.iter_markers()}
        whole = "end_to_end" in item.path.parts
        if whole or fixtures & _SLOW_FIXTURES or markers & {"browser", "whisper"}:
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese messages, a fixed clock, and the recorded engine in addition to the real ones."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE", "CUNSHI_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    monkeypatch.setitem(engines.ENGINES, "recorded", engines.EngineEntry("support.recorded_engine"))


@pytest.fixture(autouse=True)
def _kept_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The inspection, and MkDocs where it can be forked, from processes that are kept."""
    monkeypatch.setattr(deposit_cache, "Inspector", KeptInspector)
    if hasattr(os, "fork"):
        monkeypatch.setattr(mkdocs_run, "run_module", warm_mkdocs.run_module)


@pytest.fixture
def village(tmp_path: Path) -> Project:
    """An empty village with consent for all deposits, and no lessons."""
    project = new_village(tmp_path / "village")
    shutil.rmtree(project.courses)
    project.courses.mkdir()
    (project.courses / "course.yml").write_text("title: 村史\nlessons: []\n", "utf-8")
    (project.recordings / "folder.yml").write_text(
        "consent:\n  by: 王老师\n  signed_on: 2026-01-01\n", "utf-8"
    )
    return project


@pytest.fixture
def sample() -> Callable[[str], Path]:
    """Return the path of a sample recording whose path below recordings/ starts with a text."""
    return sample_path


@pytest.fixture
def drop(village: Project) -> Callable[..., Path]:
    """Copy a sample recording to the village's recordings/ under a name."""

    def drop_(beginning: str, name: str) -> Path:
        target = village.recordings / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sample_path(beginning), target)
        settle(target)
        return target

    return drop_


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run a command in this process; return exit code and output."""

    def run_(project: Project, *words: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(["--root", str(project.root), *words])
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    return run_


def once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]
) -> Project:
    """Create a village in one worker, while the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder / "village")
            (folder / "made").touch()
    return Project.at(folder / "village")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The sample village built with the real model. Read-only: copy it to change it."""
    return once(tmp_path_factory, "sample", _make_sample)


def _make_sample(root: Path) -> None:
    project = new_village(root)
    shutil.copytree(ROOT / "recordings", project.recordings, dirs_exist_ok=True)
    for path in project.recordings.rglob("*"):
        settle(path)
    _build(project)


def _build(project: Project, *words: str) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        patch.setitem(engines.ENGINES, "recorded", engines.EngineEntry("support.recorded_engine"))
        cli.main(["--root", str(project.root), "build", *words])
    assert ended.value.code == 0


@pytest.fixture
def copy_of_built(built: Project, tmp_path: Path) -> Project:
    """A copy of the built sample village."""
    shutil.copytree(built.root, tmp_path / "copy", symlinks=True)
    return Project.at(tmp_path / "copy")


@pytest.fixture(scope="session")
def told_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A village transcribed by the recorded engine, with an open and a sealed talk."""
    return once(tmp_path_factory, "told", _make_told)


def _make_told(root: Path) -> None:
    project = new_village(root)
    shutil.rmtree(project.courses)
    project.courses.mkdir()
    (project.courses / "course.yml").write_text("title: 村史\nlessons: []\n", "utf-8")
    term = "{term: 老人家, kind: 人物, meaning: 年纪大的人}"
    terms = f"terms:\n  - {term}\n  - {{term: 金村, kind: 地名, meaning: 村}}\n"
    project.glossary.write_text(terms, "utf-8")
    consent = "consent: {by: 王老师, signed_on: 2026-01-01}\n"
    (project.recordings / "folder.yml").write_text(consent, "utf-8")
    for beginning, name in (("01/", "01-村名/金村村_金老师"), ("02/", "02-老街/金村村_王阿婆")):
        target = project.recordings / f"{name}_2026-01-12.m4a"
        target.parent.mkdir()
        shutil.copy(sample_path(beginning), target)
        settle(target)
    target.with_suffix(".yml").write_text("access: sealed\n", "utf-8")
    settle(target.with_suffix(".yml"))
    _build(project, "--engine", "recorded")


@pytest.fixture
def told(told_once: Project, tmp_path: Path) -> tuple[Project, str, str]:
    """A copy of that village, and the ids of its open and its sealed talk."""
    shutil.copytree(told_once.root, tmp_path / "told", symlinks=True)
    project = Project.at(tmp_path / "told")
    ids = {"金老师" in a.record.read_text("utf-8"): a.id for a in project.accessions()}
    return project, ids[True], ids[False]


@pytest.fixture(scope="module")
def home(told_once: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same village for a module whose tests do not change it."""
    root = tmp_path_factory.mktemp("desk") / "village"
    shutil.copytree(told_once.root, root, symlinks=True)
    return Project.at(root)


@pytest.fixture(scope="module")
def desk(home: Project) -> Iterator[OpenDesk]:
    """The review desk of ``home``."""
    with open_desk(home) as opened:
        yield opened


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser. Without one, these tests are skipped, except in CI."""
    path = chromium_path()
    if path is None and not os.environ.get("CUNSHI_REQUIRE_BROWSER"):
        pytest.skip("no Chromium is installed")
    assert path, "CUNSHI_REQUIRE_BROWSER is set, but no Chromium is installed"
    switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    switches += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=switches)
        yield started
        started.close()


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Callable[..., BrowserPage]]:
    """Open a URL; errors and external requests fail the test at its end."""
    faults: list[str] = []
    contexts: list[BrowserContext] = []

    def open_(address: str, width: int = 1280) -> BrowserPage:
        home = address.split("/", 3)[2]
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="zh-CN")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{address}: {error}"))
        page.on("console", lambda m: _note_error(m, faults))
        page.on("request", lambda request: _watch(request.url, home, faults))
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="module")
def http(built: Project) -> Iterator[str]:
    """The built sample village on a local server with byte ranges."""
    config = uvicorn.Config(serve.application(built.site), port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def _note_error(message: ConsoleMessage, faults: list[str]) -> None:
    if message.type == "error":
        faults.append(f"{message.text} {message.location}")


def _watch(url: str, home: str, faults: list[str]) -> None:
    scheme, __, rest = url.partition("://")
    if scheme in {"http", "https", "ws", "wss", "file"} and rest.split("/", 1)[0] != home:
        faults.append(f"request to {url}")

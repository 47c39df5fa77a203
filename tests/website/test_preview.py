"""The live preview: a change on the disk appears on the page."""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from cunshi import workflow
from cunshi.archive.project import Project
from cunshi.cli import _rebuild
from cunshi.core.progress import SilentReporter
from cunshi.website import server as serve
from cunshi.website.live_preview import Preview

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def shown(village: Project, run: Run) -> Project:
    """An empty village with a site."""
    assert run(village, "site")[0] == 0
    return village


@contextmanager
def server(project: Project, preview: Preview) -> Iterator[str]:
    application = serve.application(project.site, lambda: preview.version)
    running = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        thread.join(0.05)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join()


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.1)


def retitle(project: Project, title: str) -> None:
    (project.courses / "course.yml").write_text(f"title: {title}\nlessons: []\n", "utf-8")


def home(project: Project) -> str:
    return (project.site / "index.html").read_text("utf-8")


def test_a_change_makes_the_site_again(shown: Project) -> None:
    with Preview(shown, lambda recordings_changed: _rebuild(shown, recordings_changed)) as preview:
        assert preview.watching.wait(60)
        assert preview.version == 0
        retitle(shown, "改过的题目")
        wait_for(lambda: preview.version == 1)
        assert "改过的题目" in home(shown)
        settings = shown.root / "mkdocs.yml"
        text = settings.read_text("utf-8").replace("村史里的冬训课堂", "另一个名字")
        aside = settings.with_name("new.yml")
        aside.write_text(text, "utf-8")
        aside.replace(settings)  # as editors save
        wait_for(lambda: "另一个名字" in home(shown))


def test_a_mistake_is_reported_and_the_next_change_counts(
    shown: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with Preview(shown, lambda recordings_changed: _rebuild(shown, recordings_changed)) as preview:
        assert preview.watching.wait(60)
        retitle(shown, "好\nwrong: 键")
        wait_for(lambda: preview.version == 1)
        assert "wrong" in capsys.readouterr().out
        settings = shown.root / "mkdocs.yml"
        good = settings.read_text("utf-8")
        settings.write_text("site_name: x\ntheme: no-such-theme\n", "utf-8")
        wait_for(lambda: "no-such-theme" in capsys.readouterr().out)
        assert preview.version == 1
        settings.write_text(good, "utf-8")
        wait_for(lambda: preview.version == 2)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("recordings/说明.txt", [True]),
        ("courses/notes.md", [False]),
        ("archive/.lock", []),
        ("recordings/.x.tmp", []),
        ("courses/~$course.yml", []),
    ],
)
def test_what_is_asked_for(shown: Project, path: str, asked: list[bool]) -> None:
    found: list[bool] = []
    with Preview(
        shown, lambda recordings_changed: bool(found.append(recordings_changed))
    ) as preview:
        assert preview.watching.wait(60)
        (shown.root / path).write_text("x", "utf-8")
        if asked:
            wait_for(lambda: found)
        time.sleep(2)
    assert found == asked


def test_a_new_recording_is_taken_in(shown: Project, drop: Callable[..., Path]) -> None:
    archive = shown.root / "archive" / "archive.yml"
    archive.write_text("engine: 'null'\n", "utf-8")
    drop("mottoes/金村村", "mottoes/金村村_金家_2026-02-01.amr")
    made = workflow.rebuild(shown, SilentReporter(), everything=True)
    assert [recording.description.narrator for recording in made.recordings] == ["金家"]
    assert len(list((shown.site / "recordings").glob("20260201-*.html"))) == 1


@pytest.mark.browser
def test_the_page_shows_the_change(shown: Project, browser_page: Callable[..., Page]) -> None:
    with (
        Preview(shown, lambda recordings_changed: _rebuild(shown, recordings_changed)) as preview,
        server(shown, preview) as address,
    ):
        page = browser_page(f"{address}/index.html")
        assert page.locator("h1").inner_text() == "村史"
        assert preview.watching.wait(60)
        page.wait_for_function(
            "performance.getEntriesByType('resource').some(e => e.name.endsWith('/-/version'))"
        )
        retitle(shown, "新的题目")
        expect(page.locator("h1")).to_have_text("新的题目")
        page.close()  # it asks the server each second, which is to end now


def test_the_reloading_script_is_only_on_the_server(shown: Project) -> None:
    preview = Preview(shown, lambda recordings_changed: True)
    with server(shown, preview) as address:
        with urllib.request.urlopen(f"{address}/") as answer:  # noqa: S310
            assert serve.VERSION in answer.read().decode()
            assert answer.headers["cache-control"] == "no-store"
        with urllib.request.urlopen(address + serve.VERSION) as answer:  # noqa: S310
            assert answer.read() == b"0"
        preview.version = 3
        with urllib.request.urlopen(address + serve.VERSION) as answer:  # noqa: S310
            assert answer.read() == b"3"
        request = urllib.request.Request(  # noqa: S310
            f"{address}/events.ics", headers={"Range": "bytes=0-4"}
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            assert (answer.status, answer.read()) == (206, b"BEGIN")
    pages = [path.read_text("utf-8") for path in shown.site.rglob("*.html")]
    assert pages
    assert not any(serve.VERSION in text for text in pages)

"""A deposit folder full of bad files: all are reported, good ones are processed, pages stay
safe.
"""

import shutil
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Page
from pydub.generators import Sine

from cunshi.archive.project import Project
from support.sounds import tone
from support.village import sample_path, settle

SCRIPT = "<script>window.cunshi_hacked=1</script>"
IMAGE = "<img src=x onerror=window.cunshi_hacked=1>"
ON_WINDOWS = sys.platform == "win32"


def half(source: Path, target: Path) -> None:
    data = source.read_bytes()
    target.write_bytes(data[: len(data) // 2])


def fill(folder: Path, elsewhere: Path) -> tuple[list[str], int]:
    """Drop bad and unusual files; return the names to be reported and the number of good files."""
    lesson = folder / "01-村名的来历"
    lesson.mkdir()
    (lesson / "空文件.m4a").write_bytes(b"")
    (lesson / "文字.mp3").write_text("这是一段文字\n" * 50, "utf-8")
    (lesson / "网页.m4a").write_text("<html><body>hello</body></html>", "utf-8")
    (lesson / "乱码.wav").write_bytes(bytes(range(256)) * 200)
    (lesson / "播放列表.mp3").write_text("#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "utf-8")
    (lesson / "串联.mp3").write_text("ffconcat version 1.0\nfile /etc/passwd\n", "utf-8")
    shutil.copy(sample_path("01/金村村"), elsewhere / "外面.m4a")
    half(sample_path("01/金村村"), lesson / "半个.m4a")
    half(sample_path("05/金村村"), lesson / "半个.wav")
    half(sample_path("08/横泾村"), lesson / "半个.ogg")
    half(sample_path("mottoes/金村村"), lesson / "半个.amr")
    half(sample_path("03/金村村"), lesson / "半个.mp3")
    with (lesson / "无声.wav").open("wb") as stream:
        Sine(440).to_audio_segment(3000, volume=-90.0).export(stream, "wav")
    (lesson / "照片.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    (folder / "x.mp3").mkdir()
    bad = [f"01-村名的来历/{p.name}" for p in lesson.iterdir()] + ["x.mp3"]
    bad += _links(folder, elsewhere)

    # Strange, but good.
    tone(lesson / ("长" * 60 + "a" * 16 + ".wav"), 300)  # 200 bytes, as long as names may get
    tone(lesson / "🎙️ 奶奶 的 录音 😀.wav", 320)
    tone(lesson / "金村村_O'Brien & Co_2026-01-01.wav", 340)
    if not ON_WINDOWS:
        tone(lesson / f'金村村_"{SCRIPT.replace("/", "∕")}"_2026-01-02.wav', 360)
        tone(lesson / f"金村村_{IMAGE}_2026-01-03.wav", 380)
        tone(lesson / "换\n行.wav", 400)
    tone(lesson / "说明.wav", 420)
    hostile = f"{SCRIPT}{IMAGE}](javascript:cunshi_hacked) {{{{ 7*7 }}}} ` ``` ///"
    (lesson / "说明.yml").write_text(
        f"title: |\n  {hostile}\nnarrator: '{hostile}'\nnote: '{hostile}'\nrights: '{hostile}'\n",
        "utf-8",
    )
    motto = folder / "mottoes" / "金村村_金家_2026-02-01.txt"
    motto.parent.mkdir()
    motto.write_text(hostile, "utf-8")
    for name in (".DS_Store", "Thumbs.db", "._声音.m4a", "还在下载.m4a.part"):
        (lesson / name).write_bytes(b"x")
    for path in folder.rglob("*"):
        if not path.is_symlink():
            settle(path)
    return bad, 5 if ON_WINDOWS else 8


def _links(folder: Path, elsewhere: Path) -> list[str]:
    try:
        (folder / "外面的录音.m4a").symlink_to(elsewhere / "外面.m4a")
        (folder / "外面的文件夹").symlink_to(elsewhere, target_is_directory=True)
        (folder / "断了的链接.m4a").symlink_to(folder / "没有.m4a")
    except OSError:  # Windows lets only some users make links
        return []
    return ["外面的录音.m4a", "外面的文件夹", "断了的链接.m4a"]


class Scripts(HTMLParser):
    """Collects what a browser would execute."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        for name, value in attrs:
            if "cunshi_hacked" in (value or "") and name in {"src", "href", "onerror", "onload"}:
                self.found.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        if self._in_script and "cunshi_hacked" in data:
            self.found.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False


@pytest.fixture
def hostile(
    village: Project, tmp_path: Path, run: Callable[..., tuple[int, str]]
) -> tuple[Project, list[str], int, int, str]:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    bad, good = fill(village.recordings, elsewhere)
    code, printed = run(village, "build", "--engine", "recorded")
    return village, bad, good, code, printed


def test_bad_files_are_named_and_good_ones_done(
    hostile: tuple[Project, list[str], int, int, str], run: Callable[..., tuple[int, str]]
) -> None:
    project, bad, good, code, printed = hostile
    assert code == 3
    assert len(bad) >= 14
    reports = [line for line in printed.splitlines() if line.startswith("✗")]
    for name in bad:
        assert any(f"recordings/{name}：" in line for line in reports), name
    assert len(reports) == len(bad)
    assert printed.count("  → ") == len(bad)
    assert len(project.accessions()) == good
    assert len(list((project.site / "recordings").glob("*-*.html"))) == good
    again, printed = run(project, "build", "--engine", "recorded")
    assert again == 3
    assert sum(line.startswith("✗") for line in printed.splitlines()) == len(bad)


def test_no_name_or_value_becomes_a_script(
    hostile: tuple[Project, list[str], int, int, str],
) -> None:
    project = hostile[0]
    pages = list(project.site.rglob("*.html"))
    assert any("cunshi_hacked" in page.read_text("utf-8") for page in pages)
    for page in pages:
        scripts = Scripts()
        scripts.feed(page.read_text("utf-8"))
        assert scripts.found == [], page


def test_a_link_outside_is_not_followed(
    hostile: tuple[Project, list[str], int, int, str],
) -> None:
    project = hostile[0]
    names = [a.record.read_text("utf-8") for a in project.accessions()]
    assert not any("外面" in name for name in names)


@pytest.mark.browser
def test_nothing_injected_runs_in_a_browser(
    hostile: tuple[Project, list[str], int, int, str], browser_page: Callable[..., Page]
) -> None:
    project = hostile[0]
    # 404.html is for servers: its addresses begin at their root.
    first, *others = sorted(set(project.site.rglob("*.html")) - {project.site / "404.html"})
    tab = browser_page(first.as_uri())
    assert tab.evaluate("window.cunshi_hacked") is None
    for page in others:
        tab.goto(page.as_uri())
        assert tab.evaluate("window.cunshi_hacked") is None

"""Pages built from frames are identical to those built by MkDocs."""

import json
import re
import shutil

import pytest

from cunshi.archive.project import Project
from cunshi.domain.recording import Kind
from cunshi.website import mkdocs_run
from cunshi.website.page_shell import Frames, is_framed
from cunshi.website.pages.assemble import render_pages
from support.pages import (
    build,
    hostile_catalogue,
    make_catalogue,
    make_entry,
    make_recording,
    replace,
)

ADDRESS = "https://village.example/"


def several():
    """Recordings of every kind: with and without audio, words and photos, and mottoes."""
    catalogue = hostile_catalogue()
    quiet = make_recording("undated-00000001", duration=0.0, title="没有声音")
    plain = make_recording("20260303-00000002", title="一段 录音", note="备注")
    spoken = make_recording("20260304-00000003", Kind.MOTTO, motto="忠厚。\n传家。")
    more = [
        make_entry(quiet, "一句。"),
        make_entry(plain),
        make_entry(spoken, photo="photos/b.jpg"),
    ]
    return replace(catalogue, entries=(*catalogue.entries, *more))


@pytest.mark.parametrize("address", ["", ADDRESS])
def test_a_page_in_a_frame_is_the_page_that_mkdocs_makes(tmp_path, address):
    catalogue = several()
    __, site = build(tmp_path / "site", catalogue, address)
    by_mkdocs = site.rename(tmp_path / "by_mkdocs")
    project = Project(tmp_path / "site")
    mkdocs_run.run_mkdocs(project, catalogue, [p.path for p in render_pages(catalogue)], ())
    made, expected = (
        {p.relative_to(s).as_posix(): p for s in [folder] for p in folder.rglob("*.*")}
        for folder in (project.site, by_mkdocs)
    )
    changed = {path for path in {*made, *expected} if path.startswith(("search/", "sitemap."))}
    assert made.keys() - changed == expected.keys() - changed
    assert len([path for path in made if path.startswith(("recordings/", "mottoes/"))]) == 8
    for path in made.keys() - changed:
        assert made[path].read_bytes() == expected[path].read_bytes(), path
    # What the search leaves out has not passed through MkDocs; all else it finds as before.
    index, whole = (
        json.loads(p["search/search_index.json"].read_text("utf-8")) for p in (made, expected)
    )
    kept = {doc["location"]: doc for doc in index["docs"]}
    for doc in whole["docs"]:
        if not doc["location"].startswith(("recordings/", "mottoes/", "glossary.html#")):
            assert kept[doc["location"]] == doc
    if address:
        found, listed = (
            set(re.findall("<loc>(.*?)</loc>", pages["sitemap.xml"].read_text("utf-8")))
            for pages in (made, expected)
        )
        assert found == listed
        assert f"{address}recordings/undated-00000001.html" in found


def test_a_link_in_a_lesson_to_a_framed_page_leads_there(tmp_path):
    catalogue = make_catalogue(entries=[make_entry(make_recording("a"), "好。")])
    build(tmp_path / "site", catalogue)
    project = Project(tmp_path / "site")
    lesson = project.docs / "lessons" / "01.md"
    text = lesson.read_text("utf-8")
    lesson.write_text(f"{text}\n[一段](../recordings/a.md#t=0)\n", "utf-8")
    paths = [page.path for page in render_pages(catalogue)]
    mkdocs_run.run_mkdocs(project, catalogue, paths, ())
    page = (project.site / "lessons" / "01.html").read_text("utf-8")
    assert '<a href="../recordings/a.html#t=0">' in page


def test_what_the_site_no_longer_has_is_removed_and_what_stays_keeps_its_file(tmp_path):
    recordings = [make_recording("a"), make_recording("b")]
    catalogue = make_catalogue(entries=[make_entry(r, "好。") for r in recordings])
    build(tmp_path / "site", catalogue)
    project = Project(tmp_path / "site")
    shutil.rmtree(project.site)
    sound = project.docs / "audio" / "a.m4a"
    sound.parent.mkdir()
    sound.write_bytes(b"sound")
    pages = [page.path for page in render_pages(catalogue)]
    mkdocs_run.run_mkdocs(project, catalogue, pages, ())
    before = {path: path.stat() for path in project.site.rglob("*") if path.is_file()}
    assert project.site / "audio" / "a.m4a" in before
    mkdocs_run.run_mkdocs(project, replace(catalogue, entries=catalogue.entries[:1]), pages, ())
    after = {path: path.stat() for path in project.site.rglob("*") if path.is_file()}
    pages = [path for path in before if path.parent.name != "search"]
    assert set(pages) - after.keys() == {project.site / "recordings" / "b.html"}
    for path, stat in [(path, after[path]) for path in pages if path in after]:
        assert (stat.st_mtime_ns, stat.st_ino) == (before[path].st_mtime_ns, before[path].st_ino)


def test_only_what_is_of_one_kind_shares_a_frame():
    pages = {page.path: page.text for page in render_pages(several())}
    framed = [(path, text) for path, text in pages.items() if is_framed(path)]
    assert len(framed) == 7
    assert len(Frames(framed).sources) == 2
    with pytest.raises(ValueError, match=r"recordings/x\.md"):
        Frames([("recordings/x.md", "# Only a heading\n")])


def test_a_title_stands_nowhere_as_markup():
    pages = {page.path: page.text for page in render_pages(several())}
    frames = Frames((path, text) for path, text in pages.items() if is_framed(path))
    for path in filter(is_framed, pages):
        made = dict.fromkeys(
            frames.sources, "<title>村史框架的题名</title><div>村史框架的正文</div>"
        )
        title = re.search("<title>(.*?)</title>", frames.fill(path, pages[path], made))
        assert title and "<" not in title[1]

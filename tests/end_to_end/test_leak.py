"""Nothing withheld is in any byte of any output: site, kits, captions, exports, pack."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from support.leaks import leaks
from support.village import LESSON_HEAD

Run = Callable[..., tuple[int, str]]
SECRET, NAME = "他欠了邻居三石米", "金德发"
VTT = f"""WEBVTT

00:00.000 --> 00:03.000
<v {NAME}>我们村里有一条河。

NOTE 不公开

00:03.000 --> 00:06.000
{SECRET}
普通话：{SECRET}

00:06.000 --> 00:09.000
河上有一座桥。
"""
LESSON = f"""{LESSON_HEAD}## 开场
## 听一听

/// clip | {{id}} 0:00-0:02.5 金句
///

/// clip | {{id}} 0:04-0:05
///

## 想一想
## 动手做
## 回家任务
"""


@pytest.fixture
def guarded(told: tuple[Project, str, str], run: Run) -> tuple[Project, str, str]:
    """Return a talk with a withheld line and a pseudonym, cited across that line."""
    project, open_id, sealed_id = told
    accession = project.accession(open_id)
    accession.transcript.write_text(VTT, "utf-8")
    text = accession.record.read_text("utf-8").replace("金老师", NAME, 1)
    old = "consent: {by: 王老师, signed_on: 2026-01-01}"
    assert f"narrator: {NAME}" in text and old in text
    new = old.replace("}", ", shown_as: 东街老伯}")
    accession.record.write_text(text.replace(old, new), "utf-8")
    folder = project.courses / "01-qiao"
    folder.mkdir()
    (folder / "lesson.md").write_text(LESSON.format(id=open_id), "utf-8")
    (project.courses / "course.yml").write_text(
        "title: 村史\naddress: https://example.org/\nlessons: [01-qiao]\n", "utf-8"
    )
    return project, open_id, sealed_id


def test_nothing_withheld_is_in_any_output(
    guarded: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, open_id, sealed_id = guarded
    code, printed = run(project, "site")
    assert code == 6  # the citation of the withheld line is told
    assert "不公开的话" in printed
    assert run(project, "pack")[0] == 6
    run(project, "export", "--to", str(tmp_path / "export"))
    outputs = [project.site, project.docs, project.classroom.site, tmp_path / "export"]
    outputs += [project.root / "build"]
    for folder in outputs:
        for words in (SECRET, NAME, sealed_id):
            # build/cache is what the program itself remembers; nobody gets it.
            assert [name for name in leaks(folder, words) if "build/cache" not in name] == []
        assert leaks(folder, "东街老伯")
        assert leaks(folder, open_id)
    # What the program remembers of a recording is what its page says.
    for words in (SECRET, NAME):
        assert leaks(project.cache / "told", words) == []
    # It would have been found: the archive has it.
    assert leaks(project.archive, SECRET)


def test_the_search_finds_what_is_hidden_in_a_file(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("a.json", json.dumps(SECRET))
    with zipfile.ZipFile(tmp_path / "outer.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inner.pptx", inner.getvalue())
    assert leaks(tmp_path, SECRET)[-1].endswith(": outer.zip!inner.pptx!a.json")

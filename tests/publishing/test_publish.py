"""Publishing: the served site is complete at any moment, without anything withdrawn."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cunshi import cli
from cunshi.archive.project import Project
from cunshi.core.errors import SiteError
from cunshi.publishing import folder, rsync
from cunshi.publishing.changes import Changes, compare, recordings_in
from cunshi.publishing.folder import FolderPublisher, Share, publish_to_folder, roll_back
from cunshi.publishing.rsync import RsyncPublisher
from support.places import git, new_host, new_repository, on_branch, write_site
from support.village import ROOT, tree

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str]]
STAMP = ".cunshi-release"


def served(share: Share) -> dict[str, bytes]:
    """Return what a web server would serve."""
    files = tree(share.current.resolve())
    del files[STAMP]
    return files


@pytest.fixture(params=["links", "renames"])
def share(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Share:
    """A share with symbolic links, and one without."""
    if request.param == "renames":
        monkeypatch.setattr(folder, "_point", refuse_links)
    return Share(tmp_path / "share")


def refuse_links(share: Share, stamp: str) -> None:
    raise OSError("no links here")


def test_the_newest_is_served_and_one_is_kept(share: Share, tmp_path: Path) -> None:
    for number in range(1, 5):
        site = write_site(tmp_path / "site", f"第{number}版", "a")
        assert publish_to_folder(share, site, f"2026010{number}") == f"2026010{number}"
        assert served(share) == tree(site)
    assert share.stamps() == ["20260103", "20260104"]


def test_rolling_back_serves_the_one_before(share: Share, tmp_path: Path) -> None:
    for number in (1, 2):
        write_site(tmp_path / "site", f"第{number}版", "a")
        publish_to_folder(share, tmp_path / "site", f"2026010{number}")
    assert roll_back(share, {"a"}) == "20260101"
    assert served(share)["index.html"].decode() == "第1版"
    with pytest.raises(SiteError, match="没有可以退回"):
        roll_back(share, {"a"})
    publish_to_folder(share, write_site(tmp_path / "site", "第3版", "a"), "20260103")
    assert served(share)["index.html"].decode() == "第3版"


def test_a_withdrawn_voice_is_in_no_release(share: Share, tmp_path: Path) -> None:
    publish_to_folder(share, write_site(tmp_path / "site", "一", "a", "b"), "1")
    publish_to_folder(share, write_site(tmp_path / "site", "二", "a"), "2")
    assert share.stamps() == ["2"]
    assert not any("b.html" in name for name in tree(share.target))


def test_what_is_withdrawn_since_does_not_come_back(share: Share, tmp_path: Path) -> None:
    publish_to_folder(share, write_site(tmp_path / "site", "一", "a"), "1")
    publish_to_folder(share, write_site(tmp_path / "site", "二", "a"), "2")
    with pytest.raises(SiteError, match="不公开"):
        roll_back(share, set())
    assert served(share)["index.html"].decode() == "二"


def test_two_within_a_second_are_two_releases(share: Share, tmp_path: Path) -> None:
    site = write_site(tmp_path / "site", "一", "a")
    stamps = [publish_to_folder(share, site, "20260101") for _ in range(3)]
    assert stamps == ["20260101", "20260101-002", "20260101-003"]
    assert share.served == "20260101-003"


def test_another_current_is_left_alone(tmp_path: Path) -> None:
    share = Share(tmp_path / "share")
    share.current.mkdir(parents=True)
    (share.current / "信.txt").write_text("信", "utf-8")
    with pytest.raises(SiteError, match="不会覆盖"):
        FolderPublisher(share, tmp_path / "project").check()
    with pytest.raises(SiteError, match="项目文件夹"):
        FolderPublisher(Share(tmp_path / "project/courses"), tmp_path / "project").check()


KILLED = """
import os, signal, shutil, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from cunshi.publishing import folder
at, count, rename, copy = int(sys.argv[2]), 0, Path.replace, shutil.copyfileobj
def step(work):
    def counted(*words):
        global count
        count += 1
        if count == at: os.kill(os.getpid(), signal.SIGKILL)
        return work(*words)
    return counted
Path.replace, shutil.copyfileobj = step(rename), step(copy)
if sys.argv[5] == "renames":
    def refuse(*words): raise OSError
    folder._point = refuse
folder.publish_to_folder(folder.Share(Path(sys.argv[3])), Path(sys.argv[4]), "2")
print(count)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("way", ["links", "renames"])
def test_killed_half_way_the_old_one_is_served(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "renames":
        monkeypatch.setattr(folder, "_point", refuse_links)
    share = Share(tmp_path / "share")
    publish_to_folder(share, write_site(tmp_path / "old", "旧", "a", "b"), "1")
    old = tree(tmp_path / "old")
    new = tree(write_site(tmp_path / "new", "新", "a", "b"))
    shutil.copytree(share.target, tmp_path / "before", symlinks=True)
    for at in range(1, 30):
        shutil.rmtree(share.target)
        shutil.copytree(tmp_path / "before", share.target, symlinks=True)
        words = [str(ROOT / "scripts"), str(at), str(share.target), str(tmp_path / "new"), way]
        done = subprocess.run([sys.executable, "-c", KILLED, *words], check=False)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        between = way == "renames" and not share.current.exists()
        assert between or served(share) == old
        publish_to_folder(share, tmp_path / "new", "3")
        assert served(share) == new
        assert not list(share.target.rglob("*.tmp"))
    assert done.returncode == 0 and at > 5
    assert served(share) == new


def test_changes_are_named() -> None:
    changes = compare({"a": "1", "b": "1", "c": "1"}, {"b": "2", "c": "1", "d": "1"})
    assert changes == Changes(("d",), ("b",), ("a",))
    assert not compare({"a": "1"}, {"a": "1"})


@pytest.fixture
def ready(village: Project, drop: Callable[..., Path], run: Run) -> Project:
    """A village with two recordings and a site."""
    drop("01/", "金村村_金老师_2026-01-12.m4a")
    drop("02/", "金村村_王阿婆_2026-01-12.m4a")
    assert run(village, "build", "--engine", "null")[0] == 0
    return village


def test_from_the_archive_to_the_share_and_back(ready: Project, run: Run, tmp_path: Path) -> None:
    share = Share(tmp_path / "share")
    to = ("publish", "--to", str(share.target))
    code, printed = run(ready, *to, "--dry-run")
    assert code == 0 and "+ index.html" in printed and "没有改动" in printed
    assert not share.target.exists()

    assert run(ready, *to)[0] == 0
    assert served(share) == tree(ready.site)
    first = share.served
    assert "没有改动" in run(ready, *to)[1]
    assert share.served == first

    # What is published is never older than the courses: it is made anew.
    course = ready.courses / "course.yml"
    course.write_text(course.read_text("utf-8").replace("村史", "新的村史"), "utf-8")
    code, printed = run(ready, *to, "--dry-run")
    assert code == 0 and "~ index.html" in printed
    assert run(ready, *to)[0] == 0
    assert "新的村史" in (share.current / "index.html").read_text("utf-8")

    assert run(ready, *to, "--rollback")[0] == 0
    assert share.served == first


def test_a_withdrawal_ends_the_way_back(ready: Project, run: Run, tmp_path: Path) -> None:
    share = Share(tmp_path / "share")
    to = ("publish", "--to", str(share.target))
    run(ready, *to)
    withdrawn, *__ = sorted(recordings_in(ready.site))
    record = ready.accession(withdrawn).record
    record.write_text(record.read_text("utf-8").replace("access:", "access: sealed"), "utf-8")
    code, printed = run(ready, *to)
    assert code == 0, printed
    assert f"- audio/{withdrawn}.m4a" in printed
    assert not any(withdrawn in name for name in tree(share.target))
    code, printed = run(ready, *to, "--rollback")
    assert code == 10 and "没有可以退回" in printed


def test_nothing_is_published_while_something_is_wrong(
    ready: Project, run: Run, tmp_path: Path
) -> None:
    master = next(path for path in ready.accessions()[0].master.iterdir())
    master.write_bytes(master.read_bytes() + b"\0")
    code, printed = run(ready, "publish", "--to", str(tmp_path / "share"))
    assert code == 7 and "没有发布" in printed
    assert not (tmp_path / "share").exists()


def test_the_archive_may_name_the_place(ready: Project, run: Run, tmp_path: Path) -> None:
    settings = ready.archive / "archive.yml"
    code, printed = run(ready, "publish")
    assert code == 8 and "--to" in printed
    settings.write_text(settings.read_text("utf-8") + "\npublish:\n  to: ../share\n", "utf-8")
    assert run(ready, "publish")[0] == 0
    assert served(Share(tmp_path / "share")) == tree(ready.site)


@pytest.fixture
def repository(ready: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The village in a git repository with a bare remote; the remote."""
    return new_repository(ready.root, monkeypatch)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on a server."""
    return new_host(tmp_path, monkeypatch)


def test_to_a_branch_without_history(
    ready: Project, repository: Path, run: Run, tmp_path: Path
) -> None:
    head, status = git(ready.root, "rev-parse", "HEAD"), git(ready.root, "status", "--short")
    to = ("publish", "--branch", "gh-pages")
    code, printed = run(ready, *to, "--dry-run")
    assert code == 0 and "+ index.html" in printed
    assert git(repository, "branch", "--list", "gh-pages") == ""

    code, printed = run(ready, *to)
    assert code == 0, printed
    assert on_branch(repository, "gh-pages") == {*tree(ready.site), ".nojekyll"}
    assert "没有改动" in run(ready, *to)[1]

    withdrawn, *__ = sorted(recordings_in(ready.site))
    record = ready.accession(withdrawn).record
    record.write_text(record.read_text("utf-8").replace("access:", "access: sealed"), "utf-8")
    code, printed = run(ready, *to)
    assert code == 0 and f"- audio/{withdrawn}.m4a" in printed
    assert git(repository, "rev-list", "--count", "gh-pages") == "1"
    assert not any(withdrawn in name for name in on_branch(repository, "gh-pages"))
    assert git(ready.root, "rev-parse", "HEAD") == head
    assert git(ready.root, "branch", "--show-current") == "main"
    git(ready.root, "checkout", "-q", "--", ".")
    assert git(ready.root, "status", "--short") == status


@pytest.mark.parametrize("branch", ["main", "letters", "there"])
def test_a_branch_that_people_work_on_is_left_alone(
    ready: Project, repository: Path, run: Run, branch: str
) -> None:
    git(ready.root, "branch", "letters")
    git(ready.root, "push", "-q", "origin", "main:there")
    before = git(repository, "for-each-ref"), git(ready.root, "for-each-ref")
    code, printed = run(ready, "publish", "--branch", branch)
    assert code == 10 and "不会覆盖" in printed
    assert (git(repository, "for-each-ref"), git(ready.root, "for-each-ref")) == before


def test_without_its_remote_nothing_is_changed(ready: Project, repository: Path, run: Run) -> None:
    shutil.rmtree(repository)
    code, printed = run(ready, "publish", "--branch", "gh-pages")
    assert code == 10 and "git 没有做成" in printed
    assert git(ready.root, "branch", "--list", "gh-pages") == ""


def test_to_a_server(ready: Project, host: Path, run: Run) -> None:
    to = ("publish", "--rsync", f"server:{host}/")
    host.mkdir()
    code, printed = run(ready, *to, "--dry-run")
    assert code == 0 and "+ index.html" in printed, printed
    assert not list(host.iterdir())

    code, printed = run(ready, *to)
    assert code == 0, printed
    files = tree(host)
    assert files.pop(rsync.MARK) == b""
    assert files == tree(ready.site)
    assert "没有改动" in run(ready, *to)[1]

    withdrawn, *__ = sorted(recordings_in(ready.site))
    record = ready.accession(withdrawn).record
    record.write_text(record.read_text("utf-8").replace("access:", "access: sealed"), "utf-8")
    code, printed = run(ready, *to)
    assert code == 0 and f"- audio/{withdrawn}.m4a" in printed and "~ index.html" in printed
    assert not any(withdrawn in name for name in tree(host))


def test_a_folder_that_is_not_there_is_made(host: Path, tmp_path: Path) -> None:
    place = RsyncPublisher(f"server:{host}")
    site = write_site(tmp_path / "site", "一", "a")
    place.check()
    assert "index.html" in place.changes(site).appear
    place.publish(site, "")
    assert tree(host) == tree(site) | {rsync.MARK: b""}


def test_what_others_keep_on_a_server_is_left_alone(host: Path) -> None:
    host.mkdir()
    (host / "信 一.txt").write_text("信", "utf-8")
    with pytest.raises(SiteError, match="不会覆盖"):
        RsyncPublisher(f"server:{host}").check()
    assert (host / "信 一.txt").read_text("utf-8") == "信"


@pytest.mark.parametrize(
    "place", ["", "host", "-e x:y", "--rsh=x:/", "host::m", "rsync://h/m", ":/"]
)
def test_only_a_place_that_ssh_reaches(place: str) -> None:
    with pytest.raises(SiteError, match="看不懂"):
        RsyncPublisher(place).check()


def test_without_rsync_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SiteError, match="没有装 rsync"):
        RsyncPublisher("host:/srv").check()


def test_the_workflow_file_publishes_with_a_command_that_there_is() -> None:
    text = (ROOT / ".github" / "workflows" / "publish.yml").read_text("utf-8")
    job = yaml.safe_load(text)["jobs"]["publish"]
    assert job["if"] == "vars.CUNSHI_PUBLISH == 'yes'"
    words = job["steps"][0]["run"].splitlines()[-1].split()
    assert words[:2] == ["python3", "scripts/run.py"]
    command = cli.cli.commands[words[2]]
    command.make_context("publish", words[3:], obj=ROOT)


def test_what_is_withheld_since_is_in_no_kept_release(share: Share, tmp_path: Path) -> None:
    publish_to_folder(share, write_site(tmp_path / "site", "一", "a"), "1")
    publish_to_folder(share, write_site(tmp_path / "site", "二", "a"), "2", "a line")
    assert share.stamps() == ["2"]
    publish_to_folder(share, write_site(tmp_path / "site", "三", "a"), "3", "a line")
    with pytest.raises(SiteError, match="不公开的话"):
        roll_back(share, {"a"}, "a line and a name")
    assert roll_back(share, {"a"}, "a line") == "2"


def test_a_line_withheld_after_publication_cannot_come_back(
    told: tuple[Project, str, str], run: Run, tmp_path: Path
) -> None:
    project, open_id, __ = told
    target = tmp_path / "share"
    publish = ("publish", "--to", str(target))
    assert run(project, *publish)[0] == 0
    path = project.accession(open_id).transcript
    first, second, *__ = path.read_text("utf-8").split("\n\n")[-4:]
    path.write_text(f"WEBVTT\n\n{first}\n\nNOTE 不公开\n\n{second}\n\n", "utf-8")
    assert run(project, *publish)[0] == 0
    assert len(list((target / "releases").iterdir())) == 1
    code, printed = run(project, *publish, "--rollback")
    assert (code, "没有可以退回" in printed) == (10, True)
    words = second.splitlines()[-1]
    assert not any(words in data.decode("utf-8", "replace") for data in tree(target).values())

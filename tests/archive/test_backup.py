"""Scheduled fixity checks, backups, and restoring from them."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cunshi.archive import backup
from cunshi.archive import project as store
from cunshi.archive.accession import Accession
from cunshi.archive.fixity.schedule import check_in_turn
from cunshi.archive.project import Project
from cunshi.core.errors import ConfigurationError, ExitCode
from cunshi.core.progress import SilentReporter
from cunshi.domain.settings import Archive
from cunshi.intake.accessioning import take_in
from support.village import settle, tree

Run = Callable[..., tuple[int, str]]
NAMES = ("金村村_金家_2026-02-01.amr", "顾家村_顾家_2026-02-02.amr", "蒋家村_蒋家_2026-02-03.ogg")


@pytest.fixture
def kept(village: Project, drop: Callable[..., Path]) -> Project:
    """Return an archive with three recordings."""
    for name in NAMES:
        drop(f"mottoes/{name.partition('_')[0]}", f"mottoes/{name}")
    assert len(take_in(village, Archive(), SilentReporter()).taken) == 3
    return village


def masters(project: Project) -> list[Path]:
    return [next(a.master.iterdir()) for a in project.accessions()]


def flip(path: Path) -> None:
    """Flip one bit; size and modification time stay the same."""
    times = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def wrong(project: Project, seconds: float | None = None) -> list[str]:
    problems = check_in_turn(project, SilentReporter(), seconds).problems
    assert all(p.code is ExitCode.FIXITY and p.remedy for p in problems)
    return [f"{p.where} {p.cause}" for p in problems]


# --- verify


def test_a_whole_archive_is_whole_on_every_rung(kept: Project) -> None:
    assert wrong(kept, 0) == wrong(kept) == []


def test_one_flipped_bit_shows_when_it_is_read(kept: Project) -> None:
    flip(masters(kept)[1])
    assert wrong(kept, 0) == []
    [found] = wrong(kept)
    assert masters(kept)[1].name in found


def test_what_shows_without_reading(kept: Project) -> None:
    first, second, third = masters(kept)
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    third.with_name("别的.m4a").write_text("?", "utf-8")
    missing, shorter, strange = wrong(kept, 0)
    assert "不见了" in missing
    assert "大小变了" in shorter
    assert "没有登记" in strange
    assert len(wrong(kept)) == 3  # each is told once


@pytest.mark.parametrize("text", [None, "", "这不是清单\n"])
def test_a_manifest_that_is_gone_shows_without_reading(kept: Project, text: str | None) -> None:
    manifest = kept.accessions()[1].manifest
    manifest.unlink()
    if text is not None:
        manifest.write_text(text, "utf-8")
    for seconds in (0, None):
        [found] = wrong(kept, seconds)
        assert found.startswith(f"{kept.relative(manifest)} 清单不见了")


@pytest.mark.parametrize("line", ["{", "[]", "[" * 100_000, '{"event": 1}', '{"hashes": []}'])
def test_events_that_cannot_be_read_are_told_once_and_left(kept: Project, line: str) -> None:
    events = kept.accessions()[1].events
    data = f"{events.read_text('utf-8')}{line}\n"
    events.write_text(data, "utf-8")
    for seconds in (0, None):
        [found] = check_in_turn(kept, SilentReporter(), seconds).problems
        assert (found.code, found.where) == (ExitCode.RECORD, kept.relative(events))
    assert events.read_text("utf-8") == data


def test_events_are_read_once_and_once_more_to_add_one(
    kept: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def counted(self: Accession) -> list[dict[str, Any]]:
        read.append(self.id)
        return original(self)

    original = Accession.read_events
    monkeypatch.setattr(Accession, "read_events", counted)
    ids = [accession.id for accession in kept.accessions()]
    assert wrong(kept, 0) == []
    assert read == ids
    assert wrong(kept) == []
    assert sorted(read) == sorted(ids * 3)


def test_two_masters_swapped_with_their_manifests_show(kept: Project) -> None:
    """All hashes agree with the manifests; only the ids do not."""
    (a, first), (b, second) = zip(kept.accessions()[:2], masters(kept)[:2], strict=True)
    digests = [a.hashes()[f"master/{first.name}"], b.hashes()[f"master/{second.name}"]]
    bytes_ = first.read_bytes(), second.read_bytes()
    for accession, path, data, old, new in (
        (a, first, bytes_[1], *digests),
        (b, second, bytes_[0], *reversed(digests)),
    ):
        path.write_bytes(data)
        text = accession.manifest.read_text("utf-8")
        accession.manifest.write_text(text.replace(old, new), "utf-8")
    found = [line for line in wrong(kept, 0) if "对不上" in line]
    assert len(found) == 2


def test_a_photo_of_the_same_name_is_no_swapped_master(
    village: Project, drop: Callable[..., Path]
) -> None:
    drop("mottoes/金村村", f"mottoes/{NAMES[0]}")
    photo = (village.recordings / "mottoes" / NAMES[0]).with_suffix(".jpg")
    Image.new("RGB", (40, 30), "red").save(photo)
    settle(photo)
    assert len(take_in(village, Archive(), SilentReporter()).taken) == 1
    assert len(village.accessions()[0].own_hashes()) == 2
    assert wrong(village, 0) == wrong(village) == []


def test_with_little_time_the_longest_unchecked_comes_first(
    kept: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    for day in range(1, 8):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(1_900_000_000 + day))
        checked = check_in_turn(kept, SilentReporter(), 1e-9)
        assert (len(checked.hashed), checked.waiting) == (1, 2)
        order += checked.hashed
    ids = [accession.id for accession in kept.accessions()]
    assert order == (ids * 3)[:7]
    events = kept.accession(ids[0]).read_events()
    assert [event.outcome for event in events if event.kind == "fixity check"] == ["pass"] * 3


def test_the_command_says_what_waits_and_ends_with_the_code(kept: Project, run: Run) -> None:
    code, printed = run(kept, "verify", "--quick")
    assert (code, "还有 3 件" in printed) == (0, True)
    code, printed = run(kept, "verify")
    assert (code, "都和登记的一样" in printed) == (0, True)
    flip(masters(kept)[0])
    code, printed = run(kept, "verify", "--minutes", "5")
    assert code == ExitCode.FIXITY
    assert masters(kept)[0].name in printed


# --- backup and restore


def test_a_copy_is_a_project_of_its_own(kept: Project, tmp_path: Path, run: Run) -> None:
    target = tmp_path / "disk" / "backup"
    assert run(kept, "backup", str(target))[0] == 0
    assert tree(target / "archive") == tree(kept.archive)
    assert run(Project.at(target), "check")[0] == 0
    assert (target / "recordings" / "folder.yml").is_file()


def test_only_what_is_new_is_copied_and_what_changed_is_kept(kept: Project, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    first = backup.back_up(kept, target, SilentReporter())
    assert first.new and not first.changed
    record = kept.accessions()[0].record
    before = record.read_text("utf-8")
    record.write_text(f"{before}# 又记了一笔\n", "utf-8")
    os.utime(record, (2_000_000_000, 2_000_000_000))
    second = backup.back_up(kept, target, SilentReporter())
    assert (second.new, second.changed) == ([], [kept.relative(record)])
    [earlier] = (target / "earlier").rglob("recording.yml.*")
    assert earlier.read_text("utf-8") == before
    assert tree(target / "archive") == tree(kept.archive)


def test_nothing_is_deleted_and_a_damaged_master_is_not_copied(
    kept: Project, tmp_path: Path
) -> None:
    target = tmp_path / "backup"
    backup.back_up(kept, target, SilentReporter())
    good = tree(target)
    first, second, __ = masters(kept)
    shutil.rmtree(first.parents[1])
    second.write_bytes(b"destroyed")
    [problem] = backup.back_up(kept, target, SilentReporter()).problems
    assert problem.where.endswith(second.name)
    assert problem.code is ExitCode.FIXITY
    assert tree(target) == good


def test_restoring_brings_back_what_is_missing_or_damaged(kept: Project, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    backup.back_up(kept, target, SilentReporter())
    whole = tree(kept.archive)
    first, second, __ = masters(kept)
    shutil.rmtree(first.parents[1])
    flip(second)
    record = kept.accessions()[-1].record
    edited = record.read_text("utf-8").replace("note:", "note: 后来写的")
    record.write_text(edited, "utf-8")
    broken = tree(kept.archive)
    rehearsal = backup.restore(kept, target, SilentReporter(), rehearse=True)
    assert tree(kept.archive) == broken
    done = backup.restore(kept, target, SilentReporter(), rehearse=False)
    assert (rehearsal.new, rehearsal.changed) == (done.new, done.changed)
    assert done.changed == [kept.relative(second)]
    assert record.read_text("utf-8") == edited
    now = tree(kept.archive)
    [aside] = [name for name in now if "/damaged/" in name]
    assert now.pop(aside) == broken[kept.relative(second).removeprefix("archive/")]
    assert now == whole | {kept.relative(record).removeprefix("archive/"): edited.encode()}
    assert wrong(kept) == []


def test_a_damaged_copy_restores_nothing_of_that_recording(kept: Project, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    backup.back_up(kept, target, SilentReporter())
    flip(target / kept.relative(masters(kept)[0]))
    shutil.rmtree(masters(kept)[0].parents[1])
    done = backup.restore(kept, target, SilentReporter(), rehearse=False)
    assert len(done.problems) == 1
    assert len(kept.accessions()) == 2


def test_a_copy_inside_the_project_is_refused(kept: Project) -> None:
    with pytest.raises(ConfigurationError):
        backup.back_up(kept, kept.root / "build" / "backup", SilentReporter())


KILLED = """
import os, signal, sys
from pathlib import Path
from cunshi.archive import backup
from cunshi.archive.project import Project
from cunshi.core.progress import SilentReporter
count, at, rename = 0, int(sys.argv[3]), Path.replace
def replace(self, target):
    global count
    count += 1
    if count == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.replace = replace
backup.back_up(Project.at(Path(sys.argv[1])), Path(sys.argv[2]), SilentReporter())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_backup_is_taken_up_again(kept: Project, tmp_path: Path) -> None:
    package = str(Path(store.__file__).parents[2])
    target = tmp_path / "backup"
    for at in (1, 3, 2, 5):
        words = [sys.executable, "-c", KILLED, str(kept.root), str(target), str(at)]
        done = subprocess.run(words, check=False, env=os.environ | {"PYTHONPATH": package})
        assert done.returncode == -signal.SIGKILL
    assert not backup.back_up(kept, target, SilentReporter()).problems
    assert tree(target / "archive") == tree(kept.archive)


def test_a_flipped_bit_in_what_people_wrote_is_found_and_not_restored(
    kept: Project, tmp_path: Path, run: Run
) -> None:
    accession = kept.accessions()[0]
    accession.consent_forms.mkdir()
    (accession.consent_forms / "纸.jpg").write_bytes(b"signed")
    accession.transcript.write_text("WEBVTT\n", "utf-8")
    copy = tmp_path / "backup"
    backup.back_up(kept, copy, SilentReporter())
    for name in ("transcript.vtt", "consent/纸.jpg", "recording.yml"):
        path = copy / "archive" / accession.id / name
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        code, printed = run(kept, "restore", str(copy), "--check")
        assert code == ExitCode.FIXITY and name in printed
        target = accession.folder / name
        mine = target.read_bytes()
        target.unlink()
        assert run(kept, "restore", str(copy))[0] == ExitCode.FIXITY
        assert not target.exists()
        path.write_bytes(whole)
        assert run(kept, "restore", str(copy))[0] == 0
        assert target.read_bytes() == mine


def test_an_edit_of_the_same_size_and_time_is_backed_up(kept: Project, tmp_path: Path) -> None:
    record = kept.accessions()[0].record
    backup.back_up(kept, tmp_path / "backup", SilentReporter())
    stat = record.stat()
    record.write_text(record.read_text("utf-8").replace("村", "邨"), "utf-8")
    os.utime(record, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    backup.back_up(kept, tmp_path / "backup", SilentReporter())
    copy = tmp_path / "backup" / record.relative_to(kept.root)
    assert copy.read_bytes() == record.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a permission there")
def test_a_link_in_the_archive_is_not_followed(kept: Project, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("钥匙", "utf-8")
    (kept.accessions()[0].folder / "a.txt").symlink_to(tmp_path / "secret")
    done = backup.back_up(kept, tmp_path / "backup", SilentReporter())
    assert any("链接" in problem.cause for problem in done.problems)
    assert not list((tmp_path / "backup").rglob("a.txt"))

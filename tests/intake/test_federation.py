"""Merging two villages' archives: no duplicates, and no silent decisions."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.project import Project
from cunshi.archive.transcript_file import parse_transcript
from cunshi.core.errors import ExitCode
from cunshi.domain.transcript import Segment
from cunshi.domain.withholding import Ranges, withheld_ranges
from cunshi.intake import merge_limits
from support.leaks import leaks
from support.village import settle, tree
from support.withheld import mark

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def villages(
    told: tuple[Project, str, str], village: Project, run: Run, drop: Callable[..., Path]
) -> tuple[Project, Project, str, str]:
    """Return our empty village, theirs, and the ids of their open and sealed talk."""
    theirs, open_id, sealed_id = told
    settings = theirs.archive / "archive.yml"
    text = settings.read_text("utf-8").splitlines()
    kept = [line for line in text if not line.startswith(("institution:", "rights:"))]
    settings.write_text(
        "\n".join([*kept, "institution: 顾家村档案室", "rights: 顾家村的"]), "utf-8"
    )
    return village, theirs, open_id, sealed_id


def record(project: Project, recording_id: str) -> str:
    return project.accession(recording_id).record.read_text("utf-8")


def edit(project: Project, recording_id: str, old: str, new: str) -> None:
    text = record(project, recording_id)
    assert old in text
    project.accession(recording_id).record.write_text(text.replace(old, new), "utf-8")


def test_everything_comes_in_with_its_holder(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, sealed_id = villages
    before = tree(theirs.root)
    code, printed = run(ours, "merge", str(theirs.root))
    assert (code, "从顾家村档案室并入 2 件" in printed) == (0, True)
    assert tree(theirs.root) == before
    for recording_id in (open_id, sealed_id):
        here, there = ours.accession(recording_id), theirs.accession(recording_id)
        assert tree(here.master) == tree(there.master)
        assert here.transcript.read_bytes() == there.transcript.read_bytes()
        assert "holder: 顾家村档案室" in record(ours, recording_id)
        assert here.read_events()[-1].source == "顾家村档案室"
    assert run(ours, "check")[0] == 0
    assert run(ours, "site")[0] == 0
    page = (ours.site / "recordings" / f"{open_id}.html").read_text("utf-8")
    assert "顾家村档案室" in page
    assert "顾家村的" in page
    assert not (ours.site / "recordings" / f"{sealed_id}.html").exists()


def test_merging_twice_changes_nothing(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, __, __ = villages
    assert run(ours, "merge", str(theirs.root))[0] == 0
    before = tree(ours.archive)
    code, printed = run(ours, "merge", str(theirs.root))
    assert (code, "并入 0 件；2 件两边都有" in printed, "不一样" in printed) == (0, True, False)
    assert tree(ours.archive) == before


def test_what_the_two_say_differently_stands_side_by_side(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    run(ours, "merge", str(theirs.root))
    edit(ours, open_id, "title: 村名", "title: 我们的题名")
    edit(theirs, open_id, "title: 村名", "title: 他们的题名")
    before = record(ours, open_id)
    code, printed = run(ours, "merge", str(theirs.root))
    assert code == 0
    lines = printed.splitlines()
    at = lines.index(f"  {open_id} title")
    assert lines[at + 1 : at + 3] == ["    这里：我们的题名", "    那边：他们的题名"]
    assert record(ours, open_id) == before


def test_a_withdrawal_there_holds_here(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    run(ours, "merge", str(theirs.root))
    assert run(ours, "site")[0] == 0
    sidecar = next(theirs.recordings.rglob("金村村_金老师*.m4a")).with_suffix(".yml")
    sidecar.write_text("consent: {withdrawn_on: 2026-03-01}\n", "utf-8")
    settle(sidecar)
    assert run(theirs, "ingest")[0] == 0
    code, printed = run(ours, "merge", str(theirs.root))
    assert (code, "更严的限制" in printed) == (0, True)
    assert "2026-03-01" in record(ours, open_id)
    assert run(ours, "site")[0] == 0
    assert not (ours.site / "recordings" / f"{open_id}.html").exists()


def test_a_damaged_master_does_not_come_in(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, sealed_id = villages
    next(theirs.accession(open_id).master.iterdir()).write_bytes(b"?")
    code, printed = run(ours, "merge", str(theirs.root))
    assert code == ExitCode.RECORD
    assert open_id in printed
    assert [a.id for a in ours.accessions()] == [sealed_id]


def test_the_same_id_with_other_bytes_is_refused(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    run(ours, "merge", str(theirs.root))
    here = ours.accession(open_id)
    shutil.rmtree(here.folder)
    other = next(a for a in ours.accessions() if a.id != open_id)
    shutil.copytree(other.folder, here.folder)
    before = tree(here.folder)
    code, printed = run(ours, "merge", str(theirs.root))
    assert code == ExitCode.RECORD
    assert "录音却不一样" in printed
    assert tree(here.folder) == before


def test_a_bag_is_handed_over_checked_and_brought_in(
    villages: tuple[Project, Project, str, str], run: Run, tmp_path: Path
) -> None:
    ours, theirs, open_id, sealed_id = villages
    code, printed = run(theirs, "backup", str(tmp_path / "out"), "--bag")
    assert (code, "包括封存的录音" in printed) == (0, True)
    [bag] = (tmp_path / "out").iterdir()
    bagit.Bag(str(bag)).validate()
    assert run(theirs, "backup", str(tmp_path / "out"), "--bag")[0] == ExitCode.SITE
    transcript = bag / "data" / "archive" / open_id / "transcript.vtt"
    whole = transcript.read_bytes()
    transcript.write_bytes(whole + b"\n")
    code, printed = run(ours, "merge", str(bag))
    assert (code, "不完整" in printed) == (ExitCode.RECORD, True)
    assert ours.accessions() == []
    transcript.write_bytes(whole)
    assert run(ours, "merge", str(bag))[0] == 0
    assert {a.id for a in ours.accessions()} == {open_id, sealed_id}


def test_limits_brought_in_leave_a_persons_words_alone(
    villages: tuple[Project, Project, str, str], run: Run, tmp_path: Path
) -> None:
    """Events noted by a merge are not taken for values of folder.yml, which would overwrite
    edits.
    """
    ours, theirs, open_id, __ = villages
    shutil.copytree(theirs.recordings, ours.recordings, dirs_exist_ok=True)
    assert run(ours, "ingest")[0] == 0
    edit(ours, open_id, "title: 村名", "title: 我们的题名")
    edit(theirs, open_id, "access:", "access: sealed")
    code, printed = run(ours, "merge", str(theirs.root))
    assert (code, "更严的限制" in printed) == (0, True)
    assert ours.accession(open_id).read_events()[-1].limited == {"access": "sealed"}
    assert run(ours, "ingest")[0] == 0
    assert "title: 我们的题名" in record(ours, open_id)
    assert "access: sealed" in record(ours, open_id)


def test_a_limit_comes_in_however_the_record_here_is_written(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    """A list over several lines, and a date that cannot be parsed."""
    ours, theirs, open_id, __ = villages
    run(ours, "merge", str(theirs.root))
    consent = "consent: {by: 王老师, signed_on: 2026-01-01}"
    edit(ours, open_id, consent, "consent:\n  uses:\n  - archive\n  - website\n  by: 王老师")
    edit(ours, open_id, "date: 2026-01-12", "date: 2026-13-45")
    edit(theirs, open_id, consent, f"{consent[:-1]}, uses: [archive]}}\naccess: sealed")
    edit(theirs, open_id, "access:\n", "")
    code, printed = run(ours, "merge", str(theirs.root))
    assert (code, "更严的限制" in printed) == (0, True)
    text = record(ours, open_id)
    assert "date: 2026-13-45\n" in text
    assert "access: sealed\n" in text
    assert "  uses: [archive]\n  by: 王老师\n" in text


def test_a_record_there_that_is_no_yaml_stops_nothing(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, sealed_id = villages
    theirs.accession(open_id).record.write_text("title: [\n", "utf-8")
    code, printed = run(ours, "merge", str(theirs.root))
    assert code == ExitCode.RECORD
    assert open_id in printed
    assert [a.id for a in ours.accessions()] == [sealed_id]


def cut_a_line(bag: Path) -> None:
    manifest = next(bag.glob("manifest-*.txt"))
    manifest.write_text("".join(manifest.read_text("utf-8").splitlines(keepends=True)[1:]), "utf-8")
    next(bag.glob("tagmanifest-*.txt")).unlink()


def delete_the_manifest(bag: Path) -> None:
    for path in (*bag.glob("manifest-*.txt"), *bag.glob("tagmanifest-*.txt")):
        path.unlink()


def add_a_file(bag: Path) -> None:
    (bag / "data" / "archive" / "x.yml").write_text("x", "utf-8")


def damage_a_tag(bag: Path) -> None:
    with (bag / "bag-info.txt").open("a", encoding="utf-8") as stream:
        stream.write("x: y\n")


def add_a_lesser_manifest(bag: Path) -> None:
    (bag / "manifest-md5.txt").write_text("", "utf-8")


@pytest.mark.parametrize(
    "damage",
    [cut_a_line, delete_the_manifest, add_a_file, damage_a_tag, add_a_lesser_manifest],
)
def test_a_bag_that_the_reference_refuses_does_not_come_in(
    villages: tuple[Project, Project, str, str],
    run: Run,
    tmp_path: Path,
    damage: Callable[[Path], None],
) -> None:
    ours, theirs, *__ = villages
    run(theirs, "backup", str(tmp_path / "out"), "--bag")
    [bag] = (tmp_path / "out").iterdir()
    damage(bag)
    if damage is not add_a_lesser_manifest:  # RFC 8493 refuses it, the reference does not
        with pytest.raises(bagit.BagError):
            bagit.Bag(str(bag)).validate()
    assert run(ours, "merge", str(bag))[0] == ExitCode.RECORD
    assert ours.accessions() == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a permission there")
@pytest.mark.parametrize("where", ["transcript.vtt", "consent", "consent/a.jpg", "master/b.txt"])
def test_a_link_there_brings_in_nothing_from_here(
    villages: tuple[Project, Project, str, str], run: Run, tmp_path: Path, where: str
) -> None:
    ours, theirs, open_id, sealed_id = villages
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.txt").write_text("钥匙在灶台下", "utf-8")
    path = theirs.accession(open_id).folder / where
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(secret if where == "consent" else secret / "a.txt")
    code, printed = run(ours, "merge", str(theirs.root))
    assert code == ExitCode.RECORD and "链接" in printed
    assert [a.id for a in ours.accessions()] == [sealed_id]
    assert not any(b"\xe7\x81\xb6\xe5\x8f\xb0" in data for data in tree(ours.archive).values())


def test_what_a_system_puts_there_stops_nothing(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    folder = theirs.accession(open_id).folder
    for name in (".DS_Store", "._a.m4a", "Thumbs.db", "desktop.ini"):
        for place in (theirs.archive, folder, folder / "master"):
            (place / name).write_bytes(b"x")
    assert run(theirs, "check")[0] == 0
    assert run(ours, "merge", str(theirs.root))[0] == 0
    assert run(ours, "check")[0] == 0
    assert not [path for path in tree(ours.archive) if path.endswith(("Thumbs.db", "_Store"))]


def lines_of(project: Project, recording_id: str) -> tuple[Segment, ...]:
    return parse_transcript(project.accession(recording_id).transcript.read_text("utf-8"))


def silenced(project: Project, recording_id: str) -> Ranges:
    return withheld_ranges(lines_of(project, recording_id))


def covers(ranges: Ranges, start: float, end: float) -> bool:
    """Check whether ranges cover another one, up to what rounding leaves."""
    inside = sum(max(0.0, min(end, b) - max(start, a)) for a, b in ranges)
    return inside >= end - start - 0.11


def test_a_passage_withheld_there_is_withheld_here(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    run(ours, "merge", str(theirs.root))
    ours_first = mark(ours, open_id, 0, text="我们改过的第一句。")
    words = {"text": "桥东那户人家后来搬走了。", "mandarin": ""}
    mark(ours, open_id, 2, **words)
    hidden = mark(theirs, open_id, 2, withheld=True, **words)
    before = [line.text for line in lines_of(ours, open_id)]
    code, printed = run(ours, "merge", str(theirs.root))
    assert code == 0
    assert "也标上了" in printed
    assert "运行 publish 或 build 以后" in printed
    assert covers(silenced(ours, open_id), hidden.start, hidden.end)
    assert [line.text for line in lines_of(ours, open_id)] == before
    assert not lines_of(ours, open_id)[0].withheld
    assert lines_of(ours, open_id)[0].text == ours_first.text
    [event] = [e for e in ours.accession(open_id).read_events() if e.limited]
    assert event.limited == {"withheld": [f"{hidden.start:.3f}-{hidden.end:.3f}"]}
    assert run(ours, "site")[0] == 0
    assert leaks(ours.site, words["text"]) == []
    again = tree(ours.archive)
    assert "运行 publish" not in run(ours, "merge", str(theirs.root))[1]
    assert tree(ours.archive) == again


@given(
    st.lists(st.tuples(st.floats(0, 40), st.floats(0.1, 8)), max_size=8),
    st.lists(st.tuples(st.floats(0, 40), st.floats(0.1, 8)), min_size=1, max_size=4),
)
def test_whatever_the_lines_are_what_is_withheld_there_is_silent_here(
    ours: list[tuple[float, float]], theirs: list[tuple[float, float]]
) -> None:
    mine = [Segment(a, a + d, f"这里的第{n}句") for n, (a, d) in enumerate(sorted(ours))]
    hidden = [Segment(a, a + d, f"那边{n}", withheld=True) for n, (a, d) in enumerate(theirs)]
    merged = merge_limits._withheld_like(mine, hidden)
    ranges = withheld_ranges(merged)
    assert all(covers(ranges, line.start, line.end) for line in hidden)
    assert [line.text for line in merged if line.text.startswith("这里")] == [
        line.text for line in mine
    ]


def test_words_withheld_there_are_withheld_here_at_whatever_time(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    run(ours, "merge", str(theirs.root))
    words = "那年冬天他把账本藏在了桥下面"
    mark(ours, open_id, 0, text=f"先说一句，{words}。")
    mark(theirs, open_id, 2, text=words, withheld=True)
    assert run(ours, "merge", str(theirs.root))[0] == 0
    assert lines_of(ours, open_id)[0].withheld


def test_a_line_at_a_time_withheld_there_is_withheld_here_whatever_its_words(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    run(ours, "merge", str(theirs.root))
    line = mark(ours, open_id, 2, text="另一种写法，意思却一样。", mandarin="")
    mark(theirs, open_id, 2, withheld=True, start=line.start + 0.5)
    assert run(ours, "merge", str(theirs.root))[0] == 0
    assert lines_of(ours, open_id)[2].withheld


def test_where_nothing_is_transcribed_here_their_words_come_with_their_marks(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    run(ours, "merge", str(theirs.root))
    ours.accession(open_id).transcript.unlink()
    mark(theirs, open_id, 2, withheld=True)
    code, printed = run(ours, "merge", str(theirs.root))
    assert code == 0, printed
    assert silenced(ours, open_id) == silenced(theirs, open_id) != ()


def test_a_transcript_there_that_cannot_be_read_holds_up_no_limit(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    run(ours, "merge", str(theirs.root))
    edit(theirs, open_id, "access:", "access: sealed")
    theirs.accession(open_id).transcript.write_bytes(b"\xff\xfe\x00")
    code, printed = run(ours, "merge", str(theirs.root))
    assert (code, open_id in printed) == (ExitCode.RECORD, True)
    assert "access: sealed" in record(ours, open_id)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("archive.yml", "pseudonyms:\n  - {name: 李小明, shown_as: 小李}\n"),
        ("persons.yml", "persons:\n  - names: [李小明, 明明]\n    shown_as: 小李\n"),
    ],
)
@pytest.mark.parametrize(
    "own",
    [
        "",
        "# 我们的\npersons:\n  - names: [王阿婆]\n    shown_as: 阿婆\n",
        "人物: [{名字: 王阿婆, 署名: 阿婆}]\n",
    ],
)
def test_names_hidden_there_are_hidden_here(
    villages: tuple[Project, Project, str, str], run: Run, name: str, text: str, own: str
) -> None:
    ours, theirs, open_id, __ = villages
    with (theirs.archive / name).open("a", encoding="utf-8") as stream:
        stream.write(f"\n{text}")
    mark(theirs, open_id, 1, text="那年李小明掉进河里。", mandarin="")
    if own:
        ours.persons.write_text(own, "utf-8")
    code, printed = run(ours, "merge", str(theirs.root))
    assert (code, "化名" in printed) == (0, True)
    assert run(ours, "site")[0] == 0
    assert leaks(ours.site, "李小明") == []
    page = (ours.site / "recordings" / f"{open_id}.html").read_text("utf-8")
    assert "那年小李掉进河里。" in page
    assert ours.persons.read_text("utf-8").startswith(own.rstrip("]\n"))
    before = tree(ours.archive)
    assert run(ours, "merge", str(theirs.root))[0] == 0
    assert tree(ours.archive) == before


def test_while_their_hidden_names_are_unknown_nothing_comes_in(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, __, __ = villages
    theirs.persons.write_text("persons:\n  - names: [李小明\n", "utf-8")
    code, printed = run(ours, "merge", str(theirs.root))
    assert (code, "persons.yml" in printed) == (ExitCode.RECORD, True)
    assert ours.accessions() == []


def test_what_a_person_there_has_withdrawn_comes_in_withdrawn(
    villages: tuple[Project, Project, str, str], run: Run
) -> None:
    ours, theirs, open_id, __ = villages
    text = "persons:\n  - names: [金 老師]\n    consent: {withdrawn_on: 2026-02-01}\n"
    theirs.persons.write_text(text, "utf-8")
    assert run(ours, "merge", str(theirs.root))[0] == 0
    assert "withdrawn_on: 2026-02-01" in record(ours, open_id)

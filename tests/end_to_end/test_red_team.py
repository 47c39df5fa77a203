"""Every restriction, by every way that the documents give, holds in everything that comes out,
whatever commands follow in whatever order.

A number of seeded cases are tried; with CUNSHI_CASES above 10000 all of them.
"""

import itertools
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from cunshi.archive.project import Project
from cunshi.core.errors import ExitCode
from support import red_team
from support.desk import open_desk
from support.faults import ALL
from support.red_team import TALKS, Secrets, Talk, found_in, id_of
from support.village import EPOCH, settle

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str]]
CASES_IN_A_NORMAL_RUN = 11
# Cases that once failed.
ALWAYS = (("hidden in one of two", "publish", "export"),)
FIRST, SECOND, THIRD = TALKS


@dataclass(frozen=True)
class Attack:
    """A village of which everything has come out once: on a site, in a pack, as an export."""

    project: Project
    folder: Path

    @property
    def www(self) -> Path:
        return self.folder / "www"

    def write(self, path: Path, text: str) -> None:
        """Write below a text, or write a new one."""
        before = path.read_text("utf-8") if path.exists() else ""
        path.write_text(before + text, "utf-8")
        settle(path, later=5)

    def set_in_record(self, talk: Talk, key: str, value: str) -> None:
        path = self.project.accession(id_of(self.project, talk)).record
        lines = path.read_text("utf-8").splitlines(keepends=True)
        changed = [f"{key}: {value}\n" if line.startswith(f"{key}:") else line for line in lines]
        assert changed != lines
        path.write_text("".join(changed), "utf-8")

    def sidecar(self, talk: Talk) -> Path:
        return (self.project.recordings / talk.name).with_suffix(".yml")


# --- ways to write a restriction: a key and its value, of consent if it begins with "consent."


def by_sidecar(attack: Attack, key: str, value: str) -> None:
    attack.write(attack.sidecar(FIRST), _line(key, value))


def by_folder(attack: Attack, key: str, value: str) -> None:
    attack.write(attack.sidecar(FIRST).parent / "folder.yml", _line(key, value))


def by_sidecar_of_a_lost_file(attack: Attack, key: str, value: str) -> None:
    (attack.project.recordings / FIRST.name).unlink()
    by_sidecar(attack, key, value)


def by_record(attack: Attack, key: str, value: str) -> None:
    name, __, inner = key.partition(".")
    if inner:
        value = f"{{by: 王老师, signed_on: 2026-01-01, {inner}: {value}}}"
    attack.set_in_record(FIRST, name, value)


def by_person(attack: Attack, key: str, value: str) -> None:
    limit = f"{{{key.removeprefix('consent.')}: {value}}}"
    text = f"persons:\n  - names: [王 阿婆]\n    consent: {limit}\n"
    attack.write(attack.project.persons, text)


def by_desk(attack: Attack, key: str, value: str) -> None:
    address = f"/api/recordings/{id_of(attack.project, FIRST)}"
    with open_desk(attack.project) as opened:
        client = opened.client()
        if key == "consent.withdrawn_on":
            assert client.post(f"{address}/withdraw", json={}).status_code == 200
            return
        base = client.get(f"{address}/record").json()["base"]
        name, __, inner = key.partition(".")
        values = {name: {inner: value}} if inner else {name: value}
        answer = client.put(f"{address}/record", json={"base": base, "values": values})
        assert answer.status_code == 200, answer.text


def _line(key: str, value: str) -> str:
    name, __, inner = key.partition(".")
    return f"{name}: {{{inner}: {value}}}\n" if inner else f"{name}: {value}\n"


ANYWHERE = (by_sidecar, by_folder, by_sidecar_of_a_lost_file, by_record, by_desk)
OF_A_PERSON = (*ANYWHERE, by_person)
Way = Callable[[Attack, str, str], None]
# What restricts the whole first talk, and by which ways it may be written.
WHOLE: dict[str, tuple[str, str, Sequence[Way]]] = {
    "withdrawn": ("consent.withdrawn_on", "2026-03-01", OF_A_PERSON),
    "expired": ("consent.until", "2026-02-01", OF_A_PERSON),
    "waiting": ("consent.embargo", "2999-01-01", OF_A_PERSON),
    "for the archive only": ("consent.uses", "[archive]", (*OF_A_PERSON[:4], by_person)),
    "no use": ("consent.uses", "无", (by_sidecar, by_folder, by_record, by_person)),
    "sealed": ("access", "sealed", ANYWHERE),
    "listed": ("access", "listed", ANYWHERE),
    "of a minor": ("minor", "true", ANYWHERE[:4]),
    "unreadable": ("access", "'", (by_sidecar, by_folder, by_record)),
    "misspelt": ("consent.withdrawn_on", "三月一日", (by_sidecar, by_folder, by_record, by_person)),
}
NARRATED = tuple(talk for talk in TALKS if talk.narrator == FIRST.narrator)
MARKS = (
    "NOTE 不公开\n\n{cue}",
    "NOTE 不要公开：\n{cue}",
    "{times}（不公開）\n{words}",
    "{cue}\n[不公开]",
)


def restrict(name: str, way: Way) -> Callable[[Attack], Secrets]:
    def make(attack: Attack) -> Secrets:
        key, value, __ = WHOLE[name]
        way(attack, key, value)
        secrets = Secrets()
        for talk in NARRATED if way is by_person else (FIRST,):
            secrets.of_talk(talk)
        return secrets

    return make


def withhold(mark: str) -> Callable[[Attack], Secrets]:
    def make(attack: Attack) -> Secrets:
        path = attack.project.accession(id_of(attack.project, FIRST)).transcript
        times = "00:03.000 --> 00:06.000"
        cue = f"{times}\n{FIRST.words[1]}"
        text = path.read_text("utf-8")
        assert cue in text
        marked = mark.format(cue=cue, times=times, words=FIRST.words[1])
        path.write_text(text.replace(cue, marked), "utf-8")
        return Secrets().of_line(FIRST, 1)

    return make


def withhold_at_the_desk(attack: Attack) -> Secrets:
    with open_desk(attack.project) as opened:
        client, address = opened.client(), f"/api/recordings/{id_of(attack.project, FIRST)}"
        found = client.get(address).json()
        segments = found["segments"]
        segments[1]["withheld"] = True
        body = {"base": found["revision"], "segments": segments}
        answer = client.put(f"{address}/transcript", json=body)
        assert answer.status_code == 200, answer.text
    return Secrets().of_line(FIRST, 1)


def hide_by_persons(attack: Attack) -> Secrets:
    attack.write(attack.project.persons, "人物:\n  - 名字: [金德发]\n    署名: 老伯\n")
    return Secrets(["金德发"])


def hide_by_settings(attack: Attack) -> Secrets:
    path = attack.project.archive / "archive.yml"
    attack.write(path, "\npseudonyms:\n  - {name: 金德发, shown_as: 老伯}\n")
    return Secrets(["金德发"])


def hide_by_sidecar(attack: Attack) -> Secrets:
    attack.write(attack.sidecar(SECOND), "consent: {shown_as: 老伯}\n")
    return Secrets(["金德发"])


def hide_in_one_of_two(attack: Attack) -> Secrets:
    attack.write(attack.sidecar(THIRD), "consent: {shown_as: 阿婆}\n")
    return Secrets(["王阿婆"])


RESTRICTIONS: dict[str, Callable[[Attack], Secrets]] = {
    **{
        f"{name} {way.__name__}": restrict(name, way)
        for name, (__, __, ways) in WHOLE.items()
        for way in ways
    },
    **{f"marked {n}": withhold(mark) for n, mark in enumerate(MARKS)},
    "marked at the desk": withhold_at_the_desk,
    "hidden by persons": hide_by_persons,
    "hidden by settings": hide_by_settings,
    "hidden by sidecar": hide_by_sidecar,
    "hidden in one of two": hide_in_one_of_two,
}


# --- commands that let something out, and where it lies then


def build(attack: Attack, run: Run) -> tuple[int, list[Path]]:
    return run(attack.project, "build", "--engine", "recorded")[0], [attack.project.site]


def site(attack: Attack, run: Run) -> tuple[int, list[Path]]:
    return run(attack.project, "site")[0], [attack.project.site]


def pack(attack: Attack, run: Run) -> tuple[int, list[Path]]:
    target = attack.folder / "sticks" / "stick.zip"
    target.unlink()
    code = run(attack.project, "pack", "--to", str(target))[0]
    return code, [attack.folder / "sticks", attack.project.classroom.site]


def export(attack: Attack, run: Run) -> tuple[int, list[Path]]:
    target = attack.folder / "export"
    shutil.rmtree(target, ignore_errors=True)
    return run(attack.project, "export", "--to", str(target))[0], [target]


def publish(attack: Attack, run: Run) -> tuple[int, list[Path]]:
    return run(attack.project, "publish", "--to", str(attack.www))[0], [attack.www]


def take_down(attack: Attack, run: Run) -> tuple[int, list[Path]]:
    with open_desk(attack.project) as opened:
        answer = opened.client().post("/api/takedown", json={}).json()
    return answer["exit_code"], [attack.www]


def roll_back(attack: Attack, run: Run) -> tuple[int, list[Path]]:
    code = publish(attack, run)[0]
    rolled = run(attack.project, "rollback", "--to", str(attack.www))[0]
    return max(code, rolled), [attack.www]


COMMANDS = (build, site, pack, export, publish, take_down, roll_back)
PAIRS = tuple(itertools.permutations(COMMANDS, 2))


def cases() -> Iterator[tuple[str, str, str]]:
    """Yield all cases, or a sample in which each kind of restriction is."""
    everything = [(name, a.__name__, b.__name__) for name in RESTRICTIONS for a, b in PAIRS]
    if ALL:
        yield from everything
        return
    yield from ALWAYS
    chance = random.Random(7)
    for kind in chance.sample(sorted(RESTRICTIONS), CASES_IN_A_NORMAL_RUN):
        yield chance.choice([case for case in everything if case[0] == kind])


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a village of which everything has come out."""
    from cunshi import workflow
    from cunshi.core.progress import SilentReporter
    from cunshi.domain.settings import Destination

    folder = tmp_path_factory.mktemp("red")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        project = red_team.make_village(folder / "village")
        settings = project.archive / "archive.yml"
        with settings.open("a", encoding="utf-8") as stream:
            stream.write("\npublish:\n  to: ../www\n")
        where = Destination(folder=str(folder / "www"))
        done = workflow.publish(project, SilentReporter(), where, dry_run=False)
        assert done.wrong == []
        workflow.pack(project, SilentReporter(), folder / "sticks" / "stick.zip")
    return folder


@pytest.fixture
def attack(origin: Path, tmp_path: Path) -> Attack:
    shutil.copytree(origin, tmp_path / "red", symlinks=True)
    return Attack(Project.at(tmp_path / "red" / "village"), tmp_path / "red")


def test_everything_has_come_out_before(attack: Attack) -> None:
    """The search finds each word, name and second of sound in what was published and packed."""
    everything = Secrets()
    for talk in TALKS:
        everything.of_talk(talk).words += [talk.title, talk.narrator]
    for folder in (attack.www, attack.folder / "sticks"):
        found = {line.rpartition(": ")[2] for line in found_in(folder, everything)}
        assert found >= set(everything.words), folder
        assert found >= {f"second {n} of talk {talk}" for talk, n in everything.seconds}, folder


@pytest.mark.parametrize(("restriction", "first", "second"), list(cases()))
def test_nothing_restricted_comes_out(
    attack: Attack, run: Run, restriction: str, first: str, second: str
) -> None:
    secrets = RESTRICTIONS[restriction](attack)
    for name in (first, second):
        command = next(c for c in COMMANDS if c.__name__ == name)
        code, folders = command(attack, run)
        assert code != ExitCode.UNEXPECTED, name
        for folder in folders:
            assert found_in(folder, secrets) == [], (restriction, name, code)

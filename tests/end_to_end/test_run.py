"""The launcher run.py in small villages: real environments and pip, without a network."""

import ast
import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PROGRAM = """\
import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "root": os.environ["CUNSHI_ROOT"]}))
sys.exit(7)
"""
CHECK = """\
import os, sys
print({name!r}, *sys.argv[1:])
sys.exit(int(os.environ.get("FAIL_" + {name!r}.upper(), 0)))
"""
UNTOUCHED = {"LC_ALL", "LC_MESSAGES", "CUNSHI_ROOT", "PYTHONPATH", "PYTHONIOENCODING"}


def make_village(folder: Path) -> Path:
    """Create a folder with the launcher and a program that reports how it was called."""
    package = folder / "scripts" / "cunshi"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM, "utf-8")
    shutil.copy(SCRIPTS / "run.py", folder / "scripts")
    for name in ("requirements.txt", "requirements-test.txt", "requirements-silk.txt"):
        (folder / "scripts" / name).touch()
    return folder


def start(village: Path, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    inherited = {name: value for name, value in os.environ.items() if name not in UNTOUCHED}
    return subprocess.Popen(
        [sys.executable, village / "scripts" / "run.py", *arguments],
        env={**inherited, "LANG": "zh_CN.UTF-8", "PYTHONUTF8": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding=variables.get("PYTHONIOENCODING", "utf-8"),
    )


def run(village: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    process = start(village, *arguments, **variables)
    stdout, stderr = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill a process and, as when a window is closed on Windows, its children."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=True)
    else:
        process.kill()


def load(village: Path) -> ModuleType:
    """Import a village's launcher to test one of its functions."""
    spec = importlib.util.spec_from_file_location("run_in_test", village / "scripts" / "run.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def python_of(village: Path) -> Path:
    return village / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def packages_of(village: Path) -> Path:
    return next((village / ".venv").glob("[Ll]ib/**/site-packages"))


def make_wheel(folder: Path) -> str:
    """Build a package with the module ``tiny_silk``; return a requirement with its hash."""
    wheel = folder / "tiny_silk-1-py3-none-any.whl"
    about = "tiny_silk-1.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_silk.py", "")
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-silk\nVersion: 1\n"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"tiny-silk @ {wheel.as_uri()} --hash=sha256:{digest}\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A village with a ready environment; read-only."""
    village = make_village(tmp_path_factory.mktemp("金村 的村史"))
    assert run(village, "build").returncode == 7
    return village


@pytest.fixture
def village(finished: Path, tmp_path: Path) -> Path:
    """A copy of it that has been moved and renamed."""
    return Path(shutil.copytree(finished, tmp_path / "搬过的 村史", symlinks=True))


@pytest.mark.parametrize(
    "arguments",
    [
        ["build"],
        ["build", "--strict", "-v"],
        [
            "accession",
            "录音/01 村名的来历/金村村_金老师.m4a",
            'say "hello"',
            "it's",
            "",
            "100%",
            "a\\b",
        ],
        ["--", "test"],
    ],
)
def test_words_and_exit_code_are_passed_on(finished: Path, arguments: list[str]) -> None:
    done = run(finished, *arguments)
    assert json.loads(done.stdout) == {"arguments": arguments, "root": str(finished)}
    assert (done.returncode, done.stderr) == (7, "")


def test_no_words_ask_for_help(finished: Path) -> None:
    assert json.loads(run(finished).stdout)["arguments"] == ["--help"]


def test_a_root_that_is_set_is_kept(finished: Path) -> None:
    assert json.loads(run(finished, CUNSHI_ROOT="elsewhere").stdout)["root"] == "elsewhere"


def test_a_ready_environment_starts_no_program_and_waits_for_nobody(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = load(finished)
    read: list[Path] = []
    read_bytes = Path.read_bytes

    def noted(path: Path) -> bytes:
        read.append(path)
        return read_bytes(path)

    monkeypatch.delattr(launcher, "subprocess")
    monkeypatch.delattr(launcher, "exclusive")
    monkeypatch.setattr(Path, "read_bytes", noted)
    launcher.ensure([""])
    assert read == [finished / "scripts" / "requirements.txt"]


def test_cunshi_is_importable_after_a_move(village: Path, tmp_path: Path) -> None:
    assert (packages_of(village) / "cunshi.pth").read_bytes().isascii()
    question = "import cunshi, sys; sys.stdout.buffer.write(cunshi.__file__.encode())"
    found = subprocess.run(
        [python_of(village), "-I", "-c", question], cwd=tmp_path, capture_output=True, check=True
    )
    assert Path(found.stdout.decode()) == village / "scripts" / "cunshi" / "__init__.py"


def test_without_its_stamp_or_after_an_update_pip_runs_in_place(village: Path) -> None:
    stamp, mine = village / ".venv" / "cunshi.stamp", village / ".venv" / "mine"
    mine.touch()
    before = stamp.read_text("utf-8")
    stamp.unlink()
    assert run(village, "build").returncode == 7
    assert stamp.read_text("utf-8") == before
    (village / "scripts" / "requirements.txt").write_text("# newer\n", "utf-8")
    done = run(village, "build")
    assert (done.returncode, "正在安装" in done.stderr) == (7, True)
    assert stamp.read_text("utf-8") != before
    assert mine.exists()


# Loaded by every Python that starts: the one that makes an environment stops when it has a Python
# and a pip, says so, and waits until it may go on.
HALF_WAY = """\
import sys, time
from pathlib import Path
if sys.orig_argv[1:3] == ["-m", "venv"]:
    import venv
    finish, here = venv.EnvBuilder.setup_scripts, Path(__file__).parent
    def setup_scripts(self, context):
        (here / "half-way").touch()
        while not (here / "go-on").exists():
            time.sleep(0.01)
        finish(self, context)
    venv.EnvBuilder.setup_scripts = setup_scripts
"""


def test_killed_half_way_the_next_two_at_once_succeed(tmp_path: Path) -> None:
    village, gate = make_village(tmp_path / "新 村"), tmp_path / "gate"
    gate.mkdir()
    (gate / "sitecustomize.py").write_text(HALF_WAY, "utf-8")
    with start(village, "build", PYTHONPATH=str(gate)) as killed, contextlib.ExitStack() as stack:
        stack.callback((gate / "go-on").touch)
        while not (gate / "half-way").exists():
            assert killed.poll() is None
            time.sleep(0.01)
        kill(killed)
        assert python_of(village).exists()
        assert not (village / ".venv" / "cunshi.stamp").read_text("utf-8")
        if sys.platform == "win32":  # elsewhere the process that was left alone has the lock
            stack.enter_context(load(village).exclusive())
        both = [start(village, "build"), start(village, "build")]
        waiting = [process.stderr.readline() for process in both if process.stderr]
        assert all("另一个窗口" in line for line in waiting)
    said = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [7, 7]
    assert "".join(said).count("正在建立运行环境") == 1


def half_removed(village: Path) -> None:
    (village / ".venv" / "pyvenv.cfg").unlink()


def half_installed(village: Path) -> None:
    (village / ".venv" / "cunshi.stamp").write_text("", "utf-8")


def without_pip(village: Path) -> None:
    shutil.rmtree(packages_of(village) / "pip")


def without_python(village: Path) -> None:
    python_of(village).unlink()


def of_another_python(village: Path) -> None:
    packages_of(village).parent.rename(village / ".venv" / "python2.7")


@pytest.mark.parametrize(
    "damage", [half_removed, half_installed, without_pip, without_python, of_another_python]
)
def test_a_damaged_environment_is_not_used(village: Path, damage: Callable[[Path], None]) -> None:
    launcher = load(village)
    assert launcher.is_usable()
    damage(village)
    assert not launcher.is_usable()


def test_an_environment_of_another_python_is_not_ready(village: Path) -> None:
    launcher = load(village)
    stamp = village / ".venv" / "cunshi.stamp"
    stamp.write_text(stamp.read_text("utf-8").replace("python 3.", "python 2."), "utf-8")
    assert not launcher.is_ready(launcher.fingerprint([""]))


def test_nothing_outside_the_environment_is_removed(
    village: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = load(village)
    monkeypatch.setattr(launcher, "execute", lambda *_: 0)
    elsewhere = tmp_path / "elsewhere"
    (village / ".venv").rename(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    try:
        (village / ".venv").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("this system lets users make no links")
    launcher.make_venv(lock=0)
    assert sorted(elsewhere.rglob("*")) == before
    assert [path.name for path in (village / ".venv").iterdir()] == ["cunshi.stamp"]


def test_an_added_part_is_there_again_in_a_new_environment(village: Path, tmp_path: Path) -> None:
    (village / "scripts" / "requirements-silk.txt").write_text(make_wheel(tmp_path), "utf-8")
    assert run(village, "add", "silk").returncode == 0
    part = packages_of(village) / "tiny_silk.py"
    assert part.exists()
    without_python(village)
    part.unlink()
    assert run(village, "build").returncode == 7
    assert part.exists()


@pytest.mark.parametrize("names", [[], ["sulk"], ["test"]])
def test_an_unknown_part_is_answered_with_those_there_are(finished: Path, names: list[str]) -> None:
    done = run(finished, "add", *names)
    assert (done.returncode, done.stderr) == (2, "可以添加的组件：silk\n")


def test_a_package_with_another_hash_is_refused_and_the_environment_kept(
    village: Path, tmp_path: Path
) -> None:
    requirements, mine = village / "scripts" / "requirements.txt", village / ".venv" / "mine"
    mine.touch()
    requirement = make_wheel(tmp_path)
    requirements.write_text(requirement[:-9] + "00000000\n", "utf-8")
    done = run(village, "build")
    assert done.returncode == 8
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "请检查网络" in done.stderr
    requirements.write_text(requirement, "utf-8")
    assert run(village, "build").returncode == 7
    assert mine.exists()


def test_when_pip_breaks_off_the_environment_is_not_used(village: Path, tmp_path: Path) -> None:
    (village / "scripts" / "requirements.txt").write_text(make_wheel(tmp_path), "utf-8")
    (packages_of(village) / "tiny_silk.py").mkdir()
    assert run(village, "build").returncode == 8
    assert not load(village).is_usable()


@pytest.mark.parametrize(
    ("complaint", "advice"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "磁盘空间不够"),
        ("you need to install the python3-venv package", "sudo apt install python3-venv"),
        ("[WinError 5] 拒绝访问: python.exe", "请关闭其他村史窗口"),
        ("ERROR: No matching distribution found for onnxruntime", "请检查网络"),
        ("", "请检查网络"),
    ],
)
def test_a_failure_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, complaint: str, advice: str
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    message = str(load(SCRIPTS.parent).failure(f"before\n{complaint}\n"))
    assert complaint in message
    assert advice in message.splitlines()[-1]


@pytest.mark.parametrize("folder", [".venv", ".venv.lock"])
def test_a_folder_that_is_in_the_way_is_explained(tmp_path: Path, folder: str) -> None:
    village = make_village(tmp_path / "village")
    if folder == ".venv":
        (village / folder).touch()
    else:
        (village / folder).mkdir()
    done = run(village, "build", LC_ALL="en_GB.UTF-8")
    assert done.returncode == 8
    assert done.stderr.startswith("The environment could not be set up:\n")
    assert folder in done.stderr
    assert "Traceback" not in done.stderr


def test_every_check_runs_and_the_first_failure_counts(village: Path) -> None:
    for name in ("ruff", "mypy", "pytest"):
        (village / "scripts" / f"{name}.py").write_text(CHECK.format(name=name), "utf-8")
    done = run(village, "test", "-k", "村 名", FAIL_MYPY="3", FAIL_PYTEST="5")
    assert done.stdout.splitlines() == [
        "ruff check",
        "ruff format --check",
        "mypy",
        "pytest -n auto --dist loadfile --no-loadscope-reorder -k 村 名",
    ]
    assert done.returncode == 3
    assert done.stderr.endswith("没有通过的检查：mypy, pytest\n")
    assert run(village, "test").returncode == 0
    assert run(village, "build").stderr == ""


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        (["--fast"], "-m not slow -n auto --dist loadfile --no-loadscope-reorder"),
        (["--fast", "-n", "3"], "-m not slow -n 3"),
        (["-n", "0", "-x"], "-n 0 -x"),
    ],
)
def test_the_tests_work_on_all_cores_and_may_be_the_fast_ones(
    village: Path, words: list[str], heard: str
) -> None:
    assert " ".join(load(village).for_pytest(words)) == heard


@pytest.mark.parametrize(
    ("variables", "english"),
    [
        ({"LANG": "zh_CN.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "POSIX"}, False),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.GBK"}, False),
    ],
)
def test_the_locale_chooses_the_language(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], english: bool
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load(SCRIPTS.parent).speaks_english() is english


@pytest.mark.parametrize(
    ("encoding", "answer"),
    [("ascii", "What can be added: silk"), ("gbk", "可以添加的组件：silk")],
)
def test_any_console_can_show_a_message(finished: Path, encoding: str, answer: str) -> None:
    done = run(finished, "add", "丝", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (done.returncode, done.stderr.strip()) == (2, answer)


@pytest.mark.parametrize(
    ("version", "old"),
    [((2, 7), True), ((3, 6), True), ((3, 10), True), ((3, 11), False), ((4, 0), False)],
)
def test_an_older_python_is_told_so(version: tuple[int, int], old: bool) -> None:
    message = load(SCRIPTS.parent).too_old(version)
    assert bool(message) is old
    assert not old or ("村史需要" in message and "Cunshi needs" in message)


def test_an_older_python_can_parse_the_launcher() -> None:
    ast.parse((SCRIPTS / "run.py").read_text("utf-8"), feature_version=(3, 6))


def test_a_real_older_python_is_told_so(tmp_path: Path) -> None:
    village = make_village(tmp_path / "village")
    for minor in range(6, 11):
        python = shutil.which(f"python3.{minor}")
        if python and not subprocess.call([python, "-c", ""], stderr=subprocess.DEVNULL):
            break
    else:
        pytest.skip("no Python from 3.6 to 3.10 here")
    done = subprocess.run([python, village / "scripts" / "run.py"], check=False, stderr=-1)
    assert done.returncode == 8
    assert b"Cunshi needs Python 3.11" in done.stderr
    assert not (village / ".venv").exists()


@pytest.mark.parametrize("name", ["构建", "校对"])
def test_windows_gets_crlf_and_the_others_lf(name: str) -> None:
    batch = (SCRIPTS / f"{name}.bat").read_bytes()
    assert batch.count(b"\r\n") == batch.count(b"\n") > 0
    assert b"\r" not in (SCRIPTS / f"{name}.command").read_bytes()


@pytest.mark.parametrize(("name", "command"), [("构建", "build"), ("校对", "review")])
def test_a_double_click_on_windows_runs_the_command(name: str, command: str) -> None:
    batch = (SCRIPTS / f"{name}.bat").read_text("utf-8")
    assert f'%CUNSHI_PYTHON% "%~dp0run.py" {command} %*' in batch


@pytest.mark.parametrize(
    ("name", "word", "trouble"),
    [("构建", "build", "没有完成"), ("校对", "review", "没有打开")],
)
@pytest.mark.skipif(sys.platform == "win32", reason="a launcher for macOS")
def test_a_double_click_on_a_mac_runs_the_command(
    village: Path, tmp_path: Path, name: str, word: str, trouble: str
) -> None:
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    command = shutil.copy(SCRIPTS / f"{name}.command", village / "scripts")
    inherited = {key: value for key, value in os.environ.items() if key not in UNTOUCHED}
    done = subprocess.run(
        [command],
        env={**inherited, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7
    assert f'"arguments": ["{word}"]' in done.stdout
    assert trouble in done.stdout

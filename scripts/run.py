"""Make the environment once, then run Cunshi in it: ``python3 scripts/run.py build``.

Standard library only. ``test`` runs the project's own checks, ``add silk`` installs an optional
part, and any other words go to ``python -m cunshi`` unchanged. An older Python must still be able
to parse this file (3.6 can), so that it can say what is missing.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

USAGE, CONFIGURATION, INTERRUPTED = 2, 8, 130  # as in cunshi/errors.py


def too_old(version: "tuple[int, ...]") -> str:
    """Say in both languages that this Python cannot run Cunshi; empty if it can."""
    if version >= (3, 11):
        return ""
    found = ".".join(map(str, version[:2]))
    return (
        f"村史需要 Python 3.11 或更新的版本，这里是 {found}。请从 python.org 安装新版后再运行。\n"
        f"Cunshi needs Python 3.11 or newer, and this is {found}. "
        "Install a newer one from python.org, then run this again."
    )


if too_old(sys.version_info[:2]):
    print(too_old(sys.version_info[:2]), file=sys.stderr)
    sys.exit(CONFIGURATION)


ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
STAMP = VENV / "cunshi.stamp"  # what is installed; empty while something is being installed
LOG = VENV / "setup.log"
LOCK = ROOT / ".venv.lock"  # outside .venv, which may be replaced while the lock is held
EXTRAS = ROOT / ".venv.extras"  # one name a line, so that a new .venv has them again

CHECKS = ("ruff check", "ruff format --check", "mypy", "pytest")
FAST = "--fast"  # leave out the tests that need a built village, a browser or a model
# Each process has whole files of tests, in the order of their names: files of few tests are slow,
# and would come last.
ON_ALL_CORES = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
# What "auto" means: one more than there are cores, because tests also wait for browsers.
PROCESSES = {"PYTEST_XDIST_AUTO_NUM_WORKERS": str((os.cpu_count() or 1) + 1)}

REMEDIES = (  # words in pip's or the system's complaint, and what to do about it
    (
        "No space left|Errno 28|WinError 112",
        "磁盘空间不够。请腾出至少 2 GB，再运行一次。",
        "The disk is full. Free at least 2 GB, then run this again.",
    ),
    (
        "python3-venv|No module named ensurepip",
        "这台电脑的 Python 不完整。Debian 或 Ubuntu 请先运行：sudo apt install python3-venv",
        "This Python is incomplete. On Debian or Ubuntu: sudo apt install python3-venv",
    ),
    (
        "Errno 13|WinError 5|WinError 32|Read-only",
        "文件被占用，或这个文件夹不能写入。请关闭其他村史窗口，再运行一次。",
        "A file is in use, or the folder is read-only. Close other Cunshi windows and try again.",
    ),
    (
        "No matching distribution",
        "请检查网络，再运行一次。网络正常的话，请换用 64 位的 Python 3.11 至 3.13。",
        "Check the network and try again. If it is fine, use a 64-bit Python 3.11 to 3.13.",
    ),
    (
        "",
        "请检查网络或换一个网络，再运行一次。还是不行，就删除 .venv 文件夹再试。",
        "Check the network and try again. If that does not help, delete .venv and try once more.",
    ),
)


class SetupError(Exception):
    """Why there is no environment, in the user's language; ``code`` is the exit code."""

    def __init__(self, message: str, code: int = CONFIGURATION):
        super().__init__(message)
        self.code = code


def speaks_english() -> bool:
    """Whether the locale names another language than Chinese, or the console lacks Chinese."""
    try:
        "村史".encode(sys.stderr.encoding)
    except UnicodeEncodeError:
        return True
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    if sys.platform == "win32" and not locale:
        import ctypes

        primary_language, chinese = 0x3FF, 0x04
        language: int = ctypes.windll.kernel32.GetUserDefaultUILanguage()
        return language & primary_language != chinese
    return locale.split(".")[0] not in ("", "C", "POSIX") and not locale.startswith("zh")


def text(chinese: str, english: str) -> str:
    """Choose the user's language."""
    return english if speaks_english() else chinese


def say(message: str, end: str = "\n") -> None:
    """Tell the user, on stderr: stdout belongs to the command, and stderr can print anything."""
    print(message, end=end, file=sys.stderr, flush=True)


def requirements(part: str) -> Path:
    """Return the locked requirements of an optional part, or of the program itself for ""."""
    return SCRIPTS / (f"requirements-{part}.txt" if part else "requirements.txt")


def known_extras() -> list[str]:
    """Name the parts that can be added."""
    names = (path.stem.partition("-")[2] for path in SCRIPTS.glob("requirements-*.txt"))
    return sorted(set(names) - {"test"})


def added_extras() -> list[str]:
    """Name the parts added earlier, except what the project has dropped since."""
    names = EXTRAS.read_text("utf-8").split() if EXTRAS.exists() else []
    return [name for name in names if requirements(name).exists()]


def write_atomically(path: Path, lines: list[str]) -> None:
    """Write all of it or nothing."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def fingerprint(parts: list[str]) -> list[str]:
    """Lines that stay the same for as long as nothing has to be installed."""
    version = ".".join(map(str, sys.version_info[:3]))
    lines = [f"python {version} {sysconfig.get_platform()} {sys.base_prefix}"]
    for part in parts:
        digest = hashlib.sha256(requirements(part).read_bytes()).hexdigest()
        lines.append(f"{digest}  {requirements(part).name}")
    return lines


def is_ready(wanted: list[str]) -> bool:
    """Whether everything wanted is installed; starts no other program."""
    try:
        return PYTHON.is_file() and set(wanted) <= set(STAMP.read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return False


def is_usable() -> bool:
    """Whether .venv was not left half-made, and its Python is like ours and has a working pip."""
    if not (VENV / "pyvenv.cfg").is_file() or (STAMP.exists() and not STAMP.stat().st_size):
        return False
    show = "import sys, sysconfig as s; print(*sys.version_info[:2], s.get_platform())"
    probe = [str(PYTHON), "-I", "-c", f"import pip._internal.cli.main; {show}"]
    try:
        answer = subprocess.run(probe, check=False, capture_output=True).stdout.decode()
    except OSError:
        return False
    expected = [*map(str, sys.version_info[:2]), sysconfig.get_platform()]
    return answer.split() == expected


def try_lock(descriptor: int) -> bool:
    """Take the lock if nobody has it; the system releases it when its holders have ended."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextlib.contextmanager
def exclusive() -> Iterator[int]:
    """Keep a second run.py waiting; yields the descriptor that holds the lock."""
    with LOCK.open("a") as file:
        if not try_lock(file.fileno()):
            say(
                text("另一个窗口正在准备运行环境，请稍等……", "Waiting for another window's setup …")
            )
            while not try_lock(file.fileno()):
                time.sleep(0.2)
        yield file.fileno()


def environment() -> dict[str, str]:
    """Return the variables for a child: Chinese text works in it whatever the console's code."""
    return {**os.environ, "PYTHONUTF8": "1"}


def execute(command: list[str], label: str, lock: int) -> int:
    """Run a step of the setup with its words in the log; count the seconds on a terminal.

    On POSIX the step inherits the lock: if run.py is killed, the next one waits for the orphan.
    """
    started = time.monotonic()
    with LOG.open("wb") as log, subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=() if sys.platform == "win32" else (lock,),
    ) as process:
        say(label, end="")
        while True:
            try:
                code = process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                if sys.stderr.isatty():
                    say(f"\r{label} {time.monotonic() - started:.0f} s", end="")
            else:
                say("")
                return code


def failure(complaint: str) -> SetupError:
    """Say how a complaint ends, what it probably means and what to do next."""
    if shutil.disk_usage(ROOT).free < 2**29:  # on a full disk the log may be empty
        complaint += "\nNo space left on device"
    title = text("运行环境没有准备好：", "The environment could not be set up:")
    end = "\n".join(f"  {line}" for line in complaint.splitlines()[-12:])
    likely = (
        advice for words, *advice in REMEDIES if any(w in complaint for w in words.split("|"))
    )
    return SetupError(f"{title}\n{end}\n{text(*next(likely))}")


def make_venv(lock: int) -> None:
    """Make .venv anew. Its configuration goes first: what is half removed must not look whole."""
    if VENV.is_symlink():
        VENV.unlink()  # what it points at is not ours to empty
    (VENV / "pyvenv.cfg").unlink(missing_ok=True)
    if VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    STAMP.touch()
    python = getattr(sys, "_base_executable", None) or sys.executable  # ours may lie in .venv
    label = text("正在建立运行环境……", "Making the environment …")
    if execute([python, "-m", "venv", str(VENV)], label, lock):
        raise failure(LOG.read_text("utf-8", "replace"))


def install(parts: list[str], lock: int) -> None:
    """Install locked requirements. The stamp stays empty if pip breaks off in the midst of it."""
    STAMP.write_bytes(b"")
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", *(f"--requirement={requirements(part)}" for part in parts)]
    label = text(
        "正在安装组件（第一次要几分钟，需要网络）……", "Installing; the first time takes minutes …"
    )
    code = execute(command, label, lock)
    if code:
        log = LOG.read_text("utf-8", "replace")
        if code > 0 and "Installing collected packages" not in log:
            STAMP.unlink()  # pip gave up before it changed anything: the environment is whole
        raise failure(log)


def link_package() -> None:
    """Make cunshi importable by a relative path, so that the project's folder may be moved.

    ASCII, because Python may read a .pth file in the encoding of the locale.
    """
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV)}))
    write_atomically(packages / "cunshi.pth", [os.path.relpath(SCRIPTS, packages)])


def ensure(parts: list[str]) -> None:
    """Have the parts installed; quick if they are."""
    try:
        wanted = fingerprint(parts)
        if is_ready(wanted):
            return
        with exclusive() as lock:
            if is_ready(wanted):  # the one we waited for did it
                return
            if not is_usable():
                make_venv(lock)
            install(parts, lock)
            link_package()
            write_atomically(STAMP, wanted)
    except OSError as error:
        raise failure(str(error)) from error


def run_cunshi(arguments: list[str]) -> int:
    """Become ``python -m cunshi``; on Windows, wait for it and return its exit code."""
    ensure(["", *added_extras()])
    command = [str(PYTHON), "-m", "cunshi", *(arguments or ["--help"])]
    variables = {"CUNSHI_ROOT": str(ROOT), **environment()}
    if sys.platform != "win32":
        os.execve(PYTHON, command, variables)
    process = subprocess.Popen(command, env=variables)
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # it has had the same Ctrl-C and will end
            return process.wait()


def for_pytest(arguments: list[str]) -> list[str]:
    """Return pytest's arguments: on all cores unless -n says how many, and without FAST."""
    chosen = [*(() if "-n" in arguments else ON_ALL_CORES), *arguments]
    return ["-m", "not slow", *(a for a in chosen if a != FAST)] if FAST in chosen else chosen


def run_checks(pytest_arguments: list[str]) -> int:
    """Run every check, even after one has failed, and return the first failure's exit code."""
    ensure(["", "test", *added_extras()])
    failed = {}
    for check in CHECKS:
        say(f"\n== {check}")
        more = for_pytest(pytest_arguments) if check == "pytest" else []
        command = [str(PYTHON), "-m", *check.split(), *more]
        code = subprocess.call(command, cwd=ROOT, env={**PROCESSES, **environment()})
        if code:
            failed[check] = code
    names = ", ".join(failed) or text("无", "none")
    say(text(f"\n没有通过的检查：{names}", f"\nFailed checks: {names}"))
    return next(iter(failed.values()), 0)


def add(names: list[str]) -> int:
    """Install optional parts and remember them."""
    if not names or not set(names) <= set(known_extras()):
        listed = ", ".join(known_extras())
        raise SetupError(text(f"可以添加的组件：{listed}", f"What can be added: {listed}"), USAGE)
    extras = sorted({*added_extras(), *names})
    ensure(["", *extras])
    write_atomically(EXTRAS, extras)
    say(text(f"已添加：{', '.join(names)}", f"Added: {', '.join(names)}"))
    return 0


def main(arguments: list[str]) -> int:
    """Do what was asked and return the exit code."""
    try:
        if arguments[:1] == ["test"]:
            return run_checks(arguments[1:])
        if arguments[:1] == ["add"]:
            return add(arguments[1:])
        return run_cunshi(arguments)
    except SetupError as error:
        say(str(error))
        return error.code
    except KeyboardInterrupt:
        say("")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

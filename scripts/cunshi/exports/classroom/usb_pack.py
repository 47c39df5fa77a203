"""The pack for a USB stick: one zip with the site for classrooms and a page to start from.

A classroom's computer may be old, offline and in Windows: names are such as every system takes,
the read-me is text that Notepad shows right, and a manifest tells whether a copy is whole.
"""

import hashlib
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cunshi.archive.fixity.manifest import format_manifest, sha256_of
from cunshi.catalogue.templating import render_html
from cunshi.core.errors import SiteError
from cunshi.core.files import put_in_place, temporary_name, walk_files
from cunshi.core.i18n import _
from cunshi.core.problem import Result
from cunshi.core.text import clean, safe_file_name
from cunshi.core.zipfiles import zip_entry
from cunshi.domain.consent import Access
from cunshi.domain.course import Catalogue, Lesson
from cunshi.exports.classroom.names import KitFiles, kit_files

START, READ_ME, CONTENTS = "开始.html", "说明.txt", "清单.html"
MANIFEST = "manifest-sha256.txt"
SITE = "site"
# Windows takes 260 characters for a whole path; the rest is for the folder it is unpacked in.
LONGEST = 150


@dataclass(frozen=True)
class Packed(Result):
    """A finished pack; ``classroom`` counts its recordings that are reserved for classrooms."""

    path: Path
    files: int
    size: int
    classroom: int


@dataclass(frozen=True)
class _Shelf:
    """A lesson in the list of contents."""

    lesson: Lesson
    kit: KitFiles


def target_path(asked: Path, catalogue: Catalogue) -> Path:
    """Where the pack goes: the file asked for, or in the folder asked for under its own name.

    SiteError when something else is there: only a pack is ever replaced.
    """
    name = f"{safe_file_name(catalogue.course.title)} 礼包.zip"
    path = asked / name if asked.is_dir() else asked
    if path.suffix.lower() != ".zip":
        path = path.with_name(f"{path.name}.zip")
    if path.exists() and not _is_pack(path):
        raise SiteError(
            _("这里已经有一个别的文件，不会覆盖它"), _("换一个名字，或先把它移走"), where=path
        )
    return path


def _is_pack(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as made:
        return {f"{_top(made)}/{MANIFEST}", f"{_top(made)}/{START}"} <= set(made.namelist())


def _top(made: zipfile.ZipFile) -> str:
    return next(iter(made.namelist()), "").partition("/")[0]


def make_pack(site: Path, catalogue: Catalogue, target: Path) -> Packed:
    """Write the pack of a built site, and read it again before it gets its name.

    SiteError when a name in the site is one that Windows does not take.
    """
    top = safe_file_name(catalogue.course.title)
    files = {f"{SITE}/{p.relative_to(site).as_posix()}": p for p in sorted(walk_files(site))}
    texts = _texts(catalogue, files)
    _check_names(f"{top}/{name}" for name in (*files, *texts))
    hashes = {name: sha256_of(path) for name, path in files.items()}
    hashes |= {name: hashlib.sha256(data).hexdigest() for name, data in texts.items()}
    texts[MANIFEST] = format_manifest(hashes).encode()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(target)
    try:
        _write(temporary, top, files, texts)
        _verify(temporary, top, hashes)
        put_in_place(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return Packed(target, len(hashes) + 1, target.stat().st_size, len(_classroom(catalogue)))


def _classroom(catalogue: Catalogue) -> list[str]:
    return [e.recording.id for e in catalogue.entries if e.access is Access.CLASSROOM]


def _texts(catalogue: Catalogue, files: Mapping[str, Path]) -> dict[str, bytes]:
    """The pages and the read-me that are in the pack alone."""
    shelves = [_Shelf(lesson, kit_files(lesson, clips)) for lesson, clips in catalogue.lessons]
    shelves.sort(key=lambda shelf: shelf.lesson.number)
    context = {
        "catalogue": catalogue,
        "shelves": shelves,
        "classroom": set(_classroom(catalogue)),
        "has": {name.removeprefix(f"{SITE}/") for name in files},
    }
    return {
        START: render_html("pack_start", **context).encode(),
        CONTENTS: render_html("pack_contents", **context).encode(),
        READ_ME: _read_me(catalogue),
    }


def _read_me(catalogue: Catalogue) -> bytes:
    """For Notepad: a byte order mark and Windows line ends."""
    lines = [
        clean(catalogue.course.title),
        "",
        f"双击“{START}”就可以上课，不用上网，也不用安装什么。",
        "如果双击没有反应：点右键，选“打开方式”，再选一个浏览器。",
        "压缩包要先解压缩：点右键，选“全部解压缩”，不要在压缩包里面直接打开。",
        "",
        f"{CONTENTS}　有哪些课、哪些录音，可以打印",
        f"{SITE}　整个网站；教案、课件这些资料在里面的 kits 文件夹，从课文页最下面点开也一样",
        f"{MANIFEST}　每个文件的校验码（SHA-256），用来核对拷贝得全不全",
        "",
    ]
    if _classroom(catalogue):
        lines += ["里面有只供课堂播放的录音。请不要放到网上，也不要转发。", ""]
    rights, contact = clean(catalogue.archive.rights), clean(catalogue.archive.contact)
    lines += [rights] if rights else []
    lines += [f"要改正或撤下录音，请找：{contact}"] if contact else []
    return b"\xef\xbb\xbf" + "".join(f"{line}\r\n" for line in lines).encode()


def _check_names(names: Iterable[str]) -> None:
    """Refuse names that a Windows disk cannot hold, or holds under one name."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name.casefold()] += 1
        if len(name) > LONGEST or seen[name.casefold()] > 1 or not all(map(_is_safe, _parts(name))):
            raise SiteError(_("这个文件名在 Windows 上用不了"), _("给它换个名字"), where=name)


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts


def _is_safe(part: str) -> bool:
    return safe_file_name(part, len(part)) == part


def _write(path: Path, top: str, files: Mapping[str, Path], texts: Mapping[str, bytes]) -> None:
    with path.open("wb") as stream:
        with zipfile.ZipFile(stream, "w") as made:
            # What people should see first stands first.
            for name, data in texts.items():
                made.writestr(zip_entry(f"{top}/{name}"), data)
            for name in sorted(files):
                with (
                    files[name].open("rb") as source,
                    made.open(zip_entry(f"{top}/{name}"), "w") as to,
                ):
                    shutil.copyfileobj(source, to)
        stream.flush()
        os.fsync(stream.fileno())


def _verify(path: Path, top: str, hashes: Mapping[str, str]) -> None:
    """Read the pack from the disk again and compare every file with its hash."""
    with zipfile.ZipFile(path) as made:
        for name, expected in hashes.items():
            with made.open(f"{top}/{name}") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != expected:  # type: ignore[arg-type]
                    raise SiteError(
                        _("写好的礼包读出来不一样"), _("换一个磁盘或 U 盘再试"), where=name
                    )

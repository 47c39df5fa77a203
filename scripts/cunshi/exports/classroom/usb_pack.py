"""Make the pack for a USB stick: a zip with the classroom edition of the site and a start page.

A classroom's computer may be old, offline and run Windows: file names are valid on every system,
the read-me displays correctly in Notepad, and a manifest shows whether a copy is complete.
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
# Windows limits paths to 260 characters; the rest is for the folder where it is unpacked.
MAX_PATH = 150


@dataclass(frozen=True)
class Packed(Result):
    """A finished pack; ``classroom`` counts its recordings that are reserved for classrooms."""

    path: Path
    files: int
    size: int
    classroom: int


@dataclass(frozen=True)
class _LessonFiles:
    """A lesson with its kit, in the list of contents."""

    lesson: Lesson
    kit: KitFiles


def target_path(requested: Path, catalogue: Catalogue) -> Path:
    """Return the path of the pack: the requested file, or a default name in the requested folder.

    Raises SiteError if a file exists there that is not a pack.
    """
    name = f"{safe_file_name(catalogue.course.title)} 礼包.zip"
    path = requested / name if requested.is_dir() else requested
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
    with zipfile.ZipFile(path) as archive:
        return {f"{_top(archive)}/{MANIFEST}", f"{_top(archive)}/{START}"} <= set(
            archive.namelist()
        )


def _top(archive: zipfile.ZipFile) -> str:
    return next(iter(archive.namelist()), "").partition("/")[0]


def make_pack(site: Path, catalogue: Catalogue, target: Path) -> Packed:
    """Write the pack of a built site, and read it again before it gets its name.

    Raises SiteError if a file name in the site is invalid on Windows.
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
    """Return the pages and the read-me that exist only in the pack."""
    lessons = [
        _LessonFiles(lesson, kit_files(lesson, clips)) for lesson, clips in catalogue.lessons
    ]
    lessons.sort(key=lambda lesson_files: lesson_files.lesson.number)
    context = {
        "catalogue": catalogue,
        "lessons": lessons,
        "classroom": set(_classroom(catalogue)),
        "has": {name.removeprefix(f"{SITE}/") for name in files},
    }
    return {
        START: render_html("pack_start", **context).encode(),
        CONTENTS: render_html("pack_contents", **context).encode(),
        READ_ME: _read_me(catalogue),
    }


def _read_me(catalogue: Catalogue) -> bytes:
    """Return the read-me for Notepad, with a byte order mark and Windows line ends."""
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
    """Raise SiteError for names that are invalid or not unique on Windows."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name.casefold()] += 1
        if (
            len(name) > MAX_PATH
            or seen[name.casefold()] > 1
            or not all(map(_is_safe, _parts(name)))
        ):
            raise SiteError(_("这个文件名在 Windows 上用不了"), _("给它换个名字"), where=name)


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name).parts


def _is_safe(part: str) -> bool:
    return safe_file_name(part, len(part)) == part


def _write(path: Path, top: str, files: Mapping[str, Path], texts: Mapping[str, bytes]) -> None:
    with path.open("wb") as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            # Files for people come first in the zip.
            for name, data in texts.items():
                archive.writestr(zip_entry(f"{top}/{name}"), data)
            for name in sorted(files):
                with (
                    files[name].open("rb") as source,
                    archive.open(zip_entry(f"{top}/{name}"), "w") as to,
                ):
                    shutil.copyfileobj(source, to)
        stream.flush()
        os.fsync(stream.fileno())


def _verify(path: Path, top: str, hashes: Mapping[str, str]) -> None:
    """Read the pack again from the disk and compare every file with its hash."""
    with zipfile.ZipFile(path) as archive:
        for name, expected in hashes.items():
            with archive.open(f"{top}/{name}") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != expected:  # type: ignore[arg-type]
                    raise SiteError(
                        _("写好的礼包读出来不一样"), _("换一个磁盘或 U 盘再试"), where=name
                    )

"""Streaming uploads to recordings/: atomic, and never overwriting a file."""

import errno
import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cunshi.archive.fixity import manifest
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError
from cunshi.core.files import is_ignored, sync_folder
from cunshi.core.i18n import _
from cunshi.core.yaml_fields import read_text
from cunshi.domain.file_names import describe_name, parse_day
from cunshi.domain.recording import Description, is_photo, is_text
from cunshi.intake.deposits import READMES
from cunshi.intake.inspection import Inspector
from cunshi.media import audio
from cunshi.review.api import ApiError, ApiRequest, error_response, route
from cunshi.review.context import Desk
from cunshi.review.uploads.file_names import clean_name, named_after, numbered, stem_of
from cunshi.review.uploads.folders import Folder, find_folder, list_folders

LIMIT = 8 << 30  # bytes of one file
_BLOCK = 1 << 20  # bytes written per step
_READ_AWAY = 64 << 20  # bytes
_RESERVE = 200 << 20  # bytes to keep free on the disk
_LONGEST = 200  # characters of a village's or a narrator's name
_ASIDE = ".cunshi-*.part"  # temporary name that intake ignores
# Only one file is renamed at a time, because whether a name is free depends on other files.
_PLACING = threading.Lock()
_LOOKING, _INSPECTOR = threading.Lock(), Inspector()
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass
class _Arriving:
    """An upload in progress: temporary file, hash and size."""

    path: Path
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)


def routes(desk: Desk) -> list[Route]:
    """Return the routes for listing folders and uploading."""
    sweep(desk.project)

    def folders(ask: ApiRequest) -> dict[str, Any]:
        found = [folder.as_json() for folder in list_folders(desk.project)]
        return {"folders": found, "limit": LIMIT, "free": _free(desk.project.recordings)}

    def described(ask: ApiRequest) -> dict[str, Any]:
        villages = desk.project.read_archive([]).villages
        names = [name for name in ask.field("names", list) if isinstance(name, str)]
        said = {name: describe_name(stem_of(clean_name(name)), villages) for name in names}
        return {"names": {name: _as_json(description) for name, description in said.items()}}

    async def deposit(request: Request) -> Response:
        try:
            return await _deposit(desk.project, request)
        except ApiError as refusal:
            answer = error_response(refusal.status, **refusal.answer)
            if not await _read_away(request):
                answer.headers["connection"] = "close"
            return answer

    return [
        route("GET", "/api/folders", folders),
        route("POST", "/api/names", described),
        Route("/api/deposits/{folder}/{name}", deposit, methods=["PUT"]),
    ]


def _as_json(said: Description) -> dict[str, str]:
    day = said.date.isoformat() if said.date else ""
    return {"village": said.village, "narrator": said.narrator, "date": day}


def sweep(project: Project) -> None:
    """Remove unfinished uploads of an earlier run."""
    for left in project.recordings.rglob(_ASIDE):
        left.unlink(missing_ok=True)


async def _deposit(project: Project, request: Request) -> Response:
    folder = await run_in_threadpool(find_folder, project, request.path_params["folder"])
    name = clean_name(request.path_params["name"])
    _refuse_unread(name)
    said = _read_said(request.query_params)
    arriving = await run_in_threadpool(_begin, project.recordings, _announced(request))
    try:
        await _receive(request.stream(), arriving)
        return await run_in_threadpool(_keep, project, folder, name, said, arriving)
    except ClientDisconnect:
        return Response(status_code=400)  # the client is gone
    except OSError as error:
        raise _unwritable(error) from error
    finally:
        await run_in_threadpool(arriving.path.unlink, True)


async def _read_away(request: Request) -> bool:
    """Read the rest of a body up to a limit, because browsers only then read the response."""
    read = 0
    try:
        async for piece in request.stream():
            read += len(piece)
            if read > _READ_AWAY:
                return False
    except RuntimeError:  # raised by Starlette if nothing is left
        pass
    return True


def _refuse_unread(name: str) -> None:
    """Reject files that are neither audio, photo nor text, because intake would ignore them."""
    lower = name.lower()
    if is_ignored(lower) or lower.endswith((".yml", ".yaml", ".yml.txt", ".yaml.txt")):
        raise ApiError(422, _("这不是录音：{name}").format(name=name), _("选录音、照片或文字文件"))
    if lower in READMES:
        raise ApiError(422, _("这个名字不会收录：{name}").format(name=name), _("换一个名字再放"))


def _read_said(query: Mapping[str, str]) -> Description:
    """Parse the description in a request; ApiError 422 if it is invalid."""
    texts = {key: " ".join(query.get(key, "").split()) for key in ("village", "narrator")}
    day = query.get("date", "").strip()
    problems = [
        {"key": key, "cause": _("太长了"), "remedy": _("写短一点")}
        for key, text in texts.items()
        if len(text) > _LONGEST
    ]
    if day and parse_day(day) is None:
        cause = _("日期 “{value}” 看不懂").format(value=day[:20])
        problems.append({"key": "date", "cause": cause, "remedy": _("写成 2026-01-12 的样子")})
    if problems:
        raise ApiError(422, problems[0]["cause"], problems[0]["remedy"], problems=problems)
    village, narrator = texts.values()
    return Description(village=village, narrator=narrator, date=parse_day(day) if day else None)


def _announced(request: Request) -> int:
    """Return the declared length, 0 if there is none."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() else 0


def _begin(root: Path, size: int) -> _Arriving:
    """Create a temporary file on the disk of recordings/, outside of its folders."""
    _refuse_too_large(size)
    if size and size + _RESERVE > _free(root):
        raise _full()
    try:
        root.mkdir(exist_ok=True)
        path = root / _ASIDE.replace("*", secrets.token_hex(8))
        path.touch(exist_ok=False)
    except OSError as error:
        raise _unwritable(error) from error
    return _Arriving(path)


def _free(folder: Path) -> int:
    root = next(path for path in (folder, *folder.parents) if path.is_dir())
    return shutil.disk_usage(root).free


def _refuse_too_large(size: int) -> None:
    if size > LIMIT:
        most = f"{LIMIT / (1 << 30):.3g} GB"
        cause = _("这个文件太大了")
        raise ApiError(413, cause, _("最多 {most}；可以先分成几段").format(most=most))


def _full() -> ApiError:
    return ApiError(507, _("磁盘满了，放不下"), _("腾出一些地方，再放一次"))


def _unwritable(error: OSError) -> ApiError:
    if error.errno in _FULL:
        return _full()
    cause = _("写不进 recordings 文件夹：{error}").format(error=error.strerror)
    return ApiError(500, cause, _("检查磁盘和文件夹权限，再放一次"))


async def _receive(pieces: AsyncIterator[bytes], arriving: _Arriving) -> None:
    """Write the body to the disk block by block."""
    with arriving.path.open("wb") as stream:

        def write(block: bytes) -> None:
            stream.write(block)
            arriving.digest.update(block)

        waiting = bytearray()
        async for piece in pieces:
            arriving.size += len(piece)
            _refuse_too_large(arriving.size)
            waiting += piece
            if len(waiting) >= _BLOCK:
                if _free(arriving.path.parent) < _RESERVE:  # the length may not have been announced
                    raise _full()
                await run_in_threadpool(write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(write, bytes(waiting))
        await run_in_threadpool(_flush, stream.flush, stream.fileno())


def _flush(flush: Callable[[], None], handle: int) -> None:
    flush()
    os.fsync(handle)


def _keep(
    project: Project, folder: Folder, name: str, said: Description, arriving: _Arriving
) -> Response:
    """Give an upload its name; repeated uploads of the same content are reported as such."""
    _refuse_unsound(arriving.path, name)
    villages = project.read_archive([]).villages
    with _PLACING:
        if there := _same_bytes(project, arriving):
            return JSONResponse({"name": name, "size": arriving.size, "already": there})
        if _is_companion(name):
            _refuse_lonely(folder, name)
        else:
            said = said if said != Description() else describe_name(stem_of(name), villages)
            name = named_after(said, name, villages)
        folder.path.mkdir(parents=True, exist_ok=True)
        final = _put_in_place(arriving.path, folder.path, name, said, villages)
    return JSONResponse({"name": final, "size": arriving.size, "already": None}, 201)


def _refuse_lonely(folder: Folder, name: str) -> None:
    """Reject a photo or text without a recording of its name; a motto may be a text alone."""
    if folder.is_motto and is_text(name):
        return
    stem = stem_of(name)
    beside = os.scandir(folder.path) if folder.path.is_dir() else ()
    if not any(stem_of(e.name) == stem and not _is_companion(e.name) for e in beside):
        cause = _("旁边没有同名的录音")
        raise ApiError(422, cause, _("照片和文字要与录音同名；家训的文字放进 mottoes 文件夹"))


def _is_companion(name: str) -> bool:
    return is_photo(name) or is_text(name)


def _refuse_unsound(path: Path, name: str) -> None:
    """Reject what intake would reject, as far as the start of the file shows it."""
    try:
        if path.stat().st_size == 0:
            raise ApiError(422, _("文件是空的（0 字节）"), _("从手机重新复制一次"))
        if is_photo(name):
            _check_photo(path, name)
        elif is_text(name):
            read_text(path)
        else:
            audio.probe(path)
    except CunshiError as error:
        raise ApiError(422, error.cause, error.remedy) from error


def _check_photo(path: Path, name: str) -> None:
    """Decode a photo in the limited process, one at a time; DepositError if that fails."""
    with _LOOKING:
        _INSPECTOR.inspect(path, name)


def _same_bytes(project: Project, arriving: _Arriving) -> str:
    """Return where the same content already exists; only files of equal size are hashed."""
    digest = arriving.digest.hexdigest()
    for accession in project.accessions():
        if digest in accession.hashes().values():
            return project.relative(accession.folder)
    for path in sorted(project.recordings.rglob("*")):
        if is_ignored(path.name) or not path.is_file():
            continue
        if path.stat().st_size == arriving.size and manifest.sha256_of(path) == digest:
            return project.relative(path)
    return ""


def _put_in_place(
    arrived: Path, folder: Path, name: str, said: Description, villages: tuple[str, ...]
) -> str:
    """Return the upload's final name, which no file or sidecar uses."""
    for candidate in numbered(name):
        if _is_described(folder, candidate):
            continue
        sidecar = folder / f"{candidate}.yml"
        text = _sidecar(said, candidate, villages)
        if text:
            _write_new(sidecar, text)
        try:
            _link(arrived, folder / candidate)
            return candidate
        except OSError as error:
            if text:
                sidecar.unlink()
            if not isinstance(error, FileExistsError):
                raise
    raise ApiError(409, _("同名的文件太多了"), _("换一个名字再放"))


def _is_described(folder: Path, name: str) -> bool:
    """Check whether a file would be confused with one, a sidecar or a companion of another
    recording.

    A photo or text has the name of its recording on purpose.
    """
    if (folder / name).exists():
        return True
    if _is_companion(name):
        return False
    stem = stem_of(name)
    others = [Path(entry.path) for entry in os.scandir(folder)]
    return any(path.name == f"{name}.yml" or path.stem == stem for path in others)


def _sidecar(said: Description, name: str, villages: tuple[str, ...]) -> str:
    """Return the description as YAML without what the file name says; empty if that is
    everything.
    """
    told = describe_name(stem_of(name), villages)
    values = {
        key: value
        for key, value in _as_json(said).items()
        if value and value != _as_json(told)[key] and not _is_companion(name)
    }
    return yaml.safe_dump(values, allow_unicode=True, sort_keys=False) if values else ""


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _link(arrived: Path, target: Path) -> None:
    """Rename a file in one step; FileExistsError if the name is taken."""
    try:
        os.link(arrived, target)
    except FileExistsError:
        raise
    except OSError:
        # File systems without hard links: reserve the name first, then replace it.
        target.open("x").close()
        arrived.replace(target)
    sync_folder(target.parent)

"""Scans of consent forms: stored in the archive with the recording, never published."""

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from cunshi.archive.accession import Accession
from cunshi.archive.erasure.tombstones import Tombstones
from cunshi.archive.events import ACCESSION, Event
from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.core.errors import CunshiError
from cunshi.core.files import is_ignored, put_in_place
from cunshi.core.i18n import _
from cunshi.review.api import ApiError, ApiRequest, error_response, route
from cunshi.review.auth.middleware import too_large
from cunshi.review.context import Desk
from cunshi.review.uploads.file_names import clean_name

LARGEST = 50 << 20  # bytes; ten photographed pages have 40 MB
_ABANDONED = 24 * 3600  # seconds after which an upload counts as abandoned
# Formats displayed by browsers. Others, such as HTML with scripts, are only downloaded.
_SHOWN = {
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}


def routes(desk: Desk, view: Callable[[Accession], dict[str, Any]]) -> list[Route]:
    """Return the routes for adding a scan, answered with the ``view`` of the record, and for
    showing it.
    """

    def show(ask: ApiRequest) -> Response:
        accession = desk.accession(ask.path["id"])
        for scan in scans_of(accession):
            if scan.name == ask.path["name"]:
                kind = _SHOWN.get(scan.suffix.lower())
                return FileResponse(
                    scan,
                    media_type=kind or "application/octet-stream",
                    filename=scan.name,
                    content_disposition_type="inline" if kind else "attachment",
                )
        raise ApiError(404, _("没有这份扫描件"), _("刷新页面"))

    async def put(request: Request) -> Response:
        try:
            accession = await run_in_threadpool(desk.accession, request.path_params["id"])
            if _said_length(request) > LARGEST:
                return too_large(LARGEST)
            request.state.allowance.most = LARGEST
            name = await _receive(desk.project, accession, request)
            found = await run_in_threadpool(view, accession)
        except ApiError as refusal:
            return error_response(refusal.status, **refusal.answer)
        except CunshiError as error:
            return error_response(409, error.cause, error.remedy)
        return JSONResponse(found | {"name": name})

    address = "/api/recordings/{id}/scans/{name}"
    return [route("GET", address, show), Route(address, put, methods=["PUT"])]


def scans_of(accession: Accession) -> list[Path]:
    """Return the scans of an accession by name."""
    if not accession.consent_forms.is_dir():
        return []
    found = (path for path in accession.consent_forms.iterdir() if path.is_file())
    return sorted(path for path in found if not is_ignored(path.name))


def listed(accession: Accession) -> list[dict[str, Any]]:
    """Return the scans as JSON."""
    return [{"name": path.name, "size": path.stat().st_size} for path in scans_of(accession)]


def _said_length(request: Request) -> int:
    said = request.headers.get("content-length", "0")
    return int(said[:20]) if said.isdecimal() else 0


async def _receive(project: Project, accession: Accession, request: Request) -> str:
    """Write the body to a temporary file, add it, and return its name."""
    aside = _temporary_file(project)
    try:
        with aside.open("wb") as stream:
            async for block in request.stream():
                stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())
        name, person = request.path_params["name"], request.state.person
        return await run_in_threadpool(keep, project, accession, aside, name, person)
    finally:
        aside.unlink(missing_ok=True)


def _temporary_file(project: Project) -> Path:
    """Return a new file on the archive's disk that no command sweeps; remove abandoned ones."""
    folder = project.archive / ".uploads"
    folder.mkdir(exist_ok=True)
    for left in folder.iterdir():
        if time.time() - left.stat().st_mtime > _ABANDONED:
            left.unlink(missing_ok=True)
    return folder / secrets.token_hex(8)


def keep(project: Project, accession: Accession, aside: Path, name: str, person: str) -> str:
    """Add a scan to the archive under a free name; the same content only once.

    Raises ApiError 422 for an empty file.
    """
    size, digest = aside.stat().st_size, sha256_of(aside)
    if not size:
        raise ApiError(422, _("这个文件是空的"), _("重新扫描或拍照，再放进来"))
    Tombstones.of(project).refuse(digest)
    with project.writing():
        present = scans_of(accession)
        for path in present:
            if path.stat().st_size == size and sha256_of(path) == digest:
                return path.name
        free = _free_name(name, {path.name.casefold() for path in present})
        accession.consent_forms.mkdir(exist_ok=True)
        aside.chmod(0o600)  # other accounts of the computer have no business with signatures
        put_in_place(aside, accession.consent_forms / free)
        hashes = {f"{accession.consent_forms.name}/{free}": digest}
        accession.add_event(Event(ACCESSION, algorithm="SHA-256", hashes=hashes, agent=person))
    return free


def _free_name(name: str, taken: set[str]) -> str:
    name, number = clean_name(name, _("扫描件")), 2
    path = PurePath(name)
    while name.casefold() in taken:
        name, number = f"{path.stem}-{number}{path.suffix}", number + 1
    return name

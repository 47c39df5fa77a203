"""Remove an accession, or one file of it, from archive/."""

import json
from collections.abc import Callable
from dataclasses import replace

from cunshi.archive.accession import Accession
from cunshi.archive.events import DELETION, METADATA_MODIFICATION, Event, format_event, parse_event
from cunshi.archive.fixity import manifest
from cunshi.archive.fixity.manifest import sha256_of
from cunshi.archive.project import Project
from cunshi.archive.record_edit import RecordFile, as_logged
from cunshi.core.errors import ConfigurationError
from cunshi.core.files import (
    exists,
    put_in_place,
    remove_file,
    remove_folder,
    walk_files,
    write_atomic,
)
from cunshi.core.i18n import _
from cunshi.domain.recording import Recording

CONSENT = "consent/"
_UPLOADS = ".uploads"  # scans that the desk is receiving


def set_aside(project: Project, recording_id: str) -> Accession:
    """Take an accession out of the archive in one step, to be destroyed; return where it is now.

    It may have been set aside by a run that was killed, or be gone.
    """
    aside = Accession(project.erasing / recording_id)
    with project.writing():
        here = project.accession(recording_id).folder
        if here.is_dir():
            remove_folder(aside.folder)
            project.erasing.mkdir(exist_ok=True)
            put_in_place(here, aside.folder)
    return aside


def destroy(project: Project, recording_id: str, is_erased: Callable[[str], bool]) -> None:
    """Remove what was set aside, and what was still being received of it."""
    remove_folder(project.erasing / recording_id)
    if project.erasing.is_dir() and not any(project.erasing.iterdir()):
        remove_folder(project.erasing)
    remove_folder(project.incoming)
    uploads = project.archive / _UPLOADS
    for path in list(walk_files(uploads)):
        if is_erased(sha256_of(path)):
            remove_file(path)


def check_file(recording: Recording | None, file: str) -> None:
    """Raise ConfigurationError for a file that cannot be erased without its recording."""
    kept = {"recording.yml", "manifest-sha256.txt", "events.jsonl"}
    words = {"machine.json", "transcript.vtt", "history.jsonl"}
    is_words = file in words or file.startswith("machine-")
    if ".." in file.split("/") or file.startswith("/") or "\\" in file:
        raise ConfigurationError(
            _("文件要写成录音文件夹里的路径"), _("例如 consent/同意书.jpg"), where=file
        )
    if file in kept or is_words or (recording and file == f"master/{recording.master}"):
        raise ConfigurationError(
            _("这个文件不能单独删除：原件、文稿和登记里有同样的话和声音"),
            _("不写 --file，就把整件录音删除；只有几句话不公开，在文稿里标“不公开”"),
            where=file,
        )


def erase_file(project: Project, accession: Accession, file: str) -> None:
    """Remove one file of an accession, with its hashes and its name.

    A consent is closed together with a scan of it: first, and only while the scan is there, because
    another may have been registered since.
    """
    with project.writing():
        is_registered = file in {**accession.hashes(), **accession.form_hashes()}
        if not is_registered and not exists(accession.folder / file):
            return
        if file.startswith(CONSENT):
            _close_consent(accession)
        _forget_in_events(accession, file)
        _forget_in_manifest(accession, file)
        remove_file(accession.folder / file)


def _close_consent(accession: Accession) -> None:
    """Take out of a record who signed, when and on what; all limits stay.

    Decided as at the desk, so that no text in recordings/ brings the consent back.
    """
    record = RecordFile.open(accession)
    closed = replace(record.description.consent, by="", signed_on=None, form="", guardian="")
    wanted = replace(record.description, consent=closed)
    record.set(wanted, despite_problems=True)
    decided = {"consent": as_logged(wanted).get("consent")}
    last = [event.decided for event in accession.read_events() if event.decided][-1:]
    if last != [decided]:
        accession.add_event(Event(METADATA_MODIFICATION, decided=decided))


def _forget_in_events(accession: Accession, file: str) -> None:
    """Take a file's name, hash and size out of the events, and register the deletion."""
    lines, found = [], False
    for line in accession.events.read_text("utf-8").split("\n"):
        shorter = _without(line, file) if line else ""
        found |= shorter != line
        lines += [shorter] if shorter else []
    if found:
        kind = file.partition("/")[0]
        deletion = format_event(Event(DELETION, object=kind)).rstrip("\n")
        write_atomic(accession.events, "\n".join([*lines, deletion, ""]))


def _without(line: str, file: str) -> str:
    """Return a line of events.jsonl without a file; empty if the event was about it alone."""
    event = parse_event(line)
    if file not in {**(event.hashes or {}), **(event.sizes or {})}:
        return line
    values = json.loads(line)
    for key in ("hashes", "sizes"):
        if key in values:
            values[key] = {name: value for name, value in values[key].items() if name != file}
    return json.dumps(values, ensure_ascii=False) if values.get("hashes") else ""


def _forget_in_manifest(accession: Accession, file: str) -> None:
    hashes = accession.hashes()
    if hashes.pop(file, None):
        write_atomic(accession.manifest, manifest.format_manifest(hashes))

"""The folder of an accession: its files, hashes and events."""

from dataclasses import dataclass
from pathlib import Path

from cunshi.archive.events import Event, format_event, parse_event, scans_in
from cunshi.archive.fixity import manifest as fixity
from cunshi.core.errors import DiskError, RecordError
from cunshi.core.files import exists, write_atomic
from cunshi.core.i18n import _


@dataclass(frozen=True)
class Accession:
    """The folder of one accession in the archive."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def record(self) -> Path:
        return self.folder / "recording.yml"

    @property
    def master(self) -> Path:
        return self.folder / "master"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest-sha256.txt"

    @property
    def machine(self) -> Path:
        return self.folder / "machine.json"

    @property
    def earlier_machines(self) -> list[Path]:
        """Earlier versions of machine.json, by other engines, models or options."""
        return sorted(self.folder.glob("machine-*.json"))

    @property
    def transcript(self) -> Path:
        return self.folder / "transcript.vtt"

    @property
    def history(self) -> Path:
        """All revisions of transcript.vtt made at the review desk."""
        return self.folder / "history.jsonl"

    @property
    def consent_forms(self) -> Path:
        """Scans of consent forms. Never published."""
        return self.folder / "consent"

    @property
    def events(self) -> Path:
        return self.folder / "events.jsonl"

    def hashes(self) -> dict[str, str]:
        """Return path → SHA-256 of the masters; empty if the manifest is missing or damaged."""
        try:
            return fixity.parse_manifest(self.manifest.read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def own_hashes(self) -> dict[str, str]:
        """Return path → SHA-256 of files named by the accession's id: the master, maybe a photo."""
        return {path: h for path, h in self.hashes().items() if Path(path).stem == self.id}

    def form_hashes(self) -> dict[str, str]:
        """Return path → SHA-256 of the scans in ``consent_forms``, as registered."""
        return scans_in(self.read_events())

    def read_events(self) -> list[Event]:
        """Return the events, oldest first."""
        try:
            # Not splitlines: a title may contain a line separator, which JSON does not escape.
            lines = self.events.read_text("utf-8").split("\n")
            return [parse_event(line) for line in lines if line]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DiskError(error, self.events) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise RecordError(
                _("事件登记读不了"),
                _("从备份恢复这个文件"),
                where=f"archive/{self.id}/events.jsonl",
            ) from error

    def unpublished_events(self) -> list[bytes]:
        """Return the lines of events.jsonl except publications, which do not affect the
        accession.
        """
        try:
            lines = self.events.read_bytes().splitlines()
        except OSError:
            lines = []  # reported where they are needed
        return [line for line in lines if not line.startswith(b'{"event": "dissemination"')]

    def add_event(self, event: Event) -> None:
        """Append an event to events.jsonl; RecordError if the existing events cannot be read.

        For an existing accession, ``Project.writing`` must be held.
        """
        self.read_events()
        data = self.events.read_bytes() if exists(self.events) else b""
        end = b"" if not data or data.endswith(b"\n") else b"\n"
        write_atomic(self.events, data + end + format_event(event).encode())

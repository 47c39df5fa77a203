"""Consents, recordings that have them, and the files in which they are given."""

import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from cunshi.archive.events import ACCESSION, Event
from cunshi.archive.project import Project
from cunshi.domain.access import AccessDecision, Days, access_decision
from cunshi.domain.consent import Consent
from cunshi.domain.recording import Description, Recording
from support.descriptions import recording
from support.village import settle

TODAY = dt.date(2026, 6, 1)
DAYS = Days(today=TODAY, clock=TODAY)
GIVEN = Consent(by="金老师", signed_on=dt.date(2026, 1, 1))


def ticked(*uses: str, **more: Any) -> Consent:
    """Return a consent to these uses."""
    return replace(GIVEN, uses=uses, **more)


def described(**values: Any) -> Recording:
    """Return a recording whose description has these values."""
    return recording(Description(**values))


def decided(**values: Any) -> AccessDecision:
    """Return the access decision about a recording with these values."""
    return access_decision(described(**values), DAYS)


def write_sidecar(project: Project, name: str, text: str) -> None:
    """Write the YAML file beside the deposit whose name begins with ``name``."""
    path = next(project.recordings.glob(f"*/{name}*.m4a")).with_suffix(".yml")
    path.write_text(text, "utf-8")
    settle(path)


def add_consent_form(project: Project, recording_id: str) -> Path:
    """Add a scan of a consent form to an accession."""
    accession = project.accession(recording_id)
    accession.consent_forms.mkdir()
    scan = accession.consent_forms / "同意书.txt"
    scan.write_text("我姓金，名建国。13800000000", "utf-8")
    digest = hashlib.sha256(scan.read_bytes()).hexdigest()
    hashes = {f"consent/{scan.name}": digest}
    accession.add_event(Event(ACCESSION, algorithm="SHA-256", hashes=hashes))
    return scan

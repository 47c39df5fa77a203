"""Catalogues with one recording, and their exports."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from hypothesis import strategies as st

from cunshi.archive.project import Project
from cunshi.domain.consent import Consent
from cunshi.domain.course import Catalogue, Course, Entry
from cunshi.domain.recording import Description, Kind, Recording, Technical
from cunshi.domain.settings import Archive
from cunshi.domain.transcript import Segment, Transcript, TranscriptStatus

Run = Callable[..., tuple[int, str]]


printable = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


times = st.floats(0, 20_000).map(lambda seconds: round(seconds, 3))


segments = st.lists(
    st.builds(
        lambda start, length, text, speaker, mandarin: Segment(
            start, start + length, text, speaker=speaker, mandarin=mandarin
        ),
        times,
        st.floats(0, 60).map(lambda seconds: round(seconds, 3)),
        printable,
        printable,
        printable,
    ),
    max_size=6,
)


def entry_of(*spoken: Segment, **said: str) -> Entry:
    """Return a published talk."""
    recording = Recording(
        id="20260112-7a994552",
        kind=Kind.TALK,
        master="20260112-7a994552.m4a",
        sha256="7a994552" * 8,
        original_name="01/a.m4a",
        technical=Technical("mov", "aac", 75.0, 44_100, 1),
        description=Description(
            date=date(2026, 1, 12), consent=Consent("王", date(2026, 1, 1)), **said
        ),
    )
    return Entry(recording, Transcript(spoken, TranscriptStatus.EDITED), audio="audio/a.m4a")


def catalogue_of(*entries: Entry, address: str = "") -> Catalogue:
    archive = Archive(institution="金村村档案室", contact="村文化站", rights="属于讲述人")
    course = Course("村史", "", "", "", (), address=address)
    return Catalogue(archive, course, (), entries, (), (), today=date(2026, 3, 1))


def exported(project: Project, run: Run, folder: Path) -> Path:
    code, printed = run(project, "export", "--to", str(folder))
    assert code == 0, printed
    [made] = folder.iterdir()
    assert made.name in printed
    return made


def with_address(project: Project) -> None:
    settings = project.root / "mkdocs.yml"
    text = settings.read_text("utf-8")
    settings.write_text(f"site_url: https://example.org/cunshi/\n{text}", "utf-8")

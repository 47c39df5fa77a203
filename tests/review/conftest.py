"""A desk on an empty village, for the tests of its interface."""

from collections.abc import Iterator

import httpx2
import pytest

from cunshi.archive.project import Project
from support.desk import OpenDesk, open_desk


@pytest.fixture
def opened(village: Project) -> Iterator[OpenDesk]:
    """A desk on an empty village, with the engine that says the same about every recording."""
    settings = (village.archive / "archive.yml").read_text("utf-8")
    settings = settings.replace("engine: faster-whisper", "engine: recorded")
    (village.archive / "archive.yml").write_text(settings, "utf-8")
    with open_desk(village) as desk:
        yield desk


@pytest.fixture
def ask(opened: OpenDesk) -> Iterator[httpx2.Client]:
    client = opened.client()
    yield client
    client.close()

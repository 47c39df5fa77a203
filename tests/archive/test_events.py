"""events.jsonl: what is written, and what is refused or left alone when it is read."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunshi.archive.accession import Accession
from cunshi.archive.events import Event, format_event, parse_event, scans_in
from cunshi.core.errors import RecordError

NOON = "2027-01-15T08:00:00+00:00"


def test_a_line_has_the_keys_that_are_set_in_a_fixed_order() -> None:
    event = Event("accession", agent="王", hashes={"master/a": "0"}, algorithm="SHA-256")
    assert format_event(event) == (
        f'{{"event": "accession", "time": "{NOON}", "algorithm": "SHA-256", '
        '"hashes": {"master/a": "0"}, "agent": "王"}\n'
    )
    event = Event("metadata modification", decided={}, source="", lines=0, shown=False)
    assert format_event(event) == (
        f'{{"event": "metadata modification", "time": "{NOON}", '
        '"source": "", "decided": {}, "lines": 0, "shown": false}\n'
    )


texts = st.none() | st.text()
mappings = st.none() | st.dictionaries(st.text(), st.text() | st.none() | st.lists(st.text()))
hashes = st.none() | st.dictionaries(st.text(), st.text())


@given(
    st.builds(
        Event,
        kind=st.text(),
        time=st.text(),
        fields=mappings,
        hashes=hashes,
        sizes=st.none() | st.dictionaries(st.text(), st.integers()),
        decided=mappings,
        limited=mappings,
        source=texts,
        agent=texts,
        lines=st.none() | st.integers(),
        shown=st.none() | st.booleans(),
    )
)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    line = format_event(event)
    assert line.count("\n") == 1
    assert parse_event(line) == event


@pytest.mark.parametrize(
    "broken",
    [
        "[]",
        "7",
        "{}",
        '{"event": "ingestion"}',
        '{"event": 1, "time": "x"}',
        '{"event": "ingestion", "time": null}',
        '{"event": "ingestion", "time": "x", "fields": []}',
        '{"event": "ingestion", "time": "x", "hashes": null}',
        '{"event": "ingestion", "time": "x", "sizes": 3}',
        '{"event": "ingestion", "time": "x", "decided": "x"}',
        '{"event": "ingestion", "time": "x"',
        "[" * 100_000,
    ],
)
def test_a_broken_line_is_refused_and_nothing_added_behind_it(tmp_path: Path, broken: str) -> None:
    accession = Accession(tmp_path)
    whole = f"{format_event(Event('ingestion'))}{broken}\n"
    accession.events.write_text(whole, "utf-8")
    for use in (accession.read_events, lambda: accession.add_event(Event("transfer"))):
        with pytest.raises(RecordError) as refused:
            use()
        assert refused.value.where.endswith("events.jsonl")
    assert accession.events.read_text("utf-8") == whole


def test_lines_of_another_version_stay_as_they_are(tmp_path: Path) -> None:
    """Unknown keys, known ones of another kind, other spacing, and a last line without its end."""
    accession = Accession(tmp_path)
    before = (
        '{"event":"future","time":"x","weather":{"b":1,"a":2},"agent":["甲","乙"]}\r\n\n'
        '{"time": "y", "event": "ingestion", "fields": {"title": "\u6751"}}'
    ).encode()
    accession.events.write_bytes(before)
    new = Event("transfer", source="顾家村")
    accession.add_event(new)
    assert accession.events.read_bytes() == before + b"\n" + format_event(new).encode()
    future, ingestion, last = accession.read_events()
    assert (future.kind, future.time, future.agent) == ("future", "x", None)
    assert ingestion.fields == {"title": "村"}
    assert last == new


def test_scans_are_what_any_event_has_put_into_the_folder_of_consents() -> None:
    events = [
        Event("accession", hashes={"consent/a.jpg": "1", "master/a": "2"}),
        Event("ingestion"),
        Event("accession", hashes={"consent/a.jpg": "3"}),
    ]
    assert scans_in(events) == {"consent/a.jpg": "3"}


def test_every_kind_of_event_is_written_as_it_always_was() -> None:
    """The keys of each kind in their order, as archives have had them from the beginning."""
    lines: list[dict[str, Any]] = [
        {"original_name": "a.m4a", "fields": {}},
        {"algorithm": "SHA-256", "hashes": {}, "sizes": {}},
        {"algorithm": "SHA-256", "hashes": {}, "agent": "王"},
        {
            "object": "machine.json",
            "agent": "e",
            "model": "m",
            "model_sha256": "0",
            "machine_sha256": "1",
        },
        {"edition": "site", "shown": True},
        {"source": "顾家村"},
        {"algorithm": "SHA-256", "outcome": "pass"},
        {"fields": {"title": None}},
        {"limited": {"access": "sealed"}, "source": ""},
        {"agent": "王", "decided": {}},
        {"agent": "王", "transcript": "approved", "transcript_sha256": "0"},
        {"source": "a.srt", "decided": {}, "lines": 3},
    ]
    for line in lines:
        written = json.dumps({"event": "x", "time": NOON, **line}, ensure_ascii=False) + "\n"
        assert format_event(Event("x", **line)) == format_event(parse_event(written)) == written

"""Cases of the three-way merge of lines, for the server's tests and the browser's.

A line is [start, end, text] or [start, end, text, {other fields}] in the table, a dict with all
fields between Python and the browser.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

from cunshi.domain.transcript import Flag, Replacement, Segment
from cunshi.review.editor.merge import Lines, merge_parts
from support.village import ROOT

CASES = json.loads((ROOT / "tests" / "review" / "merge_cases.json").read_text("utf-8"))
SIDES = ("base", "ours", "theirs")
FIELDS = ("start", "end", "text", "speaker", "mandarin", "withheld", "golden")
_WORDS = ("嗯", "好", "河上有座桥", "桥边住着陆家", "𠀀字", "侬好伐")


def lines_of(rows: Sequence[Sequence[Any]]) -> Lines:
    """Lines of the table."""
    return tuple(_line(*row) for row in rows)


def _line(start: float, end: float, text: str, fields: dict[str, Any] | None = None) -> Segment:
    values = dict(fields or {})
    values["flags"] = tuple(map(Flag, values.get("flags", ())))
    for name in ("replaced", "suggested"):
        values[name] = tuple(Replacement(*pair) for pair in values.get(name, ()))
    return Segment(start, end, text, **values)


def plain(lines: Lines) -> list[dict[str, Any]]:
    """Lines as the browser gets and gives them."""
    return [
        {name: getattr(line, name) for name in FIELDS}
        | {"flags": [flag.value for flag in line.flags]}
        | {
            name: [[pair.heard, pair.term] for pair in getattr(line, name)]
            for name in ("replaced", "suggested")
        }
        for line in lines
    ]


def parts_of_server(base: Lines, ours: Lines, theirs: Lines) -> list[dict[str, Any]]:
    """The parts of the server's merge, as the browser gives its own."""
    return [
        {side: plain(getattr(part, side)) for side in SIDES}
        | {"lines": None if part.lines is None else plain(part.lines)}
        for part in merge_parts(base, ours, theirs)
    ]


def outcome(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the table says of a case: the merged lines, or of what lines somebody is asked."""
    conflicts = [[line["text"] for line in p["base"]] for p in parts if p["lines"] is None]
    if conflicts:
        return {"conflicts": conflicts}
    return {"merged": [line for part in parts for line in part["lines"]]}


def expected(case: dict[str, Any]) -> dict[str, Any]:
    """The outcome that the table has for a case."""
    if "conflicts" in case:
        return {"conflicts": case["conflicts"]}
    return {"merged": plain(lines_of(case["merged"]))}


def random_sides(seed: int) -> tuple[Lines, Lines, Lines]:
    """A base and what two people make of it."""
    choose = Random(seed)
    base = _talk(choose)
    return base, _edited(base, choose), _edited(base, choose)


def _talk(choose: Random) -> Lines:
    if choose.random() < 0.2:  # as a family wrote it
        return tuple(Segment(0, 0, choose.choice(_WORDS)) for _ in range(choose.randrange(7)))
    edges = sorted(choose.sample(range(12), choose.randrange(1, 8)))
    lines = (Segment(a, b, choose.choice(_WORDS)) for a, b in pairwise(edges))
    return tuple(_marked(line, choose) if choose.random() < 0.3 else line for line in lines)


def _marked(line: Segment, choose: Random) -> Segment:
    return replace(
        line,
        mandarin=choose.choice(["", "你好"]),
        withheld=choose.random() < 0.5,
        flags=tuple(choose.sample(list(Flag), choose.randrange(3))),
        suggested=(Replacement("桥", "侨"), Replacement("陆", "六"))[: choose.randrange(3)],
    )


def _edited(lines: Lines, choose: Random) -> Lines:
    for _ in range(choose.randrange(4)):
        edit = choose.choice([_one_line, _one_line, _split, _join, _delete, _insert, _edge, _shift])
        lines = edit(lines, choose) if lines or edit is _insert else lines
    return lines


def _one_line(lines: Lines, choose: Random) -> Lines:
    at = choose.randrange(len(lines))
    line = lines[at]
    changed = choose.choice(
        [
            replace(line, text=choose.choice(_WORDS)),
            replace(line, text=line.text + choose.choice("桥河")),
            replace(line, mandarin=choose.choice(["", "您好", "再见"])),
            replace(line, speaker=choose.choice(["王阿婆", "金老师"])),
            replace(line, golden=not line.golden),
            replace(line, withheld=not line.withheld),
            replace(line, flags=line.flags[1:]),
            replace(line, suggested=line.suggested[:-1]),
            replace(line, end=line.end + choose.choice([-0.25, 0.25])),
        ]
    )
    return (*lines[:at], changed, *lines[at + 1 :])


def _split(lines: Lines, choose: Random) -> Lines:
    at = choose.randrange(len(lines))
    line, middle = lines[at], (lines[at].start + lines[at].end) / 2
    halves = (
        replace(line, end=middle, text=line.text[:1]),
        replace(line, start=middle, text=line.text[1:] or "无"),
    )
    return (*lines[:at], *halves, *lines[at + 1 :])


def _join(lines: Lines, choose: Random) -> Lines:
    at = choose.randrange(len(lines))
    first, *rest = lines[at : at + 2]
    whole = replace(
        first, end=(rest or [first])[0].end, text=first.text + "".join(r.text for r in rest)
    )
    return (*lines[:at], whole, *lines[at + 2 :])


def _delete(lines: Lines, choose: Random) -> Lines:
    at = choose.randrange(len(lines))
    return (*lines[:at], *lines[at + 1 :])


def _insert(lines: Lines, choose: Random) -> Lines:
    at = choose.randrange(len(lines) + 1)
    start = lines[at].start if at < len(lines) else 20
    return (*lines[:at], Segment(start, start + 0.5, choose.choice(_WORDS)), *lines[at:])


def _edge(lines: Lines, choose: Random) -> Lines:
    at = choose.randrange(len(lines))
    end = lines[at].end - 0.25
    following = [replace(line, start=end) for line in lines[at + 1 : at + 2]]
    return (*lines[:at], replace(lines[at], end=end), *following, *lines[at + 2 :])


def _shift(lines: Lines, choose: Random) -> Lines:
    by = choose.choice([-0.5, 0.25, 1])
    return tuple(replace(line, start=line.start + by, end=line.end + by) for line in lines)

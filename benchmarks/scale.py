"""Measure how Cunshi grows with the number of recordings, and write scale.md and its plots.

Run inside the environment, on a quiet machine, with Chromium installed: about half an hour.

    .venv/bin/python benchmarks/scale.py

The recordings are stand-ins (stand_in.py); their masters are sparse files of 100 MB each, so that a
thousand of them are 100 GB to the program and little to the disk. Every figure is the median of
several runs of a command in a process of its own, its start and imports included; memory is that of
the process and its children together. Other makers of sites (sites.py), where they are installed,
make the same pages in turn. Linux only: memory is read from /proc.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import sites
from growth import Line, plot
from playwright.sync_api import Browser, sync_playwright
from searching import search_times, simulate
from stand_in import CHARACTERS, add_stand_ins
from watching import Spent, watched
from workbench import HERE, ROOT, Figure, cunshi, head, publish, village

from cunshi.core.files import walk_files

COUNTS = (10, 100, 1000)
PLANNED = 10_000
MEGABYTES = 100
ROUNDS = 3
MAKING = ("whole", "pages", "one new", "nothing")
PACKAGES = ("mkdocs", "mkdocs-material", "markdown", "av", "weasyprint")


class Growing:
    """A village that grows; its sample recordings were made by the whole pipeline."""

    def __init__(self, folder: Path):
        self.project = village(folder)
        self._count = 0
        cunshi(self.project, "build")

    def grow(self, count: int) -> None:
        add_stand_ins(self.project, self._count, count, MEGABYTES * 1_000_000)
        self._count = count

    def run(self, *words: str) -> Spent:
        return watched([sys.executable, "-m", "cunshi", "--root", str(self.project.root), *words])

    def measure(self) -> dict[str, list[Spent]]:
        spent: dict[str, list[Spent]] = {name: [] for name in MAKING}
        self.run("build")
        for __ in range(ROUNDS):
            self._forget("settled-*", "told/*/*")
            spent["whole"].append(self.run("site"))
            self._forget("settled-site.json", "settled-framed.json", "told/*/*")
            spent["pages"].append(self.run("site"))
            self.run("build")
            spent["nothing"].append(self.run("build"))
            self.grow(self._count + 1)
            spent["one new"].append(self.run("build"))
        return spent

    def _forget(self, *remembered: str) -> None:
        """Remove all that was made but sound and kits, and what is remembered of it."""
        project = self.project
        shutil.rmtree(project.site)
        stamps = chain.from_iterable(map(project.cache.glob, remembered))
        for path in [*stamps, *walk_files(project.docs)]:
            made = path.relative_to(project.root / "build").parts
            if made[0] == "cache" or made[1] not in {"audio", "clips", "kits", ".recipe"}:
                path.unlink()

    def sizes(self) -> dict[str, float]:
        """What the site has, without its sound."""
        site = self.project.site
        sizes = {path: path.stat().st_size for path in walk_files(site)}
        list_ = site / "recordings" / "index.html"
        parts = [size for path, size in sizes.items() if path.name.startswith("part-")]
        pages = [s for p, s in sizes.items() if p.parent == list_.parent and p != list_]
        silent = [size for path, size in sizes.items() if path.suffix != ".m4a"]
        return {
            "index": sizes[site / "search" / "search_index.json"] / 1e6,
            "parts": sum(parts) / 1e6,
            "number of parts": len(parts),
            "largest part": max(parts) / 1e6,
            "largest page": max(pages) / 1e3,
            "list": sizes[list_] / 1e3,
            "glossary": sizes[site / "glossary.html"] / 1e3,
            "site": sum(silent) / 1e6,
        }


def median(spent: list[Spent], of: Callable[[Spent], float]) -> float:
    return statistics.median(map(of, spent))


def derivatives(folder: Path) -> Iterator[tuple[str, float]]:
    """How many times faster than it sounds the sample's sound is encoded."""
    from concurrent.futures import ThreadPoolExecutor

    from cunshi.media import audio

    sounds = sorted(p for p in (ROOT / "recordings").rglob("*") if p.suffix in {".m4a", ".mp3"})
    spoken = [s for path in sounds for s in audio._split(audio.decode(path, 32_000))]
    rounds = int(1200 * 1000 / sum(map(len, spoken))) + 1
    master = folder / "talk.m4a"
    audio._encode(iter(spoken * rounds), master)
    length = audio.inspect(master).technical.duration

    def speed(seconds: float, work: Callable[[], object], cores: bool = False) -> float:
        found = []
        for __ in range(ROUNDS):
            wall, used = time.perf_counter(), time.process_time()
            work()
            used = time.process_time() - used
            found.append(seconds / (time.perf_counter() - wall if cores else used))
        return statistics.median(found)

    def all_at_once() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda n: audio.make_access_copy(master, folder / f"{n}.m4a"), range(4)))

    def clips() -> None:
        for n in range(20):
            audio.cut_clip(master, 30.0 * n, 30.0 * n + 15, folder / "clip.m4a")

    one = speed(length, lambda: audio.make_access_copy(master, folder / "a.m4a"))
    yield "access copy, by processor time of one core", one
    yield "four access copies, two at a time, by the clock", speed(4 * length, all_at_once, True)
    yield "clips of 15 s, by processor time of one core", speed(300, clips)


Found = dict[str, float]  # all figures at one number of recordings
TIMES: dict[str, tuple[str, Callable[[Spent], float]]] = {
    "whole": ("whole", lambda s: s.seconds),
    "whole used": ("whole", lambda s: s.used),
    "whole resident": ("whole", lambda s: s.resident),
    "whole proportional": ("whole", lambda s: s.proportional),
    "pages": ("pages", lambda s: s.seconds),
    "pages used": ("pages", lambda s: s.used),
    "pages resident": ("pages", lambda s: s.resident),
    "one new": ("one new", lambda s: s.seconds),
    "nothing": ("nothing", lambda s: s.seconds),
    "nothing resident": ("nothing", lambda s: s.resident),
}
LABELS = {
    "pages": "all pages anew: s",
    "pages used": "… processor time: s",
    "pages resident": "… most memory, with its children: MB resident",
    "whole": "all pages, kits and the error rate anew: s",
    "whole used": "… processor time: s",
    "whole resident": "with kits and the error rate: most memory, with its children: MB resident",
    "whole proportional": "… the same, what is shared counted once: MB",
    "one new": "one new recording: s",
    "nothing": "nothing new: s",
    "nothing resident": "… most memory: MB resident",
    "index": "index that every page loads: MB",
    "parts": "words of the recordings, loaded by a search: MB",
    "number of parts": "… in so many parts",
    "largest part": "… the largest of them: MB",
    "list": "list of all recordings: KB",
    "site": "site without sound: MB",
    "largest page": "largest page of a recording: KB",
    "glossary": "glossary: KB",
    "http ready": "search ready, over http: ms",
    "http first": "… first answer, for which the parts are loaded: ms",
    "http other": "… every other answer: ms",
    "file ready": "search ready, from a disk: ms",
    "file first": "… first answer: ms",
    "file other": "… every other answer: ms",
}
# What does not grow in a straight line, or was simulated. The kits are those of ten lessons, and
# made while the rest goes on.
NOT_CONTINUED = {"whole", "whole used", "largest page", "glossary"} | {
    f"{where} {what}" for where in ("http", "file") for what in ("ready", "first", "other")
}


def table(found: dict[int, Found]) -> str:
    lines = [f"| recordings | {' | '.join(map(str, found))} |", "|---|" + "---|" * len(found)]
    for key, label in LABELS.items():
        cells = " | ".join(f"{figures[key]:.3g}" for figures in found.values())
        lines.append(f"| {label} | {cells} |")
    return "\n".join(lines)


def planned(found: dict[int, Found]) -> str:
    lines = [f"| | constant | for each recording | at {PLANNED} |", "|---|---|---|---|"]
    for key, label in LABELS.items():
        constant, slope = fit(found, key)
        # What shrinks depends on what runs at the same time, not on how much there is.
        if key in NOT_CONTINUED or slope <= 0:
            continue
        figures = (constant, slope, constant + slope * PLANNED)
        lines.append(f"| {label} | {' | '.join(f'{figure:.3g}' for figure in figures)} |")
    return "\n".join(lines)


def fit(found: dict[int, Found], key: str) -> tuple[float, float]:
    """A constant and a slope, so that the relative errors are least."""
    counts, values = np.array(list(found)), np.array([figures[key] for figures in found.values()])
    terms = np.stack([np.ones(len(counts)), counts], axis=1) / values[:, None]
    constant, slope = np.linalg.lstsq(terms, np.ones(len(counts)), rcond=None)[0]
    return float(constant), float(slope)


def lines(found: dict[int, Found], *keys: str) -> list[Line]:
    return [
        Line(
            LABELS[key].partition(":")[0],
            {count: figures[key] for count, figures in found.items()},
            *fit(found, key),
        )
        for key in keys
    ]


Makers = dict[str, dict[int, sites.Made]]


def measured(growing: Growing, browser: Browser, count: int) -> Found:
    growing.grow(count)
    spent = growing.measure()
    found = {key: median(spent[what], of) for key, (what, of) in TIMES.items()}
    found |= growing.sizes()
    for where, times in search_times(browser, growing.project.site).items():
        found |= {f"{where} {what}": time for what, time in times.items()}
    print(count, found, file=sys.stderr, flush=True)
    return found


def made(makers: Makers) -> str:
    """Seconds, megabytes and pages of each maker at each count."""
    counts = list(next(iter(makers.values())))
    rows = [f"| maker | {' | '.join(map(str, counts))} |", "|---|" + "---|" * len(counts)]
    for name, each in makers.items():
        cells = (f"{m.seconds:.1f} s, {m.memory:.0f} MB, {m.pages} pages" for m in each.values())
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def beside(found: dict[int, Found], makers: Makers) -> list[Line]:
    """All pages: Cunshi's, and those of the others."""
    [pages] = lines(found, "pages")
    ours = [replace(pages, name="Cunshi, from the transcripts on")]
    for name, each in makers.items():
        seconds = {count: {"s": made.seconds} for count, made in each.items()}
        measured = {count: figures["s"] for count, figures in seconds.items()}
        ours.append(Line(name.partition(",")[0], measured, *fit(seconds, "s")))
    return ours


def figures(found: dict[int, Found], makers: Makers, sounds: dict[str, float]) -> list[Figure]:
    """What RESULTS.md says of the largest village."""
    most = max(found)
    last = found[most]

    def others(of: Callable[[sites.Made], float]) -> str:
        return "; ".join(f"{name.split(',')[0]} {of(m[most]):.0f}" for name, m in makers.items())

    def figure(key: str, what: str, wanted: str = "", beside: str = "") -> Figure:
        return Figure(f"{most} recordings, {what}", wanted, f"{last[key]:.3g}", beside)

    return [
        figure("pages", "all pages anew: s", "under 15", others(lambda made: made.seconds)),
        figure("whole", "… with the ten kits and the error rate: s"),
        figure(
            "whole resident",
            "most memory, with children: MB",
            "under 300",
            others(lambda made: made.memory),
        ),
        figure("whole proportional", "… what is shared counted once: MB", "under 300"),
        figure("one new", "one new recording: s"),
        figure("nothing", "nothing new: s", "under 2"),
        figure("file ready", "search ready, from a disk: ms", "under 250"),
        figure("http ready", "search ready, over http: ms", "under 250"),
        figure("index", "index that every page loads: MB", "under 12"),
        figure("largest part", "largest part of the words, loaded by a search: MB"),
        figure("largest page", "largest page of a recording: KB", "under 150"),
        *(
            Figure(f"{name}: times as fast as it sounds", "over 100", f"{value:.0f}", "")
            for name, value in sounds.items()
        ),
    ]


def main() -> None:
    makers: Makers = {}
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder = Path(temporary)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        growing = Growing(folder / "village")
        found = {}
        for count in COUNTS:
            found[count] = measured(growing, browser, count)
            for name, each in sites.make(growing.project.root, folder):
                print(name, each, file=sys.stderr, flush=True)
                makers.setdefault(name, {})[count] = each
        simulated = simulate(browser, folder, PLANNED)
        sounds = dict(derivatives(folder))
        versions = f"; Chromium {browser.version}"
        browser.close()
    text = TEXT.format(
        rounds=ROUNDS,
        megabytes=MEGABYTES,
        characters=CHARACTERS,
        table=table(found),
        made=made(makers),
        others=sites.versions(),
        planned=planned(found),
        count=PLANNED,
        simulated="\n".join(f"| {name} | {value:.3g} |" for name, value in simulated.items()),
        sounds="\n".join(f"| {name} | {value:.0f} |" for name, value in sounds.items()),
    )
    for name, unit, drawn in (
        ("time", "seconds", lines(found, "pages", "one new", "nothing")),
        ("index", "MB", lines(found, "index", "parts", "site")),
        ("makers", "seconds", beside(found, makers)),
    ):
        (HERE / f"scale-{name}.svg").write_text(plot(unit, drawn, PLANNED), "utf-8")
    head_ = head(__file__, *PACKAGES, more=versions)
    publish("scale", "Growth", head_, text, figures(found, makers, sounds))


TEXT = """Medians of {rounds} runs. Beside the sample village (16 recordings, 10 lessons) so many
stand-ins: {characters} characters each, masters of {megabytes} MB that are sparse files, access
copies of half a minute. Three in ten are approved, one in ten half corrected.

*All pages anew*: `site` reads all transcripts and renders all pages, which is what the other makers
below do; the error rate and the ten teaching kits are remembered. *All pages, kits and the error
rate anew*: build/ has nothing but sound, the kits' PDFs and the hashes of the deposits. *One new
recording*: `build` with one more that has been heard. *Nothing new*: `build`.

{table}

![seconds](scale-time.svg)
![MB](scale-index.svg)

## Other makers of sites

The same pages, made once from nothing by each, in turn with the runs above; seconds and the
most memory as above. They begin with the Markdown that Cunshi has written, it begins with the
transcripts. MkDocs by itself is what Cunshi would take for that second half without frames. Hugo
and Jekyll do less: no clips, no lines to listen to, no search to the second. Versions of
what pip does not know: {others}.

{made}

![seconds](scale-makers.svg)

## Sound

How many times faster than it sounds, from 20 minutes of the sample's talks:

| | times |
|---|---|
{sounds}

## {count} recordings: an extrapolation

A constant and a slope fitted to the columns above, so that relative errors are least. Nobody has
built so large a village; what does not grow in a straight line is not in here.

{planned}

The search alone was simulated with {count} talks, from a disk, in parts as the site has them:

| | |
|---|---|
{simulated}
"""


if __name__ == "__main__":
    main()

"""How soon the search of a site is ready and answers, in Chromium: over http and from a disk."""

import functools
import http.server
import json
import shutil
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser
from stand_in import spoken
from workbench import ROOT

from cunshi.core.text import seconds

ROUNDS = 7
FEW = 3  # of what takes minutes
QUERIES = ["金村", "老街", "乌鸦", "毛衫", "一千多年", "没有这句"]
PART = 125  # talks in a part of 2 MB
# Ready: from the index as text to the worker's answer that it is ready; the worker has started.
MEASURE = """async ([queries, fromDisk]) => {
  const text = fromDisk
    ? await new Promise(done => {
        const script = document.createElement("script")
        script.src = "search/search_index.js"
        script.onload = () => done(JSON.stringify(__index))
        document.body.append(script)
      })
    : await (await fetch("search/search_index.json")).text()
  const worker = new Worker("assets/search-worker.js")
  const ask = (message, is) => new Promise(done => {
    worker.onmessage = event => { if (is(event.data)) done(event.data) }
    worker.postMessage(message)
  })
  await ask({ type: 2, data: "" }, answer => answer.type === 3)
  const times = []
  let begun = performance.now()
  await ask({ type: 0, data: JSON.parse(text) }, answer => answer.type === 1)
  times.push(performance.now() - begun)
  for (const query of queries) {
    begun = performance.now()
    await ask({ type: 2, data: query }, answer => answer.type === 3 && answer.data.whole)
    times.push(performance.now() - begun)
  }
  return times
}"""


def search_times(browser: Browser, site: Path) -> dict[str, dict[str, float]]:
    """Milliseconds by where the site is read from: ``ready``, ``first``, ``other``; medians."""
    with _served(site) as address:
        return {"http": _times(browser, address), "file": _times(browser, site.as_uri())}


def _times(browser: Browser, address: str, count: int = ROUNDS) -> dict[str, float]:
    rounds = []
    for __ in range(count):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/about.html")
        rounds.append(page.evaluate(MEASURE, [QUERIES, address.startswith("file:")]))
        context.close()
    return {
        "ready": statistics.median(times[0] for times in rounds),
        "first": statistics.median(times[1] for times in rounds),
        "other": statistics.median(time for times in rounds for time in times[2:]),
    }


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *__: object) -> None:
        """Thousands of lines help nobody."""


@contextmanager
def _served(site: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def simulate(browser: Browser, folder: Path, talks: int) -> dict[str, float]:
    """A site of nothing but the search for so many talks: sizes, times and memory."""
    site = folder / "simulated"
    (site / "search").mkdir(parents=True)
    (site / "assets").mkdir()
    shutil.copy(ROOT / "scripts/cunshi/theme/assets/search-worker.js", site / "assets")
    shim = (ROOT / "scripts/cunshi/theme/assets/iframe-worker.js").read_text("utf-8")
    (site / "about.html").write_text(f"<!doctype html><body><script>{shim}</script>", "utf-8")
    docs, parts, size = [], [], 0
    for first in range(0, talks, PART):
        told = {}
        for number in range(first, min(first + PART, talks)):
            page = f"recordings/{number:05d}.html"
            facts = (
                f"<p>替身{number}</p><p>金村村</p><p>2026年1月1日</p><p>{number:05d}-0123abcd</p>"
            )
            docs.append({"location": page, "title": f"第{number}段讲述", "text": facts})
            told[page] = list(_paragraphs(number))
        parts.append(f"search/part-{first}.js")
        script = f"addPart({json.dumps(told, ensure_ascii=False, separators=(',', ':'))})\n"
        size += (site / parts[-1]).write_text(script, "utf-8") and len(script.encode())
    index = json.dumps({"config": {"parts": parts}, "docs": docs}, ensure_ascii=False)
    (site / "search" / "search_index.js").write_text(f"var __index = {index}", "utf-8")
    times = _times(browser, site.as_uri(), FEW)
    return {
        "index that every page loads: MB": len(index.encode()) / 1e6,
        "words, in parts: MB": size / 1e6,
        "parts": len(parts),
        "search ready: ms": times["ready"],
        "first answer, all parts loaded: ms": times["first"],
        "every other answer: ms": times["other"],
    }


def _paragraphs(number: int) -> Iterator[list[object]]:
    """The sentences of a stand-in, five to a paragraph."""
    sentences = list(spoken(number))
    for at in range(0, len(sentences), 5):
        group = sentences[at : at + 5]
        yield [float(seconds(group[0].start)), "".join(segment.text for segment in group)]

"""Measure the search in a browser for 100 and 1000 talks, and write search.md beside this.

Run inside the environment: ``.venv/bin/python benchmarks/search.py``. The talks are made of the
sample's sentences in other orders, 5 100 characters each, divided into paragraphs as on the site.
What is timed runs in Chromium, in the worker of the site: from the index as text to its answer
that it is ready, and from a question to its results.
"""

import json
import random
import re
import statistics
import sys
from datetime import date
from pathlib import Path

import yaml
from playwright.sync_api import Browser, sync_playwright

from run import ROOT, machine

CHARACTERS = 5100
PARAGRAPH = 110
ROUNDS = 9
QUERIES = ("金村", "老街", "乌鸦", "毛衫", "一千多年", "没有这句")
WORKER = (ROOT / "scripts/cunshi/theme/assets/search-worker.js").read_text("utf-8")
MEASURE = """async ([source, text, queries, rounds]) => {
  const ask = (worker, message) => new Promise(done => {
    worker.onmessage = event => done(event.data)
    worker.postMessage(message)
  })
  const ready = [], answered = [], address = URL.createObjectURL(new Blob([source]))
  for (let n = 0; n < rounds; n++) {
    const worker = new Worker(address)
    await ask(worker, { type: 2, data: "x" }) // The worker has started.
    let begun = performance.now()
    await ask(worker, { type: 0, data: JSON.parse(text) })
    ready.push(performance.now() - begun)
    for (const query of queries) {
      begun = performance.now()
      await ask(worker, { type: 2, data: query })
      answered.push(performance.now() - begun)
    }
    worker.terminate()
  }
  return [ready, answered]
}"""


def make_index(talks: int) -> str:
    """An index as the site writes it."""
    reference = yaml.safe_load((ROOT / "tests/samples/reference.yml").read_text("utf-8"))
    sentences = [s for e in reference for s in re.findall("[^。！？]+[。！？]", e["text"])]
    rng = random.Random(1)  # noqa: S311 (no secret: the same talks on every run)
    docs = []
    for number in range(talks):
        page, title = f"recordings/{number:04d}.html", f"第{number}段讲述"
        docs.append({"location": page, "title": title, "text": ""})
        said = 0
        while said < CHARACTERS:
            paragraph = ""
            while len(paragraph) < PARAGRAPH:
                paragraph += rng.choice(sentences)
            docs.append(
                {"location": f"{page}#t={said}", "title": title, "text": f"<p>{paragraph}</p>"}
            )
            said += len(paragraph)
    return json.dumps({"config": {}, "docs": docs}, ensure_ascii=False, separators=(",", ":"))


def measure(browser: Browser, talks: int) -> str:
    index = make_index(talks)
    page = browser.new_page()
    ready, answered = page.evaluate(MEASURE, [WORKER, index, QUERIES, ROUNDS])
    page.close()
    size = len(index.encode()) / 1e6
    times = f"{statistics.median(ready):.0f} | {max(ready):.0f} | {statistics.median(answered):.0f}"
    return f"| {talks} | {size:.2f} | {times} | {max(answered):.0f} |"


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        rows = [measure(browser, talks) for talks in (100, 1000)]
        version = browser.version
        browser.close()
    text = (
        "# Search, measured\n\n"
        f"{date.today()} on {machine()}; Chromium {version}. Made by `benchmarks/search.py`; "
        f"{ROUNDS} rounds.\n\n"
        "| talks | index, MB | ready, ms: median | most | answer, ms: median | most |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )
    Path(__file__).with_suffix(".md").write_text(text, "utf-8")
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()

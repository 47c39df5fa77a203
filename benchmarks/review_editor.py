"""Open a recording of three hours and 3 000 lines in the editor, and write review_editor.md.

Run inside the environment: ``.venv/bin/python benchmarks/review_editor.py``. Lines, words and
peaks are made up; desk, page and browser are the real ones. Once as fast as the
computer is, and once with the browser's processor slowed down to a quarter.
"""

import json
import statistics
import tempfile
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from workbench import machine

from cunshi import workflow
from cunshi.archive.project import Project
from cunshi.core.progress import SilentReporter
from cunshi.core.timecode import format_timecode
from support.desk import OpenDesk, open_desk
from support.village import chromium_path, new_village, sample_path, settle

LINES, STEP, ROUNDS = 3000, 3.6, 5
SAID = "从前我们金村和恬庄福山庆安是常熟北门外有名的四个古镇"
WATCH = """() => {
  window.tasks = []
  const note = list => tasks.push(...list.getEntries().map(e => e.duration))
  new PerformanceObserver(note).observe({ type: 'longtask' })
  window.gaps = []
  let last = performance.now()
  const frame = now => { gaps.push(now - last); last = now; requestAnimationFrame(frame) }
  requestAnimationFrame(frame)
}"""
TYPE = """async () => {
  const found = []
  for (let n = 0; n < 20; n++) {
    const begun = performance.now()
    document.execCommand('insertText', false, '字')
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)))
    found.push(performance.now() - begun)
  }
  return found
}"""


def long_talk(folder: Path) -> tuple[Project, str]:
    """A talk that says it lasts three hours."""
    project = new_village(folder / "village")
    target = project.recordings / "01-村名" / "金村村_金老师_2026-01-12.m4a"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(sample_path("01/").read_bytes())
    settle(target)
    workflow.ingest(project, SilentReporter())
    [item] = project.accessions()
    write_down(project, item.id)
    return project, item.id


def write_down(project: Project, item: str) -> None:
    """What the machine heard in three hours, and a transcript in which people have begun."""
    segments, cues = [], []
    for n in range(LINES):
        start, text = n * STEP, SAID[n % 9 :] + SAID[: n % 9]
        step = 3.2 / len(text)
        words = [
            [round(start + i * step, 3), round(start + (i + 1) * step, 3), c, 0.3 + 0.14 * (i % 6)]
            for i, c in enumerate(text)
        ]
        segment = {"start": start, "end": start + 3.2, "text": text, "words": words}
        segments.append({**segment, "avg_logprob": -0.3})
        times = f"{format_timecode(start)} --> {format_timecode(start + 3.2)}"
        cues.append(f"{times}\n{text}\n")
    folder = project.archive / item
    head = dict.fromkeys(
        ("recording", "master_sha256", "engine_version", "model", "model_sha256"), ""
    )
    made = {**head, "engine": "made up", "options": {}, "language": "cmn", "segments": segments}
    (folder / "machine.json").write_text(json.dumps(made, ensure_ascii=False), "utf-8")
    (folder / "transcript.vtt").write_text("WEBVTT\n\n" + "\n".join(cues), "utf-8")


def one_round(page: Page, address: str, slow: bool) -> dict[str, float]:
    control = page.context.new_cdp_session(page)
    control.send("Emulation.setCPUThrottlingRate", {"rate": 4 if slow else 1})
    page.goto(address)
    page.wait_for_function("() => performance.getEntriesByName('cunshi-ready').length")
    opened = page.evaluate("performance.getEntriesByName('cunshi-ready')[0].startTime")
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    page.mouse.move(600, 500)
    for __ in range(60):
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(16)
    page.wait_for_timeout(500)
    tasks, gaps = page.evaluate("[tasks, gaps]")
    page.locator("#lines .text").nth(200).click()
    page.evaluate("document.getElementById('audio').pause()")
    typed = statistics.median(page.evaluate(TYPE))
    return {
        "opened": opened,
        "longest task": max(tasks, default=0),
        "longest frame": max(gaps),
        "a character": typed,
    }


def measure(browser: Browser, desk: OpenDesk, item: str, slow: bool) -> list[dict[str, float]]:
    found = []
    for __ in range(ROUNDS):
        context = desk.context(browser)
        page = context.new_page()
        length = LINES * STEP
        peaks = [(n * 37) % 128 for n in range(int(length * 50))]
        body = json.dumps({"rate": 50, "duration": length, "peaks": peaks})
        page.route("**/peaks", lambda route: route.fulfill(body=body))  # noqa: B023
        found.append(one_round(page, f"{desk.address}/edit/{item}", slow))
        context.close()
    return found


def report(results: dict[str, list[dict[str, float]]], version: str) -> str:
    rows = [
        f"| {label} | "
        + " | ".join(
            f"{statistics.median(r[name] for r in rounds):.0f} | {max(r[name] for r in rounds):.0f}"
            for name in ("opened", "longest task", "longest frame", "a character")
        )
        + " |"
        for label, rounds in results.items()
    ]
    return "\n".join(
        [
            "# The editor with 3 000 lines, measured",
            "",
            f"{date.today()} on {machine()}; Chromium {version}. "
            f"Made by `benchmarks/review_editor.py`; {ROUNDS} rounds, milliseconds.",
            "",
            "Opened: from the address to lines that can be typed into; the first of the rounds is "
            "the first time that the desk reads these lines. Then 60 turns of the wheel, 24 000 "
            "pixels: the longest task of the main thread (0: none over 50 ms) and the longest time "
            "between two frames, drawn without a graphics card. A character: from typing it to the "
            "end of the next frame.",
            "",
            "| browser | opened: median | most | longest task | most "
            "| longest frame | most | a character | most |",
            "|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project, item = long_talk(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium_path())
        with open_desk(project) as desk:
            results = {
                label: measure(browser, desk, item, slow)
                for label, slow in (("full speed", False), ("a quarter of the speed", True))
            }
        text = report(results, browser.version)
    (Path(__file__).parent / "review_editor.md").write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()

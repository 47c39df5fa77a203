"""Count the keys that correcting the sample drafts takes, and write review_keys.md beside this.

Run inside the environment: ``.venv/bin/python benchmarks/review_keys.py``. The same corrections of
the same drafts are made twice in Chromium, with real key presses: in the editor of the review desk,
and in a plain text field as in oTranscribe. How a volunteer works is a model, and the same model
on both sides; review_keys.md says which.
"""

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Page, sync_playwright
from pypinyin import lazy_pinyin
from workbench import ROOT, machine

from cunshi import cli
from cunshi.archive.project import Project
from support.desk import open_desk
from support.village import EPOCH, chromium_path, new_village, settle

REACTION = 1.0  # seconds from a wrong word's end until the sound is stopped
LOOKAHEAD = 3  # doubtful places that a volunteer passes over to get to the next error
SPOKEN = re.compile(r"[\w]")
PLAIN = "<!doctype html><meta charset=utf-8><div contenteditable id=field></div>"
PLACE = """() => {
  const s = getSelection(), node = s.focusNode
  const line = (node.nodeType === 3 ? node.parentElement : node).closest('#field > div, .text')
  const all = [...document.querySelectorAll('#field > div, .text')]
  const end = document.createRange()
  end.selectNodeContents(line)
  end.setEnd(s.getRangeAt(0).endContainer, s.getRangeAt(0).endOffset)
  return [all.indexOf(line), end.toString().length, s.toString().length]
}"""
# The sound runs on from there to where somebody has noticed and presses the key.
PLAY_TO = """async t => {
  audio.currentTime = Math.max(0, t - 2.5)
  audio.playbackRate = 1
  await audio.play()
  while (audio.currentTime < t && !audio.ended) await new Promise(done => setTimeout(done, 10))
}"""
LENGTH = "n => document.querySelectorAll('#field > div, .text')[n].textContent.length"
WORDS = """steps => {
  const s = getSelection(), [node, at] = [s.focusNode, s.focusOffset], found = []
  for (const way of ['forward', 'backward']) {
    s.collapse(node, at)
    for (let n = 1; n <= steps && s.focusNode === node; n++) {
      s.modify('move', way, 'word')
      if (s.focusNode === node) found.push([way, n, s.focusOffset])
    }
  }
  s.collapse(node, at)
  return found
}"""


@dataclass
class Fix:
    """In a line, characters become ``put``; ``heard``: when the last of them has been said."""

    line: int
    start: int
    end: int
    put: str
    heard: float = 0.0
    wrong: str = ""


@dataclass
class Counted:
    keys: Counter[str] = field(default_factory=Counter)

    def press(self, page: Page, kind: str, key: str, times: int = 1) -> None:
        """A chord counts its modifiers once however often the key in it is pressed."""
        if times:
            self.keys[kind] += key.count("+") + times
        for __ in range(times):
            page.keyboard.press(key)

    def write(self, page: Page, text: str) -> None:
        if text:
            self.keys["typing"] += sum(map(len, lazy_pinyin(text))) + 1
            page.keyboard.insert_text(text)


def must(holds: bool, what: object) -> None:
    """A count of corrections that did not come out right would be worth nothing."""
    if not holds:
        raise RuntimeError(what)


def fixes(lines: list[dict[str, Any]], said: str) -> list[Fix]:
    """What has to be done to the words of a draft; punctuation is let be, as it is not heard."""
    places = [
        (n, i)
        for n, line in enumerate(lines)
        for i, c in enumerate(line["text"])
        if SPOKEN.match(c)
    ]
    draft = "".join(lines[n]["text"][i] for n, i in places)
    wanted = "".join(filter(SPOKEN.match, said))
    found = []
    matcher = SequenceMatcher(None, draft, wanted, autojunk=False)
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind != "equal":
            found += list(in_lines(places, lines, a, a_end, wanted[b:b_end]))
    return found


def in_lines(
    places: list[tuple[int, int]], lines: list[dict[str, Any]], a: int, a_end: int, put: str
) -> Iterator[Fix]:
    """One correction, cut where it crosses a line; what is put goes to the first."""
    if a == a_end:
        line, at = (places[a - 1][0], places[a - 1][1] + 1) if a else (0, 0)
        yield Fix(line, at, at, put)
        return
    here = places[a:a_end]
    for n in dict.fromkeys(line for line, __ in here):
        at = [i for line, i in here if line == n]
        yield Fix(n, at[0], at[-1] + 1, put)
        put = ""


def way(page: Page, fix: Fix) -> tuple[int, list[tuple[str, int]]]:
    """The cheapest way by the arrow keys to the end of what is wrong, and what it costs.

    Up and down keep the column, as far as the line there is long enough.
    """
    line, at, __ = page.evaluate(PLACE)
    down = fix.line - line
    if down:
        length = page.evaluate(LENGTH, fix.line)
        keys = [("ArrowDown" if down > 0 else "ArrowUp", abs(down))]
        places: list[tuple[int, list[tuple[str, int]], int]] = [(0, [], min(at, length))]
    else:
        keys, length = [], page.evaluate(LENGTH, line)
        places = [(0, [], at)]
        for direction, n, place in page.evaluate(WORDS, 8):
            key = "Control+ArrowRight" if direction == "forward" else "Control+ArrowLeft"
            places.append((1 + n, [(key, n)], place))
    places += [(1, [("Home", 1)], 0), (1, [("End", 1)], length)]
    cost, more, place = min(places, key=lambda p: p[0] + abs(fix.end - p[2]))
    rest = fix.end - place
    arrows = [("ArrowRight" if rest > 0 else "ArrowLeft", abs(rest))]
    return abs(down) + cost + abs(rest), [*keys, *more, *arrows]


def go(page: Page, count: Counted, fix: Fix) -> None:
    """The caret to the end of what is wrong."""
    line, __, __ = page.evaluate(PLACE)
    if line != fix.line:
        # First up or down; what is best then is seen when the caret is there.
        keys = way(page, fix)[1][:1]
        count.press(page, "getting there", *keys[0])
    for key, times in way(page, fix)[1]:
        count.press(page, "getting there", key, times)
    found = page.evaluate(PLACE)
    must(found[:2] == [fix.line, fix.end], fix)


def correct(page: Page, count: Counted, fix: Fix) -> None:
    count.press(page, "deleting", "Backspace", fix.end - fix.start)
    count.write(page, fix.put)


def shifted(rest: list[Fix], done: Fix) -> None:
    """What is behind in the same line has moved."""
    by = len(done.put) - (done.end - done.start)
    for fix in rest:
        if fix.line == done.line and fix.start >= done.end:
            fix.start += by
            fix.end += by


def in_a_plain_field(page: Page, lines: list[dict[str, Any]], todo: list[Fix]) -> Counted:
    """oTranscribe: Esc stops and plays, the caret stays where the last correction was."""
    count = Counted()
    page.set_content(PLAIN)
    page.evaluate(
        """lines => {
            const field = document.getElementById('field')
            for (const text of lines) {
                const line = document.createElement('div')
                line.textContent = text
                field.append(line)
            }
            field.focus()
            getSelection().collapse(field.firstChild.firstChild, 0)
        }""",
        [line["text"] for line in lines],
    )
    count.press(page, "playing", "Escape")
    for fix in list(todo):
        count.press(page, "playing", "Escape")
        go(page, count, fix)
        correct(page, count, fix)
        todo.remove(fix)
        shifted(todo, fix)
        count.press(page, "playing", "Escape")
    return count


def in_the_editor(page: Page, todo: list[Fix]) -> Counted:
    """The desk: one key brings the caret to what is being said, another to the next tinted word."""
    count = Counted()
    page.evaluate("() => document.querySelector('.text').focus()")
    page.evaluate("() => getSelection().collapse(document.querySelector('.text').firstChild, 0)")
    count.press(page, "playing", "Escape")
    while todo:
        fix = todo.pop(0)
        if is_right(page, fix):
            continue
        page.evaluate(PLAY_TO, fix.heard + REACTION)
        count.press(page, "playing", "Escape")
        if not over_selection(page, count, fix) and not by_doubt(page, count, fix):
            go(page, count, fix)
            correct(page, count, fix)
        shifted(todo, fix)
        count.press(page, "playing", "Escape")
    page.evaluate("() => audio.pause()")
    return count


def text_of(page: Page, line: int) -> str:
    return str(page.evaluate("n => document.querySelectorAll('.text')[n].textContent", line))


def is_right(page: Page, fix: Fix) -> bool:
    """Whether a suggestion that was taken everywhere has put this right already."""
    return fix.wrong != "" and text_of(page, fix.line)[fix.start : fix.end] == fix.put


def over_selection(page: Page, count: Counted, fix: Fix, before: int = 0) -> bool:
    """Type over what is selected, if that is what is wrong and little else."""
    line, end, length = page.evaluate(PLACE)
    begin = end - length
    if line != fix.line or not begin <= fix.start or not fix.end <= end or not length:
        return False
    text = text_of(page, line)[begin:end]
    put = text[: fix.start - begin] + fix.put + text[fix.end - begin :]
    if len(put) > len(fix.put) + 1:
        return False
    count.keys["getting there"] += before
    replace(page, count, put)
    return True


def by_doubt(page: Page, count: Counted, fix: Fix) -> bool:
    """Correct a place that Alt+N leads to, if that is nearer than by the arrow keys."""
    line, at, __ = page.evaluate(PLACE)
    limit = way(page, fix)[0] + fix.end - fix.start
    for presses in range(1, LOOKAHEAD + 1):
        if 1 + presses >= limit:
            break
        page.keyboard.press("Alt+n")
        page.evaluate("() => audio.pause()")
        if over_selection(page, count, fix, 1 + presses):
            return True
    page.evaluate(
        """([n, at]) => {
            const text = document.querySelectorAll('.text')[n]
            text.focus()
            getSelection().collapse(text.firstChild, at)
        }""",
        [line, at],
    )
    return False


def replace(page: Page, count: Counted, put: str) -> None:
    """What is selected becomes something else: a suggestion, else what is typed over it."""
    there, end, length = page.evaluate(PLACE)
    suggested = page.evaluate(
        """n => [...document.querySelectorAll('.line')[n].querySelectorAll('.mark')]
            .map(mark => mark.textContent)""",
        there,
    )
    wrong = text_of(page, there)[end - length : end]
    if f"{wrong} → {put}？" in suggested:
        count.press(page, "typing", "Alt+o")
        return
    if put:
        count.write(page, put)
    else:
        count.press(page, "deleting", "Backspace")


def heard_times(page: Page, todo: list[Fix], lines: list[dict[str, Any]], view: Any) -> None:
    """When the last wrong character of each correction has been said, as the page works it out."""
    for fix in todo:
        line = lines[fix.line]
        fix.heard = page.evaluate(
            """async ([line, at, words, machine]) => {
                const { Heard, times } = await import('/static/editor/word_times.js')
                const heard = new Heard(words, machine).within(line.start, line.end)
                return times(line.text, heard, line.start, line.end).ends[Math.max(0, at - 1)]
            }""",
            [line, fix.end, view["words"], view["machine"]],
        )
        fix.wrong = line["text"][fix.start : fix.end]


def build(folder: Path) -> Project:
    """The sample village, taken in and transcribed with the embedded model."""
    project = new_village(folder / "village")
    shutil.copytree(ROOT / "recordings", project.recordings, dirs_exist_ok=True)
    for path in project.recordings.rglob("*"):
        settle(path)
    os.environ["SOURCE_DATE_EPOCH"] = EPOCH
    try:
        cli.main(["--root", str(project.root), "build"])
    except SystemExit as ended:
        must(not ended.code, ended)
    return project


def talks(project: Project) -> Iterator[tuple[str, str]]:
    """The ids of the talks with what is said in them."""
    reference = yaml.safe_load((ROOT / "tests/samples/reference.yml").read_text("utf-8"))
    said = {entry["title"]: entry["text"] for entry in reference if "title" in entry}
    for accession in project.accessions():
        title = project.read_recording(accession, []).description.title
        if title in said:
            yield accession.id, said[title]


def measure(project: Project) -> tuple[Counted, Counted, float, int, str]:
    plain, desk_keys, seconds, corrections = Counted(), Counted(), 0.0, 0
    with sync_playwright() as playwright, open_desk(project) as desk:
        browser = playwright.chromium.launch(executable_path=chromium_path())
        context = desk.context(browser)
        field_page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        for item, said in talks(project):
            view = context.request.get(f"{desk.address}/api/recordings/{item}").json()
            lines = view["segments"]
            page = context.new_page()
            page.goto(f"{desk.address}/edit/{item}")
            page.wait_for_function("() => performance.getEntriesByName('cunshi-ready').length")
            page.wait_for_function("() => CSS.highlights.get('cs-doubt').size > 0")
            page.evaluate("() => { audio.muted = true }")
            todo = fixes(lines, said)
            heard_times(page, todo, lines, view)
            seconds, corrections = seconds + view["duration"], corrections + len(todo)
            wanted = corrected(lines, todo)
            plain.keys += in_a_plain_field(field_page, lines, [Fix(**vars(f)) for f in todo]).keys
            must(written(field_page) == wanted, item)
            desk_keys.keys += in_the_editor(page, todo).keys
            must(written(page) == wanted, item)
            page.close()
        return plain, desk_keys, seconds, corrections, browser.version


def corrected(lines: list[dict[str, Any]], todo: list[Fix]) -> list[str]:
    texts = [line["text"] for line in lines]
    for fix in reversed(todo):
        texts[fix.line] = texts[fix.line][: fix.start] + fix.put + texts[fix.line][fix.end :]
    return texts


def written(page: Page) -> list[str]:
    texts: list[str] = page.locator("#field > div, #lines .text").all_text_contents()
    return [text.replace("\u00a0", " ") for text in texts]


KINDS = ("playing", "getting there", "deleting", "typing")


def report(found: tuple[Counted, Counted, float, int, str]) -> str:
    plain, desk_keys, seconds, corrections, chromium = found
    rows = []
    for label, counted in (("oTranscribe's way", plain), ("review desk", desk_keys)):
        numbers = [counted.keys[kind] for kind in KINDS]
        rows.append(f"| {label} | " + " | ".join(map(str, [*numbers, sum(numbers)])) + " |")
    less = 1 - sum(desk_keys.keys.values()) / sum(plain.keys.values())
    around = [sum(c.keys[k] for k in KINDS[:3]) for c in (plain, desk_keys)]
    return HEAD.format(
        today=date.today(),
        machine=machine(),
        chromium=chromium,
        pypinyin=version("pypinyin"),
        rows="\n".join(rows),
        minutes=seconds / 60,
        corrections=corrections,
        less=less,
        around=1 - around[1] / around[0],
        reaction=REACTION,
        lookahead=LOOKAHEAD,
    )


HEAD = """# Keys to correct the drafts of the samples, counted

{today} on {machine}; Chromium {chromium}, pypinyin {pypinyin}. Made by `benchmarks/review_keys.py`.

The drafts of the ten sample talks ({minutes:.1f} minutes, faster-whisper base) are corrected until their words are those
of the reference: {corrections} corrections, by keyboard alone, with real key presses in Chromium.

| | playing | getting there | deleting | typing | together |
|---|---|---|---|---|---|
{rows}

The desk takes {less:.0%} fewer keys in all, and {around:.0%} fewer without the typing, which is nearly the same everywhere.

## What is counted, and how a volunteer is modelled

- A key counts one, each held modifier one: Alt+N is two, Ctrl+→ three times is four. A Chinese character counts the
  letters of its pinyin, and each correction one more to choose among what the input method offers.
- Both sides hear all of a talk once. {reaction:g} second after a wrong word has been said the sound is stopped, and set
  going again after the correction: Esc and Esc, in both. Winding back is not counted in either.
- oTranscribe's way: a plain field of text with a paragraph a line. The caret stays where the last correction was and
  goes on by the cheapest of ↑ ↓ ← → Home End Ctrl+← Ctrl+→. Wrong characters go by Backspace. It is a model of that way
  of working in an empty page, not the program itself: oTranscribe has no drafts, marks or suggestions.
- The desk: Esc puts the caret where the sound was 0.8 seconds before, or selects a tinted word that was heard in the last
  two seconds. From there the cheapest of: typing over the selection; Alt+N, if one of the next {lookahead} tinted places is the
  wrong one, and typing over that; the same keys as on the other side. What the desk suggests and is right is taken
  with Alt+O, everywhere at once.
- What no count shows: a volunteer who moves with the mouse, hears a passage twice or overlooks a mistake. The voices of
  the samples are synthetic and their drafts good; in a worse draft typing outweighs the rest.
"""  # noqa: E501


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = report(measure(build(Path(folder))))
    (Path(__file__).parent / "review_keys.md").write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()

// Actions of keys and buttons on the current line. Each can be undone.

import { clock, el, tell } from "../shared/desk.js"
import { cutAt } from "./word_times.js"
import { accept, change, dismissed, merge, replaceAt, same, speakOn, split, startAt } from "./document.js"
import { isDoubtful, nextDoubt } from "./doubts.js"
import { ask, showKeys } from "./panels.js"
import { codePoints } from "./caret.js"
import { addWord } from "./glossary_dialog.js"

const BEFORE = 1.2 // seconds heard before a doubtful word
const UNCLEAR = "[听不清]"
const CHANGES = new Set(["split", "merge", "accept", "acceptAll", "unclear", "speaker", "startNow", "withhold", "gold", "settled", "undo", "redo", "replace", "word"])

/** The actions by their names in keys.js; `page` is the editor. */
export function actions(page) {
  const { sound, rows } = page
  const lines = () => page.lines()
  const here = () => page.index()
  const edit = (list, more) => list && page.edit(list, more)

  function goTo(index, play = true) {
    const next = lines()[index]
    if (!next) return tell(index < 0 ? "这是第一行" : "这是最后一行")
    const heardAlready = sound.playing && sound.time > next.start - 1 && sound.time < next.end
    rows.focus(rows.row(next.id))
    if (play && !heardAlready) sound.play(next.start)
    return page.follow(true)
  }

  function doubt(by, index = here(), at = page.caret(by < 0)) {
    const found = nextDoubt(lines(), index, at, by, page.heard, page.settled)
    if (!found) return tell(by > 0 ? "往下没有存疑的地方了" : "往上没有存疑的地方了")
    const { id, start } = lines()[found.index]
    const row = rows.row(id)
    rows.focus(row, found.at, found.at + found.length)
    const time = rows.timesOf(row).starts[codePoints(row.line.text, found.at)] ?? start
    sound.play(Math.max(start, time - BEFORE))
    return page.follow(true)
  }

  function cut() {
    const index = here()
    const { text, start, end } = lines()[index]
    const at = codePoints(text, page.caret())
    const list = split(lines(), index, at, cutAt(text, at, page.heard.within(start, end), start, end))
    if (!list) return tell("光标前后都要有字，才分得开")
    const before = new Set(lines().map(each => each.id))
    edit(list)
    return rows.focus(rows.row(list.find(each => !before.has(each.id)).id))
  }

  function join(index) {
    const list = merge(lines(), index)
    if (!list) return false
    const at = lines()[index].text.length
    edit(list)
    rows.focus(rows.row(list[index].id), at)
    return true
  }

  function put(text) {
    const index = here()
    const [from, to] = [page.caret(), page.caret(true)]
    const old = lines()[index].text
    edit(change(lines(), index, { text: old.slice(0, from) + text + old.slice(to) }))
    rows.focus(rows.row(lines()[index].id), from + text.length)
  }

  function suggestion() {
    const { text, suggested } = lines()[here()]
    const [from, to] = [page.caret(), page.caret(true)]
    const there = suggested.filter(pair => text.includes(pair.heard))
    return there.find(pair => text.slice(from, to) === pair.heard) ?? there[0]
  }

  function take(pair, all) {
    const index = here()
    if (!pair) return tell("这一行没有建议的词")
    const at = lines()[index].text.indexOf(pair.heard)
    edit(accept(lines(), pair, all ? null : index))
    const length = pair.term.length
    return rows.focus(rows.row(lines()[index].id), Math.max(0, at) + length)
  }

  function nextSpeaker() {
    const index = here()
    const names = ["", ...page.speakers()]
    const name = names[(names.indexOf(lines()[index].speaker) + 1) % names.length]
    edit(change(lines(), index, { speaker: name }))
    tell(name ? `这一行：${name}` : "这一行不写讲话人")
  }

  async function askSpeaker() {
    const index = here()
    const input = el("input", { list: "speakers", value: lines()[index].speaker, autocomplete: "off", "aria-label": "讲话人" })
    const list = el("datalist", { id: "speakers" }, page.speakers().map(name => el("option", { value: name })))
    const answer = await ask(`${clock(lines()[index].start)} 是谁在讲`, [input, list], [["", "不改了"], ["on", "从这一行往下都是"], ["one", "只有这一行", "main"]])
    const name = input.value.trim().replace(/[<>]/g, "")
    if (answer === "one") edit(change(lines(), index, { speaker: name }))
    if (answer === "on") edit(speakOn(lines(), index, name))
  }

  function settle() {
    const index = here()
    if (page.readOnly()) return
    edit(change(lines(), index, { flags: [], suggested: [] }))
    page.settled.add(lines()[index])
    rows.tint(rows.row(lines()[index].id))
    page.count()
    const next = lines()[index + 1]
    if (next) doubt(1, index + 1, 0)
    else tell("这是最后一行")
  }

  function toggle() {
    if (sound.playing) {
      sound.pause()
      return page.stopped()
    }
    const line = lines()[here()]
    const inText = line && rows.rowOf(document.activeElement)
    if (!inText || (sound.time >= line.start - 0.1 && sound.time < line.end - 0.05)) return sound.play()
    return sound.play(page.timeAt(line.id, page.caret() >= line.text.length ? 0 : page.caret()))
  }

  async function word() {
    const index = here()
    const chosen = lines()[index].text.slice(page.caret(), page.caret(true))
    const added = await addWord(chosen)
    if (added && added.heard && added.heard !== added.term && lines().some(each => each.text.includes(added.heard))) page.finding.open(added.heard, added.term)
  }

  const mark = name => edit(change(lines(), here(), { [name]: !lines()[here()][name] }))
  const found = {
    toggle,
    back: () => sound.step(-2),
    ahead: () => sound.step(2),
    again: () => sound.play(lines()[here()]?.start),
    slower: () => sound.faster(-1),
    faster: () => sound.faster(1),
    follow: () => page.catchUp(),
    nextLine: () => goTo(here() + 1),
    previousLine: () => goTo(here() - 1),
    nextDoubt: () => doubt(1, here(), page.caret(true)),
    previousDoubt: () => doubt(-1),
    settled: settle,
    split: cut,
    merge: () => join(here()) || tell("这是最后一行"),
    accept: () => take(suggestion(), false),
    acceptAll: () => take(suggestion(), true),
    unclear: () => put(UNCLEAR),
    speaker: nextSpeaker,
    startNow: () => edit(startAt(lines(), here(), sound.time)),
    withhold: () => mark("withheld"),
    gold: () => mark("golden"),
    undo: () => page.undone(true),
    redo: () => page.undone(false),
    find: () => page.finding.open(page.selected()),
    replace: () => page.finding.openReplace(page.selected()),
    word,
    save: () => page.save(),
    approve: () => page.approve(),
    help: () => showKeys(),
    askSpeaker,
  }
  return {
    /** Run an action; returns false if it does not apply. */
    act(name) {
      if (CHANGES.has(name) && page.readOnly()) return tell("已经定稿。要改，先点“继续校对”。")
      if (CHANGES.has(name) && !lines().length && !["undo", "redo"].includes(name)) return false
      return found[name]()
    },
    join,
    /** Actions of the buttons below a line. */
    pick(index, pair, kind) {
      const each = lines()[index]
      if (kind === "accept") return edit(accept(lines(), pair, index))
      if (kind === "dismiss") return edit(lines().map((one, n) => (n === index ? dismissed(one, pair) : one)))
      const at = each.text.indexOf(pair.term)
      const text = replaceAt(lines(), [{ index, at }], pair.term, pair.heard)
      return edit(change(text, index, { replaced: each.replaced.filter(other => !same(other, pair)) }))
    },
    doubtful: () => lines().filter(isDoubtful).length,
  }
}

// Earlier versions: the machine's draft, later revisions, and restoring one.

import { api, clock, el, reason, since, tell } from "../shared/desk.js"
import { line } from "./document.js"
import { both, changes, joined } from "./merge.js"
import { ask } from "./panels.js"
import { changes as characterChanges } from "./word_times.js"

/** Show a difference: deleted text struck out, inserted text underlined. */
export function shown(before, after) {
  return characterChanges(before, after).map(([kind, text]) => el(kind === "same" ? "span" : kind === "out" ? "del" : "ins", {}, text))
}

/** Show the machine's draft under each visible row, if it is different. */
export class Compare {
  constructor(rows, heard) {
    Object.assign(this, { _rows: rows, _heard: heard, on: false })
  }

  toggle() {
    this.on = !this.on
    for (const each of this._rows.lines) this.update(this._rows.row(each.id))
  }

  update(row) {
    const { text, start, end } = row.line
    const draft = this.on && row.near ? this._heard.within(start, end).map(each => each.char).join("") : text
    if (draft === text) {
      row.compare?.remove()
      row.compare = null
      return
    }
    if (!row.compare) (row.second ?? row.text).after((row.compare = el("p", { class: "compare" })))
    const said = draft ? shown(draft, text) : [el("span", { class: "soft" }, "机器在这里没有听出字")]
    row.compare.replaceChildren(el("span", { class: "soft" }, "机器："), ...said)
  }
}

/** The list of versions; `page` has id, lines(), base(), flush(), restore(number). */
export async function showHistory(page) {
  try {
    await page.flush()
    const { revisions } = await api(`/api/recordings/${page.id}/history`)
    const list = el("ol", { class: "plain versions" }, revisions.map(each => version(each, page)))
    const yesterday = el("button", { type: "button", onclick: () => sinceYesterday(revisions, page) }, "昨天以来改了什么")
    const content = revisions.length ? [el("p", {}, yesterday), list] : [el("p", {}, "还没有人改过。")]
    await ask("修改记录", content, [["", "关上", "main"]], { wide: true })
  } catch (error) {
    tell(reason(error), "bad")
  }
}

function version(each, page) {
  const look = el("button", { type: "button", onclick: () => showChange(each, page) }, "改了什么")
  const count = each.changed ? `，${each.changed} 行` : ""
  return el("li", { class: "row" }, el("span", { class: "grow" }, `${each.who || "程序"}，${since(each.time)}，${each.what}${count}`), look)
}

async function sinceYesterday(revisions, page) {
  const now = new Date()
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate())
  const before = revisions.find(each => new Date(each.time) < midnight) ?? revisions.at(-1)
  await showChange(before, page)
}

async function showChange(each, page) {
  try {
    const { segments } = await api(`/api/recordings/${page.id}/history/${each.revision}`)
    const content = changedLines(segments.map(one => line(one, 0)), page.lines())
    const buttons = [["", "关上", "main"], ...(page.readOnly() ? [] : [["restore", "恢复到这一版"]])]
    const title = `${since(each.time)}那一版，和现在比`
    if (await ask(title, content, buttons, { wide: true }) === "restore") await page.restore(each.revision)
  } catch (error) {
    tell(reason(error), "bad")
  }
}

function changedLines(before, after) {
  const found = changes(before, after).flatMap(({ first: from, last, lines: now }) => {
    const old = before.slice(from, last)
    const text = list => list.map(each => each.text).join("\n")
    const same = text(old) === text(now)
    const first = now[0] ?? old[0]
    return [el("li", {}, el("span", { class: "soft" }, clock(first.start), " "), same ? [text(now), el("span", { class: "soft" }, "（时间、讲话人或记号）")] : shown(text(old), text(now)))]
  })
  return found.length ? [el("p", { class: "soft" }, `${found.length} 处不同。划掉的是那时的，加线的是现在的。`), el("ol", { class: "plain diff" }, found)] : [el("p", {}, "一样，没有改过。")]
}

/**
 * Ask about the conflicts among `parts` of mergeParts. Nothing is lost whatever is chosen first:
 * both are kept unless somebody decides. Null if cancelled.
 */
export async function askConflict({ parts, who, time }, parent = ask) {
  const choices = new Map()
  const questions = parts.filter(part => !part.lines).map((part, n) => question(part, n, who || "别人", choices))
  const when = time ? `（${since(time)}）` : ""
  const intro = el("p", {}, `${who || "别人"}${when}和您改了同一处。请选一选；别的地方已经合在一起了。`)
  const answer = await parent(`有 ${questions.length} 处两边不一样`, [intro, ...questions], [["", "以后再说"], ["ok", "就这样", "main"]], { wide: true })
  if (answer !== "ok") return null
  return joined(parts.map(part => ({ lines: part.lines ?? chosen(part, choices.get(part)()) })))
}

function chosen(part, which) {
  return which === "both" ? both(part) : part[which]
}

function question(part, n, who, choices) {
  const { base, ours, theirs } = part
  const text = list => list.map(described).join("\n") || "（没有这一行了）"
  const isOneLine = [base, ours, theirs].every(list => list.length === 1)
  const isRetimed = isOneLine && [ours, theirs].some(side => times(side) !== times(base))
  const name = `choice-${n}`
  const option = (value, label, list, content, checked) =>
    el("label", { class: "option" }, el("input", { type: "radio", name, value, checked }),
      el("span", {}, el("strong", {}, label), el("span", { class: "lines" }, isRetimed ? times(list) : "", content)))
  const kept = both(part)
  const box = el("fieldset", {}, el("legend", {}, clock((ours[0] ?? theirs[0] ?? base[0]).start)),
    el("p", { class: "soft lines" }, "原来：", isRetimed ? times(base) : "", text(base)),
    option("ours", "用我的", ours, shown(text(base), text(ours))),
    option("theirs", `用${who}的`, theirs, shown(text(base), text(theirs))),
    option("both", "两个都留下，等会儿再改", kept, text(kept), true))
  choices.set(part, () => box.querySelector("input:checked").value)
  return box
}

function times([{ start, end }]) {
  return `${start.toFixed(1)}–${end.toFixed(1)} 秒 `
}

/** Describe all fields of a line but its times in words. */
function described({ speaker, text, mandarin, withheld, golden }) {
  const meaning = mandarin ? `\n普通话：${mandarin}` : ""
  return `${speaker ? `${speaker}：` : ""}${text}${withheld ? "（不公开）" : ""}${golden ? "（金句）" : ""}${meaning}`
}

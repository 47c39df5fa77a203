// The lines on the screen. A row's text is a plain text node that is only changed when its text
// changes; marks and the current word are CSS Custom Highlights, so
// that no mark moves the caret or disturbs an input method. Rows far away are not laid out.

import { clock, el } from "../shared/desk.js"
import { charAt, isPunctuation, times, wordAt } from "./word_times.js"
import { caret, caretLeft, put, range, setCaret } from "./caret.js"
import { tidy } from "./document.js"
import { everywhere, Paint } from "./highlights.js"

export const DOUBTFUL = 0.5 // probability below which a word is tinted
const LOW = 0.3

export class Rows {
  /** `page` has: heard, readOnly(), typed(id, text, name), click(id, index, event), hear(id), pick(id, pair, kind). */
  constructor(list, scroller, page) {
    Object.assign(this, { _list: list, _scroller: scroller, _page: page, _rows: new Map(), lines: [], mandarin: false })
    this.composing = null // the element in which an input method is at work
    this._paint = new Paint()
    this._near = new IntersectionObserver(found => found.forEach(each => this._seen(each)), { root: scroller, rootMargin: "400px 0px" })
    this._listen()
  }

  _listen() {
    const on = (name, act) => this._list.addEventListener(name, act)
    on("compositionstart", event => { this.composing = event.target })
    on("compositionend", event => {
      this.composing = null
      this._read(event.target)
    })
    on("input", event => { if (!event.isComposing) this._read(event.target) })
    on("beforeinput", event => {
      if (["insertParagraph", "insertLineBreak", "historyUndo", "historyRedo", "deleteByDrag", "insertFromDrop"].includes(event.inputType)) event.preventDefault()
    })
    on("click", event => this._clicked(event))
    on("paste", event => {
      event.preventDefault()
      document.execCommand("insertText", false, tidy(event.clipboardData.getData("text/plain").trim()))
    })
  }

  _clicked(event) {
    const row = this.rowOf(event.target)
    if (!row) return
    if (event.target.closest(".time")) this._page.hear(row.line.id)
    else if (event.target.closest(".text") && getSelection().isCollapsed) this._page.click(row.line.id, caret(row.text), event)
  }

  /** The row that contains an element. */
  rowOf(element) {
    return this._rows.get(Number(element?.closest?.(".line")?.dataset.id))
  }

  row(id) {
    return this._rows.get(id)
  }

  index(id) {
    return this.lines.findIndex(each => each.id === id)
  }

  _read(element) {
    const row = this.rowOf(element)
    if (!row) return
    const name = element.classList.contains("mandarin") ? "mandarin" : "text"
    const text = tidy(element.textContent)
    if (element.childNodes.length > 1 || text !== element.textContent) {
      const at = caret(element)
      element.textContent = text
      setCaret(element, Math.min(at, text.length))
    }
    this._page.typed(row.line.id, text, name)
  }

  /** Show lines; rows of unchanged lines are kept. */
  show(lines) {
    const wanted = new Set(lines.map(each => each.id))
    for (const [id, row] of this._rows) if (!wanted.has(id)) this._drop(id, row)
    let place = this._list.firstElementChild
    let speaker = ""
    for (const each of lines) {
      let row = this._rows.get(each.id)
      if (!row) this._rows.set(each.id, (row = this._made(each)))
      if (row.item === place) place = place.nextElementSibling
      else this._list.insertBefore(row.item, place)
      const shown = each.speaker !== speaker ? each.speaker : ""
      if (row.line !== each || row.shown !== shown) this._fill(row, each, shown)
      speaker = each.speaker
    }
    this.lines = lines
  }

  _drop(id, row) {
    this._near.unobserve(row.item)
    this._paint.clear(row)
    row.item.remove()
    this._rows.delete(id)
  }

  _made(each) {
    const text = el("div", { class: "text", role: "textbox", tabindex: "-1", spellcheck: "false" })
    const time = el("button", { class: "time", tabindex: "-1", type: "button" })
    const item = el("li", { class: "line", "data-id": String(each.id) }, time, text)
    const row = { item, time, text, line: null, shown: null, near: false }
    this._editable(row)
    this._near.observe(item)
    return row
  }

  _editable(row) {
    for (const element of [row.text, row.second]) {
      if (!element) continue
      const open = !this._page.readOnly()
      element.setAttribute("contenteditable", open ? "plaintext-only" : "false")
      element.setAttribute("aria-readonly", String(!open))
      if (open && element.contentEditable !== "plaintext-only") element.setAttribute("contenteditable", "true")
    }
  }

  /** Update all rows. */
  refresh() {
    for (const row of this._rows.values()) {
      this._editable(row)
      this._second(row)
    }
  }

  _fill(row, each, shown) {
    const { item, time, text } = row
    const { id, start } = row.line ?? {}
    row.line = each
    row.times = null
    if (text !== this.composing && text.textContent !== each.text) put(text, each.text)
    if (each.start !== start || id === undefined) time.textContent = clock(each.start)
    item.classList.toggle("withheld", each.withheld)
    item.classList.toggle("golden", each.golden)
    item.classList.toggle("doubted", each.flags.length > 0)
    this._who(row, shown)
    this._second(row)
    this._marks(row)
    const label = [clock(each.start), each.speaker, ...marksOf(each)].filter(Boolean).join("，")
    text.setAttribute("aria-label", label)
    time.setAttribute("aria-label", `听 ${clock(each.start)} 这一行`)
    if (!row.near) return
    this.tint(row)
    this.onNear?.(row)
  }

  _who(row, shown) {
    row.shown = shown
    if (shown && !row.who) row.text.before((row.who = el("p", { class: "who" })))
    if (!shown && row.who) {
      row.who.remove()
      row.who = null
    }
    if (row.who) row.who.textContent = shown
  }

  _second(row) {
    const wanted = this.mandarin || row.line.mandarin
    if (wanted && !row.second) {
      row.second = el("div", { class: "mandarin", role: "textbox", tabindex: "-1", spellcheck: "false", "aria-label": "普通话", "data-hint": "普通话的意思" })
      row.text.after(row.second)
      this._editable(row)
    }
    if (!wanted && row.second && row.second !== document.activeElement) {
      row.second.remove()
      row.second = null
    }
    if (row.second && row.second !== this.composing && row.second.textContent !== row.line.mandarin) put(row.second, row.line.mandarin)
  }

  _marks(row) {
    const { line } = row
    const badges = marksOf(line).map(text => el("span", { class: text.startsWith("存疑") ? "mark doubt" : text.startsWith("金") ? "mark gold" : "mark" }, text))
    const pick = (pair, kind, text, hint) => el("button", { class: kind === "revert" ? "mark was" : "mark", type: "button", tabindex: "-1", title: hint, onclick: () => this._page.pick(line.id, pair, kind) }, text)
    if (!this._page.readOnly()) {
      for (const pair of line.suggested) badges.push(pick(pair, "accept", `${pair.heard} → ${pair.term}？`, "采用这个词（Alt+Y）"), pick(pair, "dismiss", "不是", `不是“${pair.term}”`))
      for (const pair of line.replaced) if (line.text.includes(pair.term)) badges.push(pick(pair, "revert", `已改：${pair.heard}→${pair.term}`, "程序按词语本改的。不对，点一下改回去"))
    }
    if (!badges.length) {
      row.marks?.remove()
      row.marks = null
      return
    }
    if (!row.marks) (row.compare ?? row.second ?? row.text).after((row.marks = el("p", { class: "marks" })))
    row.marks.replaceChildren(...badges.flatMap(badge => [badge, " "]))
  }

  /** Recompute times and highlights after the machine's words are loaded. */
  relearn() {
    for (const row of this._rows.values()) {
      row.times = null
      if (!row.near) continue
      this.tint(row)
      this.onNear?.(row)
    }
  }

  // -- what is painted over the text

  _seen({ target, isIntersecting }) {
    const row = this._rows.get(Number(target.dataset.id))
    if (!row) return
    row.near = isIntersecting
    if (isIntersecting) this.tint(row)
    else this._paint.clear(row)
    this.onNear?.(row)
  }

  /** The times of the characters of a row. */
  timesOf(row) {
    const { text, start, end } = row.line
    return (row.times ??= times(text, this._page.heard.within(start, end), start, end))
  }

  tint(row) {
    const found = this.timesOf(row)
    const chars = [...row.line.text]
    const areas = { doubt: [], low: [], suggest: [], unclear: [] }
    for (let n = 0; n < chars.length; n++) {
      if (!found.same[n] || found.chances[n] >= DOUBTFUL || this._page.settled.has(row.line) || isPunctuation(chars[n])) continue
      const [, to] = wordAt(chars, found, n)
      areas[found.chances[n] < LOW ? "low" : "doubt"].push([n, to])
      n = to - 1
    }
    for (const { heard } of row.line.suggested) everywhere(row.line.text, heard, areas.suggest)
    everywhere(row.line.text, "[听不清]", areas.unclear)
    this._paint.set(row, areas)
  }

  /** Highlight the word at a time, or nothing. */
  say(row, time) {
    if (!row) return this._paint.say(null)
    const found = this.timesOf(row)
    const at = charAt(found, time)
    if (at < 0 || time > found.ends[at] + 0.25) return this._paint.say(null)
    const chars = [...row.line.text]
    return isPunctuation(chars[at]) ? undefined : this._paint.say(row, wordAt(chars, found, at))
  }

  /** Highlight places: [{id, at, length}]. */
  mark(found) {
    this._paint.found(found.map(({ id, at, length }) => range(this._rows.get(id)?.text, at, at + length)).filter(Boolean))
  }

  // -- places

  /** Scroll a row into view; `calm` scrolls smoothly unless reduced motion is preferred. */
  bring(row, calm = true) {
    const [outer, inner] = [this._scroller.getBoundingClientRect(), row.item.getBoundingClientRect()]
    const [top, bottom] = [outer.top + outer.height * 0.12, outer.bottom - outer.height * 0.25]
    if (inner.top >= top && inner.bottom <= bottom) return
    const far = Math.abs(inner.top - outer.top) > 2 * outer.height
    const still = far || !calm || matchMedia("(prefers-reduced-motion: reduce)").matches
    row.item.scrollIntoView({ block: "center", behavior: still ? "instant" : "smooth" })
    // Rows that were not laid out yet have estimated heights.
    if (far) requestAnimationFrame(() => row.item.scrollIntoView({ block: "center", behavior: "instant" }))
  }

  /** Go to a row: set the caret at a UTF-16 offset, or select a range. */
  focus(row, from = 0, to = from) {
    row.text.focus({ preventScroll: true })
    setCaret(row.text, from, to)
    this.bring(row)
  }

  /** Check whether the caret is in the first or last visual line of its row. */
  atEdge(row, up) {
    const here = getSelection().rangeCount && getSelection().getRangeAt(0).cloneRange()
    if (!here) return true
    here.collapse(up)
    const spot = here.getClientRects()[0]
    if (!spot) return true
    const box = row.text.getBoundingClientRect()
    return up ? spot.top - spot.height * 0.7 < box.top : spot.bottom + spot.height * 0.7 > box.bottom
  }

  /** Move to the row above or below, at the same horizontal position. */
  step(row, up) {
    const next = up ? row.item.previousElementSibling : row.item.nextElementSibling
    const other = next && this._rows.get(Number(next.dataset.id))
    if (!other) return false
    const x = caretLeft() ?? row.text.getBoundingClientRect().left
    this.focus(other, up ? other.line.text.length : 0)
    const box = other.text.getBoundingClientRect()
    const spot = document.caretPositionFromPoint?.(x, up ? box.bottom - 6 : box.top + 6)
    if (spot && other.text.contains(spot.offsetNode)) setCaret(other.text, spot.offset)
    return true
  }
}

function marksOf(line) {
  return [
    line.flags.length && `存疑：${line.flags.map(flag => flag.reason).join("；")}`,
    line.withheld && "不公开",
    line.golden && "金句",
  ].filter(Boolean)
}

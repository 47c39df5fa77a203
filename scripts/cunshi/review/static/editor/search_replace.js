// Find and replace in the recording, with each occurrence shown before it is changed.

import { clock, el } from "../shared/desk.js"
import { places, replaceAt } from "./document.js"

const AROUND = 12 // characters of context on each side

export class Finding {
  /** `page` has: lines(), edit(list), go(index, at, length), mark(places), readOnly(), left(). */
  constructor(place, page) {
    this._place = place
    this._page = page
    this._build()
  }

  get isOpen() {
    return !this._place.hidden
  }

  _build() {
    this._wanted = el("input", { type: "text", "aria-label": "查找", placeholder: "查找", oninput: () => this.again() })
    this._put = el("input", { type: "text", "aria-label": "换成", placeholder: "换成" , oninput: () => this.again() })
    this._said = el("span", { class: "soft", role: "status" })
    this._list = el("ol", { class: "plain found" })
    this._change = el("button", { type: "button", class: "main", onclick: () => this._replace() }, "替换选中的")
    const close = el("button", { type: "button", onclick: () => this.close() }, "关上")
    const keys = event => {
      if (event.isComposing) return
      if (event.key === "Enter") this._step(event.shiftKey ? -1 : 1)
      if (event.key === "Escape") this.close()
      if (event.key === "Enter" || event.key === "Escape") event.preventDefault(), event.stopPropagation()
    }
    for (const field of [this._wanted, this._put]) field.addEventListener("keydown", keys)
    const other = el("button", { type: "button", onclick: () => this._tickAll() }, "全选／全不选")
    this._place.append(el("div", { class: "row" }, this._wanted, this._put, this._said, this._change, other, close), this._list)
  }

  /** Open with a text to find and its replacement. */
  open(wanted = "", put = "", focus = this._wanted) {
    this._place.hidden = false
    if (wanted) this._wanted.value = wanted
    if (put) this._put.value = put
    for (const element of [this._put, this._change]) element.hidden = this._page.readOnly()
    this.again()
    focus.focus()
    focus.select()
  }

  openReplace(wanted) {
    this.open(wanted, "", wanted ? this._put : this._wanted)
  }

  close() {
    this._place.hidden = true
    this._page.mark([])
    this._page.left()
  }

  /** Search again after a change of the lines or the query. */
  again() {
    if (!this.isOpen) return
    const [lines, wanted] = [this._page.lines(), this._wanted.value]
    const left = new Set(this._places?.filter(each => each.wanted === wanted && !each.tick.checked).map(each => `${lines[each.index]?.id} ${each.at}`))
    this._places = places(lines, wanted).map(each => ({ ...each, wanted, id: lines[each.index].id }))
    this._at = -1
    for (const each of this._places) each.tick = el("input", { type: "checkbox", checked: !left.has(`${each.id} ${each.at}`), "aria-label": `替换 ${clock(lines[each.index].start)} 的这一处` })
    this._list.replaceChildren(...this._places.slice(0, 300).map(each => this._row(each, lines[each.index])))
    this._said.textContent = wanted ? (this._places.length ? `${this._places.length} 处` : "没有找到") : ""
    this._change.disabled = !this._places.length || this._put.value === wanted
    this._page.mark(this._places.map(({ id, at }) => ({ id, at, length: wanted.length })))
  }

  _row(each, { text, start }) {
    const [wanted, put] = [this._wanted.value, this._put.value]
    const before = text.slice(Math.max(0, each.at - AROUND), each.at)
    const after = text.slice(each.at + wanted.length, each.at + wanted.length + AROUND)
    const change = put && !this._page.readOnly() ? [el("del", {}, wanted), el("ins", {}, put)] : [el("mark", {}, wanted)]
    return el("li", {}, el("label", {}, this._page.readOnly() ? "" : each.tick, " ", el("span", {}, before, change, after)), el("button", { type: "button", class: "quiet", onclick: () => this._page.go(each.index, each.at, wanted.length) }, clock(start)))
  }

  _step(by) {
    if (!this._places?.length) return
    this._at = (this._at + by + this._places.length) % this._places.length
    const { index, at } = this._places[this._at]
    this._page.go(index, at, this._wanted.value.length, false)
  }

  _tickAll() {
    const all = this._places.every(each => each.tick.checked)
    for (const each of this._places) each.tick.checked = !all
  }

  _replace() {
    const chosen = this._places.filter(each => each.tick.checked)
    if (!chosen.length) return
    this._page.edit(replaceAt(this._page.lines(), chosen, this._wanted.value, this._put.value))
    this.again()
    this._said.textContent = `换了 ${chosen.length} 处（Ctrl+Z 撤销）`
  }
}

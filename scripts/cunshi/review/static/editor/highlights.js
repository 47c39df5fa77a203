// CSS Custom Highlights over the text of rows.

import { codePoints, range, units } from "./caret.js"

/** Append every occurrence of a text in a line to `areas` as [from, to). */
export function everywhere(text, wanted, areas) {
  if (!wanted) return
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    areas.push([codePoints(text, at), codePoints(text, at + wanted.length)])
  }
}

/** Highlights; browsers without them still show the marks below the lines. */
export class Paint {
  constructor() {
    this._layers = new Map()
    this._said = ""
    if (!("highlights" in CSS)) return
    for (const [name, priority] of [["doubt", 0], ["low", 0], ["suggest", 1], ["unclear", 1], ["found", 2], ["said", 3]]) {
      const layer = new Highlight()
      layer.priority = priority
      this._layers.set(name, layer)
      CSS.highlights.set(`cs-${name}`, layer)
    }
  }

  clear(row) {
    for (const [name, found] of row.painted ?? []) this._layers.get(name)?.delete(found)
    row.painted = []
  }

  set(row, areas) {
    this.clear(row)
    const at = units(row.line.text)
    for (const [name, list] of Object.entries(areas)) {
      for (const [from, to] of list) {
        const found = range(row.text, at[from], at[to])
        if (!found || !this._layers.has(name)) continue
        this._layers.get(name).add(found)
        row.painted.push([name, found])
      }
    }
  }

  say(row, area) {
    const key = row ? `${row.line.id} ${area}` : ""
    if (key === this._said) return
    this._said = key
    const layer = this._layers.get("said")
    layer?.clear()
    const at = row && units(row.line.text)
    const found = row && range(row.text, at[area[0]], at[area[1]])
    if (found) layer?.add(found)
  }

  found(ranges) {
    const layer = this._layers.get("found")
    layer?.clear()
    for (const each of ranges) layer?.add(each)
  }
}

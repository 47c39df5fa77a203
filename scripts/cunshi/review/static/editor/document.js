// Operations on the lines of a transcript. Lines are immutable and only replaced;
// each has an `id` of this page by which its row is found. Pure.

const SHORTEST = 0.05 // seconds of a line that has been split off or dragged
const TOUCH = 0.05 // lines nearer than this share their edge
const BREATH = 0.3 // seconds
const FIELDS = ["start", "end", "text", "speaker", "mandarin", "flags", "replaced", "suggested", "withheld", "golden"]
let last = 0

/** Convert a line of the API to one of this page; an existing `id` keeps its row. */
export function line(data, id = ++last) {
  return {
    id,
    start: data.start,
    end: data.end,
    text: data.text ?? "",
    speaker: data.speaker ?? "",
    mandarin: data.mandarin ?? "",
    flags: data.flags ?? [],
    replaced: data.replaced ?? [],
    suggested: data.suggested ?? [],
    withheld: Boolean(data.withheld),
    golden: Boolean(data.golden),
  }
}

/** Convert a line to one of the API. */
export function plain(found) {
  return Object.fromEntries(FIELDS.map(name => [name, found[name]]))
}

export function isSame(a, b, names = FIELDS) {
  return names.every(name => same(a[name], b[name]))
}

export function same(a, b) {
  return a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b))
}

/** Normalise text to one trimmed line. */
export function tidy(text) {
  return text.replace(/\s*\n\s*/g, " ").replace(/\u00a0/g, " ")
}

const replaced = (list, from, count, ...lines) => [...list.slice(0, from), ...lines, ...list.slice(from + count)]
const ms = seconds => Math.round(seconds * 1000) / 1000

/** Sort lines by start; simultaneous speakers may be swapped. */
export function inOrder(list) {
  return list.every((each, n) => !n || list[n - 1].start <= each.start) ? list : [...list].sort((a, b) => a.start - b.start)
}

export function change(list, index, values) {
  const before = list[index]
  const after = { ...before, ...values }
  return isSame(before, after) ? list : replaced(list, index, 1, after)
}

/** Split a line before a character at a time; null if one half would be empty. */
export function split(list, index, at, time) {
  const whole = list[index]
  const chars = [...whole.text]
  const [left, right] = [chars.slice(0, at).join("").trimEnd(), chars.slice(at).join("").trimStart()]
  if (!left || !right || whole.end - whole.start < 2 * SHORTEST) return null
  const cut = ms(Math.min(Math.max(time, whole.start + SHORTEST), whole.end - SHORTEST))
  const said = pair => left.includes(pair.heard) || left.includes(pair.term)
  const first = { ...whole, end: cut, text: left, replaced: whole.replaced.filter(said), suggested: whole.suggested.filter(p => left.includes(p.heard)) }
  const second = line({
    ...whole, start: cut, text: right, mandarin: "",
    replaced: whole.replaced.filter(p => right.includes(p.term)),
    suggested: whole.suggested.filter(p => right.includes(p.heard)),
  })
  return inOrder(replaced(list, index, 1, first, second))
}

/** Join a line with the next, covering the time of both; null for the last. */
export function merge(list, index) {
  const [a, b] = [list[index], list[index + 1]]
  if (!a || !b) return null
  const both = name => [...a[name], ...b[name].filter(each => !a[name].some(other => same(each, other)))]
  return inOrder(replaced(list, index, 2, {
    ...a,
    start: Math.min(a.start, b.start),
    end: Math.max(a.end, b.end),
    text: joined(a.text, b.text),
    mandarin: joined(a.mandarin, b.mandarin),
    speaker: a.speaker || b.speaker,
    flags: both("flags"),
    replaced: both("replaced"),
    suggested: both("suggested"),
    // Withheld speech stays withheld.
    withheld: a.withheld || b.withheld,
    golden: a.golden || b.golden,
  }))
}

export function joined(a, b) {
  const letters = /[\p{Script=Latin}\p{N}]$/u.test(a) && /^[\p{Script=Latin}\p{N}]/u.test(b)
  return letters ? `${a} ${b}` : a + b
}

/** The line at a time, including a short pause after it; null in silence. */
export function lineAt(list, time) {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (list[middle].start <= time) low = middle + 1
    else high = middle
  }
  const found = list[low - 1]
  return found && time < found.end + BREATH ? found : null
}

/** The range within which the edges of a line may be moved. */
export function room(list, index) {
  const { start, end } = list[index]
  return {
    from: Math.min(start, list[index - 1]?.end ?? 0),
    to: Math.max(end, list[index + 1]?.start ?? Infinity),
  }
}

/** Move the edges of a line within that range. */
export function retime(list, index, start, end, duration = Infinity) {
  const { from, to } = room(list, index)
  const begin = Math.min(Math.max(start, from, 0), Math.max(end - SHORTEST, 0))
  const finish = Math.max(Math.min(end, to, Math.max(duration, list[index].end)), begin + SHORTEST)
  return inOrder(change(list, index, { start: ms(begin), end: ms(finish) }))
}

/** Set the start of a line; the end of an adjacent previous line moves with it, so that no time is lost. */
export function startAt(list, index, time) {
  const [before, here] = [list[index - 1], list[index]]
  const touches = before && Math.abs(here.start - before.end) < TOUCH
  const overlaps = before && !touches && here.start < before.end
  const earliest = overlaps ? before.start : touches ? before.start + SHORTEST : (before?.end ?? 0)
  const start = ms(Math.min(Math.max(time, Math.min(earliest, here.start), 0), here.end - SHORTEST))
  const moved = change(list, index, { start })
  return inOrder(touches && moved !== list ? change(moved, index - 1, { end: ms(Math.max(start, before.start + SHORTEST)) }) : moved)
}

/** Remove empty lines and give their time to a neighbour, so that no time is lost. */
export function withoutEmpty(list, spared = null) {
  let found = list
  for (let n = 0; n < found.length; ) {
    const empty = !found[n].text.trim() && found[n].id !== spared
    if (!empty || found.length === 1) n++
    else if (n) found = absorbed(found, n - 1, found[n], n)
    else found = absorbed(found, 1, found[0], 0)
  }
  return found
}

function absorbed(list, heir, gone, at) {
  const grown = change(list, heir, {
    start: Math.min(list[heir].start, gone.start),
    end: Math.max(list[heir].end, gone.end),
    withheld: list[heir].withheld || gone.withheld,
  })
  return inOrder(replaced(grown, at, 1))
}

/** Replace recognised text by a term: once in one line, or everywhere in all lines. */
export function accept(list, pair, index = null) {
  return list.map((each, n) => {
    const wanted = index === null ? each.text.includes(pair.heard) : n === index
    if (!wanted) return each
    const text = index === null ? each.text.replaceAll(pair.heard, pair.term) : each.text.replace(pair.heard, pair.term)
    return dismissed({ ...each, text }, pair, !text.includes(pair.heard))
  })
}

export function dismissed(each, pair, gone = true) {
  return gone ? { ...each, suggested: each.suggested.filter(other => !same(other, pair)) } : each
}

/** Set the speaker of a line and of the following lines with the same previous speaker. */
export function speakOn(list, index, speaker) {
  const was = list[index].speaker
  let to = index
  while (to < list.length && list[to].speaker === was) to++
  return list.map((each, n) => (n >= index && n < to ? { ...each, speaker } : each))
}

/** The occurrences of a text: [{index, at}], `at` in UTF-16 units. */
export function places(list, wanted) {
  const found = []
  if (!wanted) return found
  list.forEach((each, index) => {
    for (let at = each.text.indexOf(wanted); at >= 0; at = each.text.indexOf(wanted, at + wanted.length)) {
      found.push({ index, at })
    }
  })
  return found
}

export function replaceAt(list, chosen, wanted, put) {
  const byLine = Map.groupBy ? Map.groupBy(chosen, each => each.index) : grouped(chosen)
  return list.map((each, index) => {
    const here = byLine.get(index)
    if (!here) return each
    let text = each.text
    for (const { at } of [...here].sort((a, b) => b.at - a.at)) text = text.slice(0, at) + put + text.slice(at + wanted.length)
    return { ...each, text, suggested: each.suggested.filter(pair => text.includes(pair.heard)) }
  })
}

function grouped(list) {
  const found = new Map()
  for (const each of list) found.set(each.index, [...(found.get(each.index) ?? []), each])
  return found
}

/** Undo and redo. Typing in one line counts as one step until a pause. */
export class Undo {
  constructor(list, pause = 1500) {
    this.list = list
    this._pause = pause
    this._past = []
    this._future = []
    this._typed = { key: null, time: 0 }
  }

  /** Consecutive changes with the same `key` are undone together; `where`: the caret before. */
  commit(list, { key = null, where = null, time = performance.now() } = {}) {
    if (list === this.list) return false
    const together = key && key === this._typed.key && time - this._typed.time < this._pause
    if (!together) this._past.push({ list: this.list, where })
    if (this._past.length > 500) this._past.shift()
    this._future = []
    this._typed = { key, time }
    this.list = list
    return true
  }

  back(where) {
    return this._step(this._past, this._future, where)
  }

  again(where) {
    return this._step(this._future, this._past, where)
  }

  _step(from, to, where) {
    const found = from.pop()
    if (!found) return null
    to.push({ list: this.list, where })
    this._typed = { key: null, time: 0 }
    this.list = found.list
    return found
  }

  /** Apply changes of others to every state, so that undo only affects one's own. */
  adopt(list) {
    const was = new Map(this.list.map(each => [each.id, each]))
    const now = new Map(list.map(each => [each.id, each]))
    const sameRows = list.length === this.list.length && list.every((each, n) => each.id === this.list[n].id)
    for (const stack of [this._past, this._future]) {
      if (!sameRows) stack.length = 0
      for (const state of stack) {
        state.list = state.list.map(each => (each === was.get(each.id) ? now.get(each.id) : each))
      }
    }
    this.list = list
  }
}

// The places to check first: flagged lines, words of low probability,
// and words that sound like a glossary term.

import { codePoints, unitsOf } from "./caret.js"
import { DOUBTFUL } from "./rows.js"
import { charAt, isPunctuation, times, wordAt } from "./word_times.js"

/** Lines confirmed in this browser; the file only contains flags. */
export class Settled {
  constructor(id) {
    this._key = `cunshi-heard ${id}`
    try {
      this._lines = new Set(JSON.parse(localStorage.getItem(this._key) ?? "[]"))
    } catch {
      this._lines = new Set()
    }
  }

  has(line) {
    return this._lines.has(`${line.start} ${line.text}`)
  }

  add(line) {
    this._lines.add(`${line.start} ${line.text}`)
    try {
      localStorage.setItem(this._key, JSON.stringify([...this._lines]))
    } catch { /* full or forbidden: not remembered */ }
  }
}

/** Check whether a line counts as doubtful. */
export function isDoubtful(line) {
  return line.flags.length > 0 || line.suggested.some(pair => line.text.includes(pair.heard))
}

/** The doubtful places of a line: [{at, length}] in UTF-16 units; the start for a flagged line without any. */
export function doubtsOf(line, heard, settled) {
  if (settled.has(line)) return []
  const found = []
  for (const { heard: wrong } of line.suggested) {
    const at = line.text.indexOf(wrong)
    if (at >= 0) found.push({ at, length: wrong.length })
  }
  found.push(...unsure(line, heard).filter(each => !found.some(other => each.at < other.at + other.length && other.at < each.at + each.length)))
  if (!found.length && line.flags.length) found.push({ at: 0, length: 0 })
  return found.sort((a, b) => a.at - b.at)
}

function unsure(line, heard) {
  const chars = [...line.text]
  const known = times(line.text, heard.within(line.start, line.end), line.start, line.end)
  const found = []
  for (let n = 0; n < chars.length; n++) {
    if (!known.same[n] || known.chances[n] >= DOUBTFUL || isPunctuation(chars[n])) continue
    const [, to] = wordAt(chars, known, n)
    const last = found.at(-1)
    // Adjacent places are corrected together.
    if (last && last.to === n) last.to = to
    else found.push({ from: n, to })
    n = to - 1
  }
  return found.map(({ from, to }) => ({ at: unitsOf(line.text, from), length: unitsOf(line.text, to) - unitsOf(line.text, from) }))
}

/** The next doubtful place after (before, when `by` is -1) a character of a line: {index, at, length} or null. */
export function nextDoubt(lines, index, at, by, heard, settled) {
  for (let n = Math.max(index, 0); n >= 0 && n < lines.length; n += by) {
    const found = doubtsOf(lines[n], heard, settled)
    const rest = n !== index ? found : found.filter(each => (by > 0 ? each.at >= at : each.at + each.length < at))
    if (rest.length) return { index: n, ...(by > 0 ? rest[0] : rest.at(-1)) }
  }
  return null
}

const REACTION = 0.8 // seconds from hearing something wrong to stopping
const SLACK = 0.1 // seconds of inaccuracy when a player seeks
const RECENT = 2 // seconds in which a doubtful word is taken for what somebody stopped at

/**
 * What somebody means who has just stopped the sound: the doubtful word of the last moments, else
 * the place heard a moment ago. Nothing before `since`, when the sound was set going.
 * {index, at, length} or null.
 */
export function justHeard(lines, since, time, heard, settled) {
  const then = Math.max(since, time - REACTION)
  let index = lines.length - 1
  while (index > 0 && lines[index].start > then + SLACK) index--
  for (let n = Math.min(index + 1, lines.length - 1); n >= Math.max(0, index - 1); n--) {
    const found = lastDoubt(lines[n], Math.max(since, time - RECENT), time, heard, settled)
    if (found) return { index: n, ...found }
  }
  const line = lines[index]
  if (!line) return null
  const known = times(line.text, heard.within(line.start, line.end), line.start, line.end)
  return { index, at: unitsOf(line.text, charAt(known, then) + 1), length: 0 }
}

function lastDoubt(line, since, time, heard, settled) {
  if (line.end < since || line.start > time) return null
  const { ends } = times(line.text, heard.within(line.start, line.end), line.start, line.end)
  const recent = ({ at, length }) => {
    const end = ends[codePoints(line.text, at + length) - 1]
    return length && end <= time && end > since
  }
  return doubtsOf(line, heard, settled).findLast(recent) ?? null
}

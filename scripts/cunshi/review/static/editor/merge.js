// Three-way merge of the lines of a transcript. Pure.
// The server merges by the same rule, function by function: review/editor/merge.py. docs/review-desk.md
// states it ("Two people in one transcript"), tests/review/merge_cases.json is the table of its cases.

import { isSame, line, plain, same } from "./document.js"

// By what a line is found again: the first of these that no other line around it shares.
const KEYS = [["start", "end"], ["text"]]
// Fields of a line of which two people may not change different ones without seeing it: a meaning
// in Mandarin is that of the text; what is withheld is the sound between two times.
const TOGETHER = [["text", "mandarin"], ["start", "end", "withheld"], ["speaker"], ["golden"]]
const ALL = TOGETHER.flat()
const NOTES = ["flags", "replaced", "suggested"] // the machine's; people only remove them

/**
 * The merge of both sides' changes of `base`, run by run: [{base, ours, theirs, lines}], where
 * `lines` is null for a conflict.
 */
export function mergeParts(base, ours, theirs) {
  const parts = []
  let at = 0
  for (const group of groups(changes(base, ours), changes(base, theirs))) {
    const [unchanged, changed] = [base.slice(at, group.first), base.slice(group.first, group.last)]
    const our = applied(changed, group.first, group.ours)
    const their = applied(changed, group.first, group.theirs)
    parts.push(part(unchanged, unchanged, unchanged), part(changed, our, their))
    at = group.last
  }
  const rest = base.slice(at)
  return [...parts, part(rest, rest, rest)]
}

/** The lines of parts as one list; null where a person has to choose. */
export function joined(parts) {
  return parts.every(part => part.lines) ? parts.flatMap(part => part.lines) : null
}

function part(base, ours, theirs) {
  return { base, ours, theirs, lines: mergeRun(base, ours, theirs) }
}

function mergeRun(base, ours, theirs) {
  if (areSame(theirs, base) || areSame(theirs, ours)) return ours
  if (areSame(ours, base)) return theirs
  const found = isOneLine(base, ours, theirs) ? mergeLine(base[0], ours[0], theirs[0]) : null
  return found && [found]
}

/** Whether both sides still have the one line of the base. */
function isOneLine(base, ours, theirs) {
  const isOne = [base, ours, theirs].every(lines => lines.length === 1)
  return isOne && isSameLine(base[0], ours[0]) && isSameLine(base[0], theirs[0])
}

function areSame(lines, others) {
  return lines.length === others.length && lines.every((each, n) => isSame(each, others[n]))
}

function mergeLine(base, ours, theirs) {
  const values = {}
  for (const names of together(base, ours, theirs)) {
    const our = names.filter(name => isOwn(name, ours, base, theirs))
    const their = names.filter(name => isOwn(name, theirs, base, ours))
    if (our.length && their.length) return null
    for (const name of their) values[name] = theirs[name]
  }
  for (const name of NOTES) values[name] = mergeNotes(base[name], ours[name], theirs[name])
  return { ...ours, ...values }
}

/** All fields of a line that stops being withheld: whoever publishes it has to see all of it. */
function together(base, ours, theirs) {
  const isPublished = base.withheld && !(ours.withheld && theirs.withheld)
  return isPublished ? [ALL] : TOGETHER
}

/** Whether a field has a value that only this side gave it. */
function isOwn(name, side, base, other) {
  return side[name] !== base[name] && side[name] !== other[name]
}

/** A note that one side has removed is removed. */
function mergeNotes(base, ours, theirs) {
  if (same(theirs, base) || same(theirs, ours)) return ours
  if (same(ours, base)) return theirs
  const has = (notes, note) => notes.some(other => same(note, other))
  return base.filter(note => has(ours, note) && has(theirs, note))
}

/** The changes of both sides in the order of the base; those of the same lines together. */
function groups(ours, theirs) {
  const found = []
  const tagged = [...ours.map(change => [change, "ours"]), ...theirs.map(change => [change, "theirs"])]
  for (const [change, side] of tagged.sort(([a], [b]) => a.first - b.first || a.last - b.last)) {
    if (!found.length || !meets(found.at(-1), change)) found.push({ first: change.first, last: change.last, ours: [], theirs: [] })
    const group = found.at(-1)
    group.last = Math.max(group.last, change.last)
    group[side].push(change)
  }
  return found
}

/** Whether the next change is to the same lines, or inserts at the same place. */
function meets(group, change) {
  return change.first < group.last || (change.first === change.last && change.last === group.first)
}

function applied(base, offset, ofSide) {
  const lines = [...base]
  for (const { first, last, lines: become } of [...ofSide].reverse()) lines.splice(first - offset, last - first, ...become)
  return lines
}

/**
 * What makes `side` of `base`, in order: [{first, last, lines}], [first, last) of the base become
 * `lines`; one line each where lines are found again.
 */
export function changes(base, side) {
  const found = []
  let [at, to] = [0, 0]
  for (const [i, j] of [...pairs(base, side), [base.length, side.length]]) {
    if (i > at || j > to) found.push({ first: at, last: i, lines: side.slice(to, j) })
    if (i < base.length && !isSame(base[i], side[j])) found.push({ first: i, last: i + 1, lines: [side[j]] })
    ;[at, to] = [i + 1, j + 1]
  }
  return found
}

/** The lines of the base that are found again, each with its place in `side`: [[i, j]]. */
function pairs(base, side) {
  let found = []
  for (const names of [...KEYS, null]) {
    const more = gaps(found, base.length, side.length).flatMap(gap => (names ? unique(base, side, gap, names) : inStep(base, side, gap)))
    found = [...found, ...more].sort(([a], [b]) => a - b)
  }
  return found
}

/** The places between pairs that both lists have: [{from, to, begin, end}]. */
function gaps(pairs, length, other) {
  const edges = [[-1, -1], ...pairs, [length, other]]
  const found = edges.slice(1).map(([to, end], n) => ({ from: edges[n][0] + 1, to, begin: edges[n][1] + 1, end }))
  return found.filter(({ from, to, begin, end }) => from < to && begin < end)
}

/** Lines with equal fields that no other line of the gap has, as many as keep their order. */
function unique(base, side, { from, to, begin, end }, names) {
  const found = places(side, begin, end, names)
  const known = places(base, from, to, names)
  return longest([...known].filter(([key]) => found.has(key)).map(([key, n]) => [n, found.get(key)]))
}

function places(lines, from, to, names) {
  const found = new Map()
  for (let n = from; n < to; n++) {
    const key = names.map(name => lines[n][name]).join(" ")
    found.set(key, found.has(key) ? -1 : n)
  }
  return new Map([...found].filter(([, n]) => n >= 0))
}

/** The longest selection of pairs in which the second numbers rise, as the first ones do. */
function longest(pairs) {
  const ends = []
  const before = new Map()
  for (const pair of pairs) {
    let [low, high] = [0, ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle][1] < pair[1]) low = middle + 1
      else high = middle
    }
    before.set(pair, ends[low - 1])
    ends[low] = pair
  }
  const found = []
  for (let last = ends.at(-1); last; last = before.get(last)) found.push(last)
  return found.reverse()
}

/** The lines of a gap one by one, if each may still be the same line. */
function inStep(base, side, { from, to, begin, end }) {
  const found = Array.from({ length: to - from }, (_, n) => [from + n, begin + n])
  return to - from === end - begin && found.every(([i, j]) => isSameLine(base[i], side[j])) ? found : []
}

function isSameLine(a, b) {
  const sameTimes = a.start === b.start && a.end === b.end
  const overlap = Math.max(a.start, b.start) < Math.min(a.end, b.end)
  return sameTimes || overlap || a.text === b.text
}

/** Lines of another version under the ids of those rows that they stand for. */
export function adopted(list, other) {
  const found = other.map(each => line(each))
  for (const [i, j] of pairs(list, found)) found[j] = isSame(list[i], found[j]) ? list[i] : { ...found[j], id: list[i].id }
  return found
}

/** Both sides of a conflict as lines in which nothing of either is lost. */
export function both({ base, ours, theirs }) {
  if (ours.length !== theirs.length) {
    return [...ours, ...theirs.map(each => line(plain(each)))].sort((a, b) => a.start - b.start)
  }
  const was = isOneLine(base, ours, theirs) ? base[0] : {}
  return ours.map((each, n) => bothOf(was, each, theirs[n]))
}

function bothOf(base, ours, theirs) {
  const words = name => {
    const own = [ours, theirs].filter(side => side[name] !== base[name]).map(side => side[name])
    return own.length ? [...new Set(own)].filter(Boolean).join("／") : base[name]
  }
  return {
    ...ours,
    start: Math.min(ours.start, theirs.start),
    end: Math.max(ours.end, theirs.end),
    text: words("text"),
    mandarin: words("mandarin"),
    speaker: words("speaker"),
    withheld: ours.withheld || theirs.withheld,
    golden: ours.golden || theirs.golden,
  }
}

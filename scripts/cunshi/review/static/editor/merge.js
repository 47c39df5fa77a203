// Two people's changes to the same lines: what goes together is put together, what does not is shown. Pure.

import { isSame, line, plain, same } from "./document.js"

const TOGETHER = [["start", "end"], ["text"], ["mandarin"], ["speaker"], ["withheld"], ["golden"], ["flags"], ["replaced"], ["suggested"]]
const key = each => `${each.start} ${each.end} ${each.text}`

/** Where two lists of lines differ: [{from, to, begin, end}], [from, to) of the first becomes [begin, end) of the other. */
export function differences(a, b, areSame = isSame) {
  const found = []
  let [i, j] = [0, 0]
  for (const [x, y] of [...anchors(a, b, areSame), [a.length, b.length]]) {
    if (x > i || y > j) found.push({ from: i, to: x, begin: j, end: y })
    ;[i, j] = [x + 1, y + 1]
  }
  return found
}

/** Equal lines in both, in order: first those at the ends, then those that occur once (patience). */
function anchors(a, b, areSame, i = 0, j = 0, iEnd = a.length, jEnd = b.length) {
  const [head, tail] = [[], []]
  while (i < iEnd && j < jEnd && areSame(a[i], b[j])) head.push([i++, j++])
  while (i < iEnd && j < jEnd && areSame(a[iEnd - 1], b[jEnd - 1])) tail.unshift([--iEnd, --jEnd])
  const middle = []
  const unique = longest(once(a, b, areSame, i, j, iEnd, jEnd))
  for (const [x, y] of unique.length ? [...unique, [iEnd, jEnd]] : []) {
    middle.push(...anchors(a, b, areSame, i, j, x, y))
    if (x < iEnd) middle.push([x, y])
    ;[i, j] = [x + 1, y + 1]
  }
  return [...head, ...middle, ...tail]
}

function once(a, b, areSame, i, j, iEnd, jEnd) {
  const count = (list, from, to) => {
    const found = new Map()
    for (let n = from; n < to; n++) found.set(key(list[n]), found.has(key(list[n])) ? -1 : n)
    return found
  }
  const other = count(b, j, jEnd)
  return [...count(a, i, iEnd)]
    .filter(([k, n]) => n >= 0 && (other.get(k) ?? -1) >= 0 && areSame(a[n], b[other.get(k)]))
    .map(([k, n]) => [n, other.get(k)])
}

/** The longest run of pairs in which both go forward. */
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
  for (let pair = ends.at(-1); pair; pair = before.get(pair)) found.unshift(pair)
  return found
}

/** Lines of another version under the ids of those rows that they stand for. */
export function adopted(list, other) {
  const found = other.map(each => line(each, 0))
  const at = (n, id) => { found[n] = { ...found[n], id } }
  let [i, j] = [0, 0]
  for (const { from, to, begin, end } of [...differences(list, found), { from: list.length, to: list.length, begin: found.length, end: found.length }]) {
    while (i < from) found[j++] = list[i++] // the same: the very same line
    if (to - from === end - begin) for (let n = 0; n < to - from; n++) at(begin + n, list[from + n].id)
    ;[i, j] = [to, end]
  }
  return found.map(each => (each.id ? each : line(each)))
}

/**
 * What both have made of `base`: [{lines}] that go together and [{base, mine, theirs}] that do not.
 * Fields of a line go together that only one of the two changed.
 */
export function merge(base, mine, theirs) {
  const [ours, others] = [differences(base, mine), differences(base, theirs)]
  const found = []
  let [at, i, j] = [0, 0, 0] // up to where base, mine and theirs are used
  while (ours.length || others.length) {
    const area = grown(ours, others)
    const until = { mine: area.mine.end ?? i + area.from - at, theirs: area.theirs.end ?? j + area.from - at }
    const before = area.from - at
    if (before) found.push({ lines: mine.slice(i, i + before) })
    const length = area.to - area.from
    const end = { mine: area.mine.end === null ? i + before + length : until.mine, theirs: area.theirs.end === null ? j + before + length : until.theirs }
    found.push(...settled(base.slice(area.from, area.to), mine.slice(i + before, end.mine), theirs.slice(j + before, end.theirs)))
    ;[at, i, j] = [area.to, end.mine, end.theirs]
  }
  found.push({ lines: mine.slice(i) })
  return found.filter(part => !part.lines || part.lines.length)
}

/** The next differences of both that meet, as one area of the base; they are taken off the lists. */
function grown(ours, others) {
  const first = Math.min(ours[0]?.from ?? Infinity, others[0]?.from ?? Infinity)
  const area = { from: first, to: first, mine: { end: null, shift: 0 }, theirs: { end: null, shift: 0 } }
  let begun = false
  const meets = each => each && (!begun ? each.from === first : each.from < area.to || (each.from === area.to && each.from === each.to))
  for (let more = true; more; ) {
    more = false
    for (const [list, side] of [[ours, area.mine], [others, area.theirs]]) {
      while (meets(list[0])) {
        const each = list.shift()
        begun = true
        side.end = each.end
        side.to = each.to
        area.to = Math.max(area.to, each.to)
        more = true
      }
    }
  }
  // A side whose last difference ends before the area keeps the base's lines up to its end.
  for (const side of [area.mine, area.theirs]) if (side.end !== null) side.end += area.to - side.to
  return area
}

function settled(base, mine, theirs) {
  if (inStep(base, mine) && inStep(base, theirs)) return base.map((each, n) => settledLine(each, mine[n], theirs[n]))
  const equal = (a, b) => a.length === b.length && a.every((each, n) => isSame(each, b[n]))
  if (equal(base, theirs) || equal(mine, theirs)) return [{ lines: mine }]
  if (equal(base, mine)) return [{ lines: theirs }]
  return [{ base, mine, theirs }]
}

/** Whether lines are still one by one those of the base, not cut or joined in between. */
function inStep(base, side) {
  const moved = (a, b) => (a.start !== b.start || a.end !== b.end) && a.text !== b.text
  return base.length === side.length && (base.length === 1 || base.every((each, n) => !moved(each, side[n])))
}

function settledLine(base, mine, theirs) {
  const found = { ...mine }
  for (const names of TOGETHER) {
    const unlike = (a, b) => names.some(name => !same(a[name], b[name]))
    if (!unlike(mine, theirs)) continue
    if (!unlike(mine, base)) for (const name of names) found[name] = theirs[name]
    else if (!unlike(theirs, base)) continue
    else if (Array.isArray(base[names[0]])) found[names[0]] = base[names[0]].filter(each => [mine, theirs].every(side => side[names[0]].some(other => same(each, other))))
    else return { base: [base], mine: [mine], theirs: [theirs] }
  }
  return { lines: [found] }
}

/** Both versions of what could not be put together, as lines in which nothing of either is lost. */
export function both(mine, theirs) {
  if (mine.length !== theirs.length) {
    return [...mine, ...theirs.map(each => line(plain(each)))].sort((a, b) => a.start - b.start)
  }
  return mine.map((each, n) => {
    const other = theirs[n]
    const join = name => (each[name] === other[name] ? each[name] : [each[name], other[name]].filter(Boolean).join("／"))
    return {
      ...each,
      start: Math.min(each.start, other.start),
      end: Math.max(each.end, other.end),
      text: join("text"),
      mandarin: join("mandarin"),
      speaker: each.speaker || other.speaker,
      withheld: each.withheld || other.withheld,
      golden: each.golden || other.golden,
    }
  })
}

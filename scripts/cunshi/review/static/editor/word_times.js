// The time of each character of an edited line: its text is aligned with the machine's words
// in the line's range. Pure, and computed from text and times, so that no edit, split, merge
// or reload can lose it.

const LARGEST = 4_000_000 // cells of a comparison; beyond it times are spread evenly

/**
 * Align the characters of `a` and `b`: pairs [i, j] in order, equal or substituted.
 * Minimises insertions, deletions and substitutions (Levenshtein).
 */
export function pairs(a, b) {
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const found = Array.from({ length: head }, (_, n) => [n, n])
  const inner = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  for (const [i, j] of inner) found.push([i + head, j + head])
  for (let n = tail; n > 0; n--) found.push([a.length - n, b.length - n])
  return found
}

function between(a, b) {
  const width = b.length + 1
  if (!a.length || !b.length || (a.length + 1) * width > LARGEST) return []
  const cost = new Uint16Array((a.length + 1) * width)
  for (let j = 0; j <= b.length; j++) cost[j] = j
  for (let i = 1; i <= a.length; i++) {
    const row = i * width
    cost[row] = i
    for (let j = 1; j <= b.length; j++) {
      const put = cost[row - width + j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      cost[row + j] = Math.min(put, cost[row - width + j] + 1, cost[row + j - 1] + 1)
    }
  }
  return traced(a, b, cost, width)
}

function traced(a, b, cost, width) {
  const found = []
  let [i, j] = [a.length, b.length]
  while (i && j) {
    const here = cost[i * width + j]
    if (here === cost[(i - 1) * width + j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)) found.push([--i, --j])
    else if (here === cost[(i - 1) * width + j] + 1) i--
    else j--
  }
  return found.reverse()
}

/** The difference of two texts by characters: [["same" | "out" | "in", text]]. */
export function changes(before, after) {
  const [a, b] = [[...before], [...after]]
  const found = []
  const add = (kind, text) => {
    if (!text) return
    if (found.at(-1)?.[0] === kind) found.at(-1)[1] += text
    else found.push([kind, text])
  }
  let [i, j] = [0, 0]
  for (const [to, at] of [...pairs(a, b).filter(([x, y]) => a[x] === b[y]), [a.length, b.length]]) {
    add("out", a.slice(i, to).join(""))
    add("in", b.slice(j, at).join(""))
    if (to < a.length) add("same", a[to])
    ;[i, j] = [to + 1, at + 1]
  }
  return found
}

/** The machine's words as characters with times. */
export class Heard {
  constructor(words, lines) {
    this.learn(words, lines)
  }

  /** `words`: [[start, end, text, probability]]; `lines`: the machine's draft, whose script the people's text has. */
  learn(words, lines) {
    this._words = [...words].sort((a, b) => a[0] - b[0])
    this._lines = [...lines].sort((a, b) => a.start - b.start)
    this._known = new Map()
  }

  /** The characters whose middle is in a range: [{char, start, end, probability}]. */
  within(start, end) {
    const found = this._lines.length ? this._drafted(start, end) : this._spoken(start, end)
    return found.filter(({ start: a, end: b }) => (a + b) / 2 >= start && (a + b) / 2 < end)
  }

  _drafted(start, end) {
    const found = []
    for (let n = first(this._lines, start - 60, line => line.start); n < this._lines.length; n++) {
      const line = this._lines[n]
      if (line.start >= end) break
      if (line.end <= start) continue
      if (!this._known.has(n)) this._known.set(n, draft(line, this._spoken(line.start, line.end)))
      found.push(...this._known.get(n))
    }
    return found
  }

  _spoken(start, end) {
    const found = []
    for (let n = first(this._words, start - 10, word => word[0]); n < this._words.length; n++) {
      const [from, to, text, probability] = this._words[n]
      if (from >= end) break
      if (to > start) found.push(...spelled(text, from, to, probability))
    }
    return found
  }
}

function first(list, time, of) {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (of(list[middle]) < time) low = middle + 1
    else high = middle
  }
  return low
}

function spelled(text, start, end, probability) {
  const chars = [...text.trim()]
  const each = (end - start) / (chars.length || 1)
  return chars.map((char, n) => ({ char, start: start + n * each, end: start + (n + 1) * each, probability }))
}

/** The characters of a drafted line with the times of its words. */
function draft(line, spoken) {
  const { starts, ends, chances } = times(line.text, spoken, line.start, line.end)
  return [...line.text].map((char, n) => ({ char, start: starts[n], end: ends[n], probability: chances[n] }))
}

/**
 * The time of each character of a text, within [start, end] and increasing.
 * `starts` and `ends`, a number a character; `chances`: the machine's probability, or 1 where it
 * heard none; `same`: whether the character is still the one that the machine drafted.
 */
export function times(text, heard, start, end) {
  const chars = [...text]
  const known = new Array(chars.length).fill(null)
  const same = new Array(chars.length).fill(false)
  for (const [i, j] of pairs(heard.map(each => each.char), chars)) {
    known[j] = heard[i]
    same[j] = heard[i].char === chars[j]
  }
  const starts = filled(known.map(each => each?.start ?? null), start, end)
  const ends = starts.map((from, n) => Math.max(from, Math.min(known[n]?.end ?? Infinity, starts[n + 1] ?? end)))
  return { starts, ends, chances: known.map(each => each?.probability ?? 1), same }
}

/** Interpolate unknown times. */
function filled(values, start, end) {
  const held = values.map(value => (value === null ? null : Math.min(Math.max(value, start), end)))
  let [at, time] = [0, start]
  for (let n = 0; n <= held.length; n++) {
    const next = n === held.length ? end : held[n]
    if (next === null) continue
    const later = Math.max(time, next)
    // Without a time, the first character starts with its line.
    for (let k = at; k < n; k++) held[k] ??= time + ((later - time) * (k - at)) / (n - at)
    if (n < held.length) held[n] = later
    ;[at, time] = [n, later]
  }
  return held
}

/** The time for splitting a line before a character: the middle of the pause. */
export function cutAt(text, index, heard, start, end) {
  const { starts, ends } = times(text, heard, start, end)
  if (index <= 0 || !starts.length) return start
  if (index >= starts.length) return end
  return (ends[index - 1] + starts[index]) / 2
}

/** The index of the character at a time, or -1 before the first. */
export function charAt(found, time) {
  let index = -1
  while (index + 1 < found.starts.length && found.starts[index + 1] <= time) index++
  return index
}

const PUNCTUATION = /[\p{P}\s]/u
const LETTER = /[\p{Script=Latin}\p{N}]/u

export function isPunctuation(char) {
  return PUNCTUATION.test(char)
}

/** The word that contains a character: [from, to); in Chinese, as the machine segmented it. */
export function wordAt(chars, found, index) {
  const joined = (a, b) =>
    !PUNCTUATION.test(chars[a]) && !PUNCTUATION.test(chars[b]) &&
    ((LETTER.test(chars[a]) && LETTER.test(chars[b])) ||
      (found.chances[a] === found.chances[b] && found.chances[a] < 1 && found.same[a] && found.same[b]))
  let [from, to] = [index, index + 1]
  while (from > 0 && joined(from - 1, from)) from--
  while (to < chars.length && joined(to - 1, to)) to++
  return [from, to]
}

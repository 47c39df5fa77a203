// What tests/browser/test_review_lines.py asks of the editor's pure modules, in the browser: random edits by a
// seed, and the rules that have to hold after each. A check returns what is wrong, or null.

import * as A from "/static/editor/word_times.js"
import * as D from "/static/editor/document.js"
import * as F from "/static/editor/drafts.js"
import * as M from "/static/editor/merge.js"
import * as S from "/static/editor/saving.js"

const random = seed => () => ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648)
const words = "我们村里有一条河上座桥老人家天在聊金A b1。，"
const text = (next, most = 9) => Array.from({ length: 1 + Math.floor(next() * most) }, () => words[Math.floor(next() * words.length)]).join("").trim() || "无"
const lines = (next, count) => {
  let [time, before] = [0, 0]
  return Array.from({ length: count }, () => {
    // Touching, apart, or one speaking while the other still does.
    const start = Math.max(before, time + (next() < 0.5 ? 0 : next() - 0.4))
    const end = start + 0.4 + next() * 3
    before = start
    time = Math.max(start + 0.1, end - (next() < 0.2 ? 2 : 0))
    return D.line({ start: Math.round(start * 1000) / 1000, end: Math.round(end * 1000) / 1000, text: text(next) })
  })
}
const edited = (list, next) => {
  const n = Math.floor(next() * list.length)
  const size = [...list[n].text].length
  const heard = new A.Heard([], [])
  switch (Math.floor(next() * 6)) {
    case 0: return D.change(list, n, { text: text(next) })
    case 1: { const at = Math.floor(next() * (size + 1)); return D.split(list, n, at, A.cutAt(list[n].text, at, heard.within(0, 1e9), list[n].start, list[n].end)) ?? list }
    case 2: return D.merge(list, n) ?? list
    case 3: return D.startAt(list, n, list[n].start + (next() - 0.5) * 4)
    case 4: return D.withoutEmpty(D.change(list, n, { text: "" }))
    default: return D.retime(list, n, list[n].start - next(), list[n].end + next())
  }
}
const covered = list => {
  const found = []
  for (const { start, end } of [...list].sort((a, b) => a.start - b.start)) {
    if (found.length && start <= found.at(-1)[1]) found.at(-1)[1] = Math.max(found.at(-1)[1], end)
    else found.push([start, end])
  }
  return found
}
const covers = (whole, part) => part.every(([a, b]) => whole.some(([x, y]) => x <= a + 1e-9 && y >= b - 1e-9))

export function noEditLosesATime() {
  for (let seed = 1; seed <= 400; seed++) {
    const next = random(seed)
    let list = lines(next, 1 + Math.floor(next() * 6))
    for (let step = 0; step < 25; step++) {
      const before = list
      list = edited(list, next)
      // "Starts now" gives away what is before it; nothing else may.
      const old = new Map(before.map(each => [each.id, each]))
      const shrunk = list.length === before.length && list.some(each => each.start > old.get(each.id)?.start && each.end === old.get(each.id).end)
      if (!shrunk && !covers(covered(list), covered(before))) return ["lost", seed, step, before, list]
      if (list.some((each, n) => n && each.start < list[n - 1].start)) return ["order", seed, step, before, list]
      if (list.some(each => !(each.end > each.start))) return ["nothing", seed, step, before, list]
      if (new Set(list.map(each => each.id)).size !== list.length) return ["ids", seed, step]
    }
  }
  return null
}

export function startingNowLeavesNoGapWhereThereWasNone() {
  const list = [[0, 2], [2, 4], [5, 6]].map(([start, end]) => D.line({ start, end, text: "字" }))
  const times = found => found.map(({ start, end }) => [start, end])
  return [D.startAt(list, 1, 2.5), D.startAt(list, 1, 1.5), D.startAt(list, 2, 3), D.startAt(list, 2, 4.5), D.startAt(list, 1, 9)].map(times)
}

export function charactersKeepTheirTimesThroughAnyEdit() {
  for (let seed = 1; seed <= 600; seed++) {
    const next = random(seed)
    const said = text(next, 20)
    // Some engines' words overlap and go back.
    const jitter = seed % 2 ? 0 : 0.4
    const chars = [...said]
    const heard = chars.map((char, n) => ({ char, start: 10 + n * 0.3 + jitter * (n % 3), end: 10.2 + n * 0.3, probability: 0.5 }))
    const end = 10 + chars.length * 0.3
    const at = Math.floor(next() * chars.length), gone = Math.floor(next() * 4)
    const other = [...chars.slice(0, at), ...text(next), ...chars.slice(at + gone)].join("")
    const found = A.times(other, heard, 10, end)
    const count = [...other].length
    if (found.starts.length !== count || found.ends.length !== count) return ["length", seed]
    for (let n = 0; n < count; n++) {
      if (found.starts[n] < 10 - 1e-9 || found.ends[n] > end + 1e-9) return ["outside", seed, other, found]
      if (found.ends[n] < found.starts[n] || (n && found.starts[n] < found.starts[n - 1])) return ["backwards", seed, other, found]
    }
    const whole = A.times(said, heard, 10, end)
    if (!jitter && whole.starts.some((time, n) => Math.abs(time - heard[n].start) > 1e-9)) return ["moved", seed]
  }
  return null
}

export function aCorrectedWordHasTheTimeOfWhatWasHeard() {
  const heard = new A.Heard([[0, 1, "景村", 0.4], [3, 4, "有河", 0.9]], [{ start: 0, end: 4, text: "景村有河" }])
  const { starts, ends, chances, same } = A.times("金村里有河", heard.within(0, 4), 0, 4)
  return { starts, ends, chances, same, cut: A.cutAt("金村里有河", 2, heard.within(0, 4), 0, 4) }
}

export function traditionalWordsCarryTheTimesOfASimplifiedDraft() {
  return new A.Heard([[0, 0.4, "時", 0.9], [0.4, 1, "候,", 0.3]], [{ start: 0, end: 1, text: "时候，" }]).within(0, 1)
}

export function mergingKeepsBothPeoplesChanges() {
  const change = (list, next, tag) => {
    for (let k = 0; k < next() * 4; k++) {
      const n = Math.floor(next() * list.length)
      const kind = Math.floor(next() * 4)
      if (kind < 2) list = D.change(list, n, { text: list[n].text + tag + k })
      else if (kind === 2) list = D.split(list, n, 1, (list[n].start + list[n].end) / 2) ?? list
      else list = D.merge(list, n) ?? list
    }
    return list
  }
  const said = list => list.map(each => each.text).join("").replace(/ /g, "")
  for (let seed = 1; seed <= 3000; seed++) {
    const next = random(seed)
    const base = ["甲一", "乙二", "丙三", "丁四", "戊五"].map((each, n) => D.line({ start: n, end: n + 1, text: each }))
    const mine = change(base, next, "m"), theirs = change(base, next, "t").map(each => D.line(D.plain(each)))
    const parts = M.mergeParts(base, mine, theirs)
    for (const [side, list] of [["ours", mine], ["theirs", theirs]]) {
      const all = said(parts.flatMap(part => part.lines ?? part[side]))
      for (const tag of said(list).match(/[mt]\d/g) ?? []) if (!all.includes(tag)) return ["lost", seed, tag, parts]
    }
    const kept = said(parts.flatMap(part => part.lines ?? M.both(part)))
    for (const list of [mine, theirs]) for (const tag of said(list).match(/[mt]\d/g) ?? []) if (!kept.includes(tag)) return ["both", seed, tag, parts]
    if ([...said(base)].some(char => !kept.includes(char))) return ["gone", seed, kept, parts]
    const rows = M.adopted(mine, theirs.map(D.plain))
    if (rows.some((each, n) => !D.isSame(each, theirs[n]))) return ["adopted", seed]
    if (new Set(rows.map(each => each.id)).size !== rows.length) return ["ids", seed]
  }
  return null
}

export function twoPeopleMayChangeDifferentThingsOfALine() {
  const base = [D.line({ start: 0, end: 1, text: "一" })]
  return M.mergeParts(base, D.change(base, 0, { text: "壹" }), D.change(base, 0, { speaker: "金老师", golden: true }))
}

/** What "keep both" makes of conflicts about one line, about two other lines, and about a split. */
export function keepingBothLosesNothing() {
  const row = (start, end, text, more = {}) => D.line({ start, end, text, ...more })
  const [base, other] = [[row(0, 2, "侬好", { speaker: "王阿婆" })], [row(7, 9, "再会")]]
  const meant = [row(0, 2, "侬好", { mandarin: "你好", speaker: "金老师", withheld: true })]
  const words = [row(0, 1.5, "侬好哦", { speaker: "王阿婆" })]
  const halves = [row(0, 1, "侬"), row(1, 2, "好")]
  const kept = (ours, theirs) => M.both({ base, ours, theirs }).map(({ start, end, text, mandarin, speaker, withheld }) => [start, end, text, mandarin, speaker, withheld])
  return [kept(words, meant), kept(other, meant), kept(words, halves)]
}

export function mergedRowsAreInOrder() {
  const base = [[0, 2, "一"], [2, 4, "二"]].map(([start, end, text]) => D.line({ start, end, text }))
  const parts = M.mergeParts(base, D.change(base, 0, { start: 1.8 }), D.change(base, 1, { start: 0.5 }))
  return F.unique(M.joined(parts)).map(({ start, text }) => [start, text])
}

/** The parts of the merge of each of [{base, ours, theirs}], without what belongs to a page. */
export function mergedParts(cases) {
  const rows = list => list.map(each => D.line(each))
  const bare = part => Object.fromEntries(Object.entries(part).map(([name, list]) => [name, list && list.map(D.plain)]))
  return cases.map(({ base, ours, theirs }) => M.mergeParts(rows(base), rows(ours), rows(theirs)).map(bare))
}

export function whatAPageLeftBehindComesBackWhole() {
  localStorage.clear()
  for (let seed = 1; seed <= 200; seed++) {
    const next = random(seed)
    const began = lines(next, 6)
    let list = began
    for (let k = 0; k < 4; k++) list = edited(list, next)
    const stash = new S.Stash("x")
    stash.keep(7, began, list)
    const [left] = new S.Stash("x").left(new Set())
    const found = S.restored(left, began.map(D.plain)).list
    stash.forget()
    if (left.base !== 7 || found.length !== list.length || found.some((each, n) => !D.isSame(each, list[n]))) return [seed, list, found]
  }
  return localStorage.length
}

export function goingBackUndoesOnlyOnesOwn() {
  const list = lines(random(1), 3)
  const undo = new D.Undo(list)
  undo.commit(D.change(undo.list, 0, { text: "我的" }))
  undo.adopt(D.change(undo.list, 2, { text: "别人的" }))
  undo.back(null)
  return [undo.list[0].text === list[0].text, undo.list[2].text]
}

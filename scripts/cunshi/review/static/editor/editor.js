// The editor of a recording, which connects lines, rows, audio and saving.

import { actions } from "./actions.js"
import { charAt, Heard } from "./word_times.js"
import { approve, reopen } from "./approval.js"
import { Bar } from "./bar.js"
import { caret, codePoints, unitsOf } from "./caret.js"
import { api, clock, header, reason, tell } from "../shared/desk.js"
import { line, lineAt, retime, room, Undo, withoutEmpty } from "./document.js"
import { justHeard, Settled } from "./doubts.js"
import { Finding } from "./search_replace.js"
import { historyPage, offer, savingPage, state, unique } from "./drafts.js"
import { asked } from "./keys.js"
import { isAsking, notice } from "./panels.js"
import { Rows } from "./rows.js"
import { Others, Saver } from "./saving.js"
import { Sound, Wave } from "./sound.js"
import { Compare, showHistory } from "./versions.js"

const byId = name => document.getElementById(name)

class Editor {
  constructor(id, data) {
    Object.assign(this, { id, data, _current: null, _heard: null, _following: true, _before: null, _idle: false, _since: 0 })
    this.heard = new Heard([], [])
    this.settled = new Settled(id)
    this.undo = new Undo(data.segments.map(each => line(each)))
    this.sound = new Sound(byId("audio"), data.media)
    this.rows = new Rows(byId("lines"), byId("scroller"), this)
    this.compare = new Compare(this.rows, this.heard)
    this.rows.onNear = row => this.compare.update(row)
    this.finding = new Finding(byId("finding"), this._findingPage())
    this.wave = new Wave(byId("wave"), this.sound, {
      onMove: (row, start, end) => this._retimed(row, start, end),
      room: row => room(this.lines(), this.index(row)),
    })
    this.saver = new Saver(id, data.revision, this.undo.list, savingPage(this))
    this.doing = actions(this)
    this.bar = new Bar(byId("bar"), byId("actions"), name => this.act(name))
  }

  // -- functions for other parts

  lines() {
    return this.undo.list
  }

  readOnly() {
    return this.data.status === "approved"
  }

  /** The index of a line; without an id, that of the current one, or 0. */
  index(id = this._current) {
    return Math.max(0, this.lines().findIndex(each => each.id === id))
  }

  caret(end = false) {
    const row = this.rows.row(this._current)
    return row && row.text.contains(getSelection().focusNode) ? caret(row.text, end) : 0
  }

  selected() {
    return getSelection().toString().trim().slice(0, 50)
  }

  speakers() {
    const used = this.lines().map(each => each.speaker)
    return [...new Set([...this.data.speakers, ...used])].filter(Boolean)
  }

  /** The time of a character (UTF-16 offset) of a line. */
  timeAt(id, at) {
    const row = this.rows.row(id)
    return this.rows.timesOf(row).starts[codePoints(row.line.text, at)] ?? row.line.start
  }

  /** Load the machine's words, after the lines because it takes longer. */
  knows(words, machine) {
    this.heard.learn(words, machine)
    this.rows.relearn()
  }

  // -- changes

  /** Replace the lines; `more.key` joins changes for undo. */
  edit(list, more = {}) {
    if (this.readOnly()) return
    if (this.undo.commit(list, { where: this._where(), ...more })) this._shown()
  }

  _where() {
    return { id: this._current, at: this.caret() }
  }

  _shown() {
    this.rows.show(this.lines())
    this._pressed()
    this.count()
    this.finding.again()
    this.saver.changed()
  }

  typed(id, text, name) {
    const index = this.lines().findIndex(each => each.id === id)
    if (index < 0) return
    const before = this.lines()[index]
    const suggested = name === "text" ? before.suggested.filter(pair => text.includes(pair.heard)) : before.suggested
    const list = this.lines().map((each, n) => (n === index ? { ...each, [name]: text, suggested } : each))
    this.edit(list, { key: `${id} ${name}` })
    this._idle = false
    if (this._heard !== id && this.sound.playing) this.follow(false)
  }

  _retimed(id, start, end) {
    const list = retime(this.lines(), this.index(id), start, end, this.data.duration)
    this.edit(list)
    this._wave()
  }

  undone(back) {
    const found = back ? this.undo.back(this._where()) : this.undo.again(this._where())
    if (!found) return tell(back ? "没有可以撤销的了" : "没有可以重做的了")
    this._shown()
    const row = found.where && this.rows.row(found.where.id)
    if (row) this.rows.focus(row, Math.min(found.where.at, row.line.text.length))
    return undefined
  }

  count() {
    this.bar.doubtful(this.doing.doubtful())
  }

  // -- the current line

  _enter(id) {
    if (id === this._current) return
    const old = this.rows.row(this._current)
    for (const element of [old?.text, old?.time, old?.second]) element?.setAttribute("tabindex", "-1")
    old?.item.classList.remove("current")
    this._current = id
    const row = this.rows.row(id)
    for (const element of [row?.text, row?.time, row?.second]) element?.setAttribute("tabindex", "0")
    row?.item.classList.add("current")
    this._pressed()
    this._wave()
  }

  _pressed() {
    const found = this.lines()[this.index()]
    this.bar.pressed("withhold", Boolean(found?.withheld))
    this.bar.pressed("gold", Boolean(found?.golden))
  }

  _wave() {
    const found = this.lines()[this.index()]
    if (found) this.wave.show(found, this.readOnly())
  }

  _left() {
    // The time of an emptied line goes to its neighbour.
    const rest = withoutEmpty(this.lines(), this.rows.rowOf(document.activeElement)?.line.id)
    if (rest === this.lines()) return
    this.edit(rest)
    tell("没有字的一行并掉了，声音归了旁边那一行（Ctrl+Z 撤销）")
  }

  click(id, at, event) {
    const again = this._before !== id
    this._enter(id)
    if (!again && !event.altKey && event.detail !== 2 && !this.readOnly()) return
    this.follow(true)
    this.sound.play(Math.max(0, this.timeAt(id, at >= this.rows.row(id).line.text.length ? 0 : at) - 0.1))
  }

  hear(id) {
    this._enter(id)
    this.follow(true)
    this.sound.play(this.lines()[this.index(id)].start)
  }

  pick(id, pair, kind) {
    this._enter(id)
    this.doing.pick(this.index(id), pair, kind)
  }

  // -- text follows audio

  follow(on) {
    this._following = on
    this.bar.following(on || !this.sound.playing)
  }

  catchUp() {
    this.follow(true)
    const row = this.rows.row(lineAt(this.lines(), this.sound.time)?.id)
    if (!row) return
    const at = charAt(this.rows.timesOf(row), this.sound.time)
    this.rows.focus(row, unitsOf(row.line.text, Math.max(0, at)))
  }

  /** After stopping with a key, move the caret to what was just played, unless there was input since. */
  stopped() {
    const at = document.activeElement
    const typing = at.classList.contains("text") || (at === document.body && matchMedia("(pointer: fine)").matches)
    // On a phone, setting the caret would open the keyboard.
    if (!this._idle || !this._following || !typing) return
    const place = justHeard(this.lines(), this._since, this.sound.time, this.heard, this.settled)
    const row = place && this.rows.row(this.lines()[place.index].id)
    if (row) this.rows.focus(row, place.at, place.at + place.length)
  }

  _time() {
    const time = this.sound.time
    this.bar.time(clock(time))
    const found = lineAt(this.lines(), time)
    const row = this.rows.row(found?.id)
    if (found?.id !== this._heard) this._hearing(row)
    this.rows.say(this.sound.playing ? row : null, time)
  }

  _hearing(row) {
    this.rows.row(this._heard)?.item.removeAttribute("aria-current")
    this._heard = row?.line.id ?? null
    row?.item.setAttribute("aria-current", "true")
    if (!row || !this._following) return
    if (!this.rows.rowOf(document.activeElement)) this._enter(row.line.id)
    this.rows.bring(row)
  }

  // -- keys and buttons

  act(name) {
    const own = {
      compare: () => { this.compare.toggle(); this.bar.pressed(name, this.compare.on) },
      mandarin: () => { this.rows.mandarin = !this.rows.mandarin; this.rows.refresh(); this.bar.pressed(name, this.rows.mandarin) },
      history: () => showHistory(historyPage(this)),
      approve: () => (this.readOnly() ? this.reopen() : this.approve()),
    }
    return own[name] ? own[name]() : this.doing.act(name)
  }

  listen() {
    document.addEventListener("keydown", event => this._key(event))
    const lines = byId("lines")
    lines.addEventListener("pointerdown", () => { this._before = this.rows.rowOf(document.activeElement)?.line.id ?? null }, true)
    lines.addEventListener("keydown", event => { if (/^(Arrow|Home|End|Page)/.test(event.key)) this._idle = false })
    lines.addEventListener("focusin", event => {
      const row = this.rows.rowOf(event.target)
      if (row) this._enter(row.line.id)
    })
    lines.addEventListener("focusout", () => setTimeout(() => this._left()))
    for (const name of ["wheel", "touchmove"]) byId("scroller").addEventListener(name, () => this.sound.playing && this.follow(false), { passive: true })
    const sound = (name, act) => this.sound.addEventListener(name, act)
    sound("time", () => this._time())
    sound("seeked", () => { this._since = this.sound.time; this._time() })
    // The player's events come later, possibly after further input.
    sound("started", () => { this._idle = true; this._since = this.sound.time })
    sound("play", () => { this.bar.playing(true); this.follow(this._following) })
    sound("pause", () => { this.bar.playing(false); this.bar.following(true); this._time() })
    sound("ratechange", () => this.bar.speed(this.sound.speed))
    sound("broken", () => this.data.media && notice("sound", "声音放不出来。刷新一下；还是不行，看看原件还在不在。"))
  }

  _key(event) {
    if (isAsking()) return
    const name = asked(event)
    const target = event.target
    const row = this.rows.rowOf(target)
    const inText = row && target !== row.time && !target.closest("button")
    const plainKey = !event.ctrlKey && !event.altKey && !event.metaKey
    if (name && (inText || target === document.body || target.id === "main" || !(plainKey || (event.code === "Enter" && target.closest("button, a, input"))) || (event.key === "Escape" && !target.closest("#finding")))) {
      if (target.closest?.("#finding, dialog") && ["undo", "redo"].includes(name)) return
      event.preventDefault()
      this.act(name)
    } else if (inText && !event.isComposing && event.keyCode !== 229 && plainKey && !event.shiftKey) this._caretKey(event, row)
  }

  /** Keys that cross the borders of a line. */
  _caretKey(event, row) {
    if (!row.text.contains(event.target)) return
    const [from, to, length] = [caret(row.text), caret(row.text, true), row.text.textContent.length]
    const index = this.index(row.line.id)
    const [first, last] = [from === 0 && to === 0, from === length && to === length]
    const does = {
      Backspace: first && !this.readOnly() && (() => index > 0 && this.doing.join(index - 1)),
      Delete: last && !this.readOnly() && (() => this.doing.join(index)),
      ArrowUp: this.rows.atEdge(row, true) && (() => this.rows.step(row, true)),
      ArrowDown: this.rows.atEdge(row, false) && (() => this.rows.step(row, false)),
      ArrowLeft: first && (() => this._cross(row, true)),
      ArrowRight: last && (() => this._cross(row, false)),
    }[event.key]
    if (does && does() !== false) event.preventDefault()
  }

  _cross(row, back) {
    const next = this.lines()[this.index(row.line.id) + (back ? -1 : 1)]
    if (next) this.rows.focus(this.rows.row(next.id), back ? next.text.length : 0)
    return Boolean(next)
  }

  // -- saving, versions, approval

  async save() {
    this._left()
    if (await this.saver.flush()) tell("已保存")
  }

  /** Show lines that others have changed. */
  adopt(list, names) {
    list = unique(list)
    this.undo.adopt(list)
    this.rows.show(list)
    this.finding.again()
    this.count()
    this._wave()
    if (names.length) notice("merged", `${names.join("、")}也改了这份文稿，已经合在一起。`, ["知道了", found => found.remove()])
  }

  _findingPage() {
    return {
      lines: () => this.lines(),
      edit: list => this.edit(list),
      readOnly: () => this.readOnly(),
      mark: found => this.rows.mark(found),
      left: () => { const row = this.rows.row(this._current); if (row) row.text.focus({ preventScroll: true }) },
      go: (index, at, length, focus = true) => {
        const row = this.rows.row(this.lines()[index].id)
        if (focus) this.rows.focus(row, at, at + length)
        else this.rows.bring(row, false)
      },
    }
  }

  approve() {
    return approve(this)
  }

  reopen() {
    return reopen(this)
  }

  /** Make the page editable or read-only, depending on the recording. */
  shut() {
    const { approved_by: who, approved_on: day } = this.data
    const shut = this.readOnly()
    document.body.classList.toggle("shut", shut)
    notice("approved", shut ? `${who}在 ${day} 定了稿，现在只能听和看。` : "", ...(shut ? [["继续校对", () => this.reopen()]] : []))
    this.bar.readOnly(shut)
    this.rows.refresh()
    this.rows.show(this.lines())
    this._wave()
  }
}

function introduce({ title, kind, narrator, village, lesson, date, duration, written }) {
  document.title = `${title} · 校对`
  byId("title").textContent = title
  const facts = [kind === "motto" ? "家训" : lesson && `第 ${lesson} 课`, village, narrator, date, duration && clock(duration)]
  byId("facts").textContent = facts.filter(Boolean).join(" · ")
  if (written) notice("written", `这家人写下的：${written}`)
}

/** Fit lines and buttons into the space above an on-screen keyboard. */
function fit() {
  const view = window.visualViewport
  if (!view) return
  const measure = () => document.body.style.setProperty("--height", `${view.height}px`)
  view.addEventListener("resize", measure)
  measure()
}

async function start(id) {
  const address = `/api/recordings/${encodeURIComponent(id)}`
  const data = await api(`${address}?machine=later`)
  introduce(data)
  const editor = new Editor(id, data)
  editor.listen()
  editor.rows.show(editor.lines())
  if (data.segments.length) editor._enter(editor.lines()[0].id)
  else if (data.status !== "approved") notice("empty", "这段录音还没有文稿。", ["自己写第一行", found => { found.remove(); editor.edit([line({ start: 0, end: data.duration })]); editor.rows.focus(editor.rows.row(editor.lines()[0].id)) }])
  editor.count()
  editor.shut()
  state(editor, "saved")
  performance.mark("cunshi-ready")
  api(`${address}/machine`).then(({ words, machine }) => editor.knows(words, machine)).catch(error => tell(reason(error), "bad"))
  if (data.peaks) editor.wave.open(data.peaks)
  else document.body.classList.add("silent")
  const others = new Others(id, editor.saver.stash.tab, count => notice("company", count ? "这段录音在这台电脑的另一个标签页里也开着。两边都能改，改动会合在一起；最好只留一个。" : ""))
  await offer(editor, others)
}

fit()
header()
start(decodeURIComponent(location.pathname.split("/").at(-1))).catch(error => {
  byId("title").textContent = "打不开"
  notice("failed", reason(error), ["再试一次", () => location.reload()])
})

// Automatic saving. What is not yet on the server's disk is
// in this browser's storage, line by line, until it is.

import { api, Refused, renew } from "../shared/desk.js"
import { isSame, line, plain } from "./document.js"
import { adopted, joined, mergeParts } from "./merge.js"

const QUIET = 2000 // ms after the last change
const LATEST = 5000 // ms after the first change that is not saved
const RETRY = [2000, 4000, 8000, 15000]

/** The states shown in the status line. */
export const STATES = { saved: "已保存", changed: "还没保存", saving: "正在保存…", offline: "没连上，改动留在这台电脑里", conflict: "有一处两个人都改了", signedOut: "要重新登录", closed: "已定稿，改动没有存上", refused: "存不上" }

export class Saver {
  /**
   * `page` has: list() the lines now; ready() whether rows may change now (no input method at
   * work); sendable(list); adopt(list, names); conflict({parts, who, time}) → lines or null;
   * state(name, why); closed().
   */
  constructor(id, revision, segments, page) {
    Object.assign(this, { id, base: revision, _page: page, _tries: 0, _busy: null, _first: 0, _timer: 0, _held: false, _renewed: false })
    this.saved = segments
    this.stash = new Stash(id)
    addEventListener("online", () => this._dirty && this.flush())
    addEventListener("pagehide", () => this._keep())
    addEventListener("beforeunload", event => { if (this._dirty) event.preventDefault() })
  }

  get _dirty() {
    const list = this._page.list()
    return list !== this.saved && !(list.length === this.saved.length && list.every((each, n) => each === this.saved[n] || isSame(each, this.saved[n])))
  }

  get dirty() {
    return this._dirty
  }

  /** Schedule a save after a change. */
  changed() {
    this._keep()
    if (!this._dirty) return this._busy ? undefined : this._page.state("saved")
    this._first ||= performance.now()
    if (!this._busy && !this._tries && !this._held) this._page.state("changed")
    if (!this._tries && !this._held) this._plan(Math.min(QUIET, Math.max(0, this._first + LATEST - performance.now())))
    return undefined
  }

  /** Save now; returns true if everything is saved. */
  async flush() {
    clearTimeout(this._timer)
    await this._busy
    if (!this._dirty) return true
    this._busy = this._save().finally(() => { this._busy = null })
    await this._busy
    return !this._dirty
  }

  _plan(wait) {
    clearTimeout(this._timer)
    this._timer = setTimeout(() => this.flush(), wait)
  }

  _keep() {
    if (this._dirty) this.stash.keep(this.base, this.saved, this._page.list())
    else this.stash.forget()
  }

  async _save() {
    const sent = this._page.list()
    this._first = 0
    this._page.state("saving")
    try {
      const body = { base: this.base, segments: this._page.sendable(sent).map(plain), tab: this.stash.tab }
      const answer = await api(`/api/recordings/${this.id}/transcript`, { method: "PUT", body })
      await this.took(sent, answer)
      ;[this._tries, this._renewed] = [0, false]
    } catch (error) {
      await this._failed(error, sent)
    }
  }

  /** An answer of the server to lines that were sent: somebody else's changes may be in it. */
  async took(sent, { revision, merged, segments }) {
    if (!segments) {
      ;[this.base, this.saved] = [revision, sent]
    } else {
      await this._page.ready()
      const now = this._page.list()
      const theirs = adopted(sent, segments)
      const found = await this._together(sent, now, theirs, { who: (merged ?? []).join("、") })
      if (!found) return this._hold()
      ;[this.base, this.saved] = [revision, theirs]
      this._page.adopt(found, merged ?? [])
    }
    return this._settle()
  }

  _settle(wait = QUIET) {
    this._held = false
    this._keep()
    this._page.state(this._dirty ? "changed" : "saved")
    if (this._dirty) this._plan(wait)
  }

  /** Lines of two people as one list; asks where both changed the same. Null: nobody decided yet. */
  async _together(base, ours, theirs, about) {
    const parts = mergeParts(base, ours, theirs)
    const found = joined(parts)
    if (found) return found
    this._page.state("conflict")
    return this._page.conflict({ parts, ...about })
  }

  async _failed(error, sent) {
    if (!(error instanceof Refused)) return this._later("offline")
    if (error.status === 409 && error.data.segments) return this._conflict(error.data, sent)
    if (error.status === 401) return this._later("signedOut")
    if (error.status === 403 && !this._renewed) {
      // The desk was started anew and gives other tokens now.
      this._renewed = true
      await renew().catch(() => {})
      return this._later("changed", 0)
    }
    if (error.status === 423) {
      this._page.state("closed")
      return this._page.closed(error.data)
    }
    return this._later(error.status >= 500 || error.status === 409 ? "offline" : "refused", RETRY.at(-1), [error.message, error.data.remedy].filter(Boolean).join("，"))
  }

  _later(state, wait = RETRY[Math.min(this._tries, RETRY.length - 1)], why = "") {
    this._tries++
    this._page.state(state, why)
    this._plan(wait)
  }

  async _conflict({ revision, segments, base, who, time }) {
    await this._page.ready()
    const now = this._page.list()
    const began = adopted(this.saved, base)
    const theirs = adopted(began, segments)
    const found = await this._together(began, now, theirs, { who, time })
    if (!found) return this._hold()
    ;[this.base, this.saved, this._tries] = [revision, theirs, 0]
    this._page.adopt(found, [])
    return this._settle(0)
  }

  /** Somebody closed the question unanswered: everything stays here, and they are asked again when they save. */
  _hold() {
    this._held = true
    this._page.state("conflict")
  }
}

/** What is not saved yet, in the browser's storage, a piece for each page that is open. */
export class Stash {
  constructor(id) {
    this._prefix = `cunshi-unsaved ${id} `
    this.tab = crypto.randomUUID?.() ?? String(Math.random()).slice(2)
  }

  /** Keep the lines that differ from what the server has. */
  keep(base, saved, list) {
    let head = 0
    while (head < saved.length && head < list.length && saved[head] === list[head]) head++
    let tail = 0
    const least = Math.min(saved.length, list.length) - head
    while (tail < least && saved[saved.length - 1 - tail] === list[list.length - 1 - tail]) tail++
    const lines = list.slice(head, list.length - tail).map(plain)
    const text = JSON.stringify({ base, head, tail, lines, time: new Date().toISOString() })
    try {
      localStorage.setItem(this._prefix + this.tab, text)
    } catch {
      // Full or forbidden: the server has what was saved, and the page what was not.
    }
  }

  forget(tab = this.tab) {
    try {
      localStorage.removeItem(this._prefix + tab)
    } catch { /* forbidden */ }
  }

  /** The unsaved lines of closed pages: [{tab, base, head, tail, lines, time}]. */
  left(open) {
    const found = []
    try {
      for (const key of Object.keys(localStorage)) {
        const tab = key.startsWith(this._prefix) && key.slice(this._prefix.length)
        if (tab && tab !== this.tab && !open.has(tab)) found.push({ tab, ...JSON.parse(localStorage.getItem(key)) })
      }
    } catch { /* forbidden, or not ours */ }
    return found.sort((a, b) => (a.time < b.time ? -1 : 1))
  }
}

/** All lines of a closed page: those it started from with its changes. */
export function restored(left, began) {
  const base = began.map(each => line(each))
  return { base, list: [...base.slice(0, left.head), ...left.lines.map(each => line(each)), ...base.slice(base.length - left.tail)] }
}

/** Track other pages of this browser with the same recording. */
export class Others {
  constructor(id, tab, onCompany) {
    this.open = new Set()
    if (!("BroadcastChannel" in window)) return
    const channel = new BroadcastChannel(`cunshi ${id}`)
    channel.onmessage = ({ data: { from, kind } }) => {
      const before = this.open.size
      if (kind === "gone") this.open.delete(from)
      else this.open.add(from)
      if (kind === "hello") channel.postMessage({ from: tab, kind: "here" })
      if (before !== this.open.size) onCompany(this.open.size)
    }
    channel.postMessage({ from: tab, kind: "hello" })
    addEventListener("pagehide", () => channel.postMessage({ from: tab, kind: "gone" }))
  }

  /** Resolves when all other open pages have answered. */
  async settled() {
    await new Promise(done => setTimeout(done, 250))
    return this.open
  }
}

// Audio: the browser's player, and a waveform once its peaks are available.

import { api } from "../shared/desk.js"

const SPEEDS = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2]
const HEIGHT = 72 // pixels of the waveform
const ZOOM = 80 // pixels per second, enough to see syllables
const ASK_AGAIN = 1500 // ms

export class Sound extends EventTarget {
  constructor(audio, address) {
    super()
    this.audio = audio
    this._until = Infinity
    audio.src = address
    for (const name of ["play", "pause", "seeked", "ratechange"]) audio.addEventListener(name, () => this._tell(name))
    audio.addEventListener("play", () => this._tick())
    audio.addEventListener("error", () => this._tell("broken"))
    this._mediaKeys()
  }

  get time() {
    return this.audio.currentTime
  }

  get playing() {
    return !this.audio.paused && !this.audio.ended
  }

  get speed() {
    return this.audio.playbackRate
  }

  seek(time) {
    this._until = Infinity
    this.audio.currentTime = Math.max(0, time)
  }

  /** Play, optionally from a time and until another. */
  play(from = null, until = Infinity) {
    if (from !== null) this.seek(from)
    this._until = until
    this._tell("started")
    // Browsers block playback before the first input; the next key tries again.
    this.audio.play().catch(() => this._tell("pause"))
  }

  pause() {
    this.audio.pause()
  }

  step(seconds) {
    this.seek(this.time + seconds)
  }

  faster(by) {
    const at = SPEEDS.reduce((best, speed, n) => (Math.abs(speed - this.speed) < Math.abs(SPEEDS[best] - this.speed) ? n : best), 0)
    this.audio.preservesPitch = true
    this.audio.playbackRate = SPEEDS[Math.min(Math.max(at + by, 0), SPEEDS.length - 1)]
  }

  _tell(name) {
    this.dispatchEvent(new Event(name))
  }

  _tick() {
    if (!this.playing) return
    if (this.time >= this._until) this.pause()
    this._tell("time")
    requestAnimationFrame(() => this._tick())
  }

  /** Media keys and foot pedals. */
  _mediaKeys() {
    const session = navigator.mediaSession
    if (!session) return
    const set = (name, act) => { try { session.setActionHandler(name, act) } catch { /* unknown to this browser */ } }
    set("seekbackward", () => this.step(-2))
    set("seekforward", () => this.step(2))
  }
}

/** A waveform with the current line as a range whose edges can be dragged. */
export class Wave {
  /** `onMove(id, start, end)` is called after dragging; `room(id)` returns the allowed range. */
  constructor(place, sound, { onMove, room }) {
    Object.assign(this, { _place: place, _sound: sound, _onMove: onMove, _room: room, _shown: null, _fixed: false })
  }

  /** Request the peaks until they are available; the page works without them. */
  async open(address) {
    const note = this._place.querySelector(".waiting")
    for (;;) {
      const found = await api(address).catch(() => null)
      if (found?.peaks) return this._draw(found, note)
      if (!found) {
        note.textContent = "波形画不出来，不影响听和改。"
        return undefined
      }
      note.textContent = `正在画波形… ${Math.round((found.done ?? 0) * 100)}%`
      await new Promise(done => setTimeout(done, ASK_AGAIN))
    }
  }

  async _draw({ peaks, duration }, note) {
    const [{ default: WaveSurfer }, { default: Regions }] = await Promise.all([
      import("../vendor/wavesurfer.esm.js"), import("../vendor/wavesurfer-regions.esm.js"),
    ])
    const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name)
    const most = peaks.reduce((a, b) => Math.max(a, b), 1)
    this._regions = Regions.create()
    // Built detached, because the page's CSP would block its style element.
    const aside = document.createElement("div")
    this._surfer = WaveSurfer.create({
      container: aside, media: this._sound.audio, height: HEIGHT, minPxPerSec: ZOOM, hideScrollbar: false,
      peaks: [Float32Array.from(peaks, each => each / most)], duration, plugins: [this._regions],
      waveColor: resolved(colour("--soft")), progressColor: resolved(colour("--green")), cursorColor: resolved(colour("--red")),
      cursorWidth: 2, barWidth: 2, barGap: 1, barRadius: 1, autoCenter: false,
    })
    withoutStyleElement(aside.firstElementChild.shadowRoot)
    const scroll = aside.firstElementChild.shadowRoot.querySelector(".scroll")
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "波形，左右键移动"]]) scroll.setAttribute(name, value)
    note.remove()
    this._place.querySelector(".shape").append(aside)
    this._regions.on("region-updated", region => this._moved(region))
    this._surfer.on("ready", () => this._again())
    this._watchColours()
    this._again()
  }

  _watchColours() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      const colour = name => resolved(getComputedStyle(document.documentElement).getPropertyValue(name))
      this._surfer.setOptions({ waveColor: colour("--soft"), progressColor: colour("--green"), cursorColor: colour("--red") })
    })
  }

  /** Show a line as a range, which is not draggable if `fixed`. */
  show(found, fixed = false) {
    this._shown = found
    this._fixed = fixed
    this._again()
  }

  _again() {
    if (!this._surfer || !this._shown || !this._surfer.getDuration()) return
    const { id, start, end } = this._shown
    if (this._region && this._id === id && this._was === this._fixed) this._region.setOptions({ start, end })
    else {
      this._region?.remove()
      this._region = this._regions.addRegion({ start, end, drag: false, resize: !this._fixed, minLength: 0.05, color: "rgb(200 150 40 / .25)" })
      ;[this._id, this._was] = [id, this._fixed]
    }
    this._bring(start, end)
  }

  _bring(start, end) {
    const [width, scroll] = [this._surfer.getWidth() / ZOOM, this._surfer.getScroll() / ZOOM]
    if (!this._sound.playing && (start < scroll || Math.min(end, start + width) > scroll + width)) {
      this._surfer.setScrollTime(Math.max(0, start - width / 8))
    }
  }

  _moved(region) {
    const { from, to } = this._room(this._id)
    const [start, end] = [Math.max(region.start, from), Math.min(region.end, to)]
    if (start !== region.start || end !== region.end) region.setOptions({ start, end })
    this._onMove(this._id, start, end)
  }
}

/** A canvas does not support light-dark(). */
function resolved(colour) {
  const probe = document.createElement("span")
  probe.style.color = colour
  document.body.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}

function withoutStyleElement(root) {
  const style = root.querySelector("style")
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(style.textContent)
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
  style.remove()
}

/* Listening and reading along. A classic script without requests, so that it works from a disk.
   Without it every player still plays and every transcript still reads. */

(function () {
  "use strict"

  const FOLLOW_AGAIN = 4000 // Milliseconds before a reader who scrolled is led back to the voice.
  const LATE = 1.5 // Seconds into a line after which "the line before" means its own beginning.
  const SLOW = 0.8
  const calm = matchMedia("(prefers-reduced-motion: reduce)")

  function clock(time) {
    const two = n => String(n).padStart(2, "0")
    const hours = Math.floor(time / 3600), minutes = Math.floor(time / 60) % 60
    return (hours ? `${hours}:${two(minutes)}` : minutes) + ":" + two(Math.floor(time) % 60)
  }

  class Listening {
    constructor(root) {
      this.audio = root.querySelector("audio")
      this.keys = root.querySelector(".cs-player__keys")
      this.cite = document.querySelector("[data-cs-cite]")
      this.remark = root.querySelector(".cs-player__remark")
      this.hint = this.remark && this.remark.textContent
      this.lines = Array.from(root.querySelectorAll(".cs-line"))
      this.starts = this.lines.map(line => Number(line.dataset.start))
      this.at = -1 // The line that is spoken.
      this.waiting = null // A time to go to as soon as the browser knows the recording.
      this.scrolled = 0
      this.bindAudio()
      this.bindKeys()
      this.bindTranscript(root.querySelector(".cs-transcript"))
      this.goToLink()
    }

    bindAudio() {
      this.audio.addEventListener("timeupdate", () => {
        if (this.waiting === null) this.show(this.lineAt(this.audio.currentTime))
      })
      this.audio.addEventListener("loadedmetadata", () => {
        if (this.waiting !== null) this.audio.currentTime = this.waiting
        this.waiting = null
      })
    }

    bindKeys() {
      const toggle = this.keys.querySelector("[data-cs-key=toggle]")
      const label = () => { toggle.textContent = this.audio.paused ? "播放" : "暂停" }
      this.audio.addEventListener("play", label)
      this.audio.addEventListener("pause", label)
      this.keys.hidden = false
      if (this.remark) this.remark.hidden = false
      this.keys.addEventListener("click", event => {
        const key = event.target.closest("[data-cs-key]")
        if (key) this[key.dataset.csKey](key)
      })
    }

    bindTranscript(transcript) {
      transcript.addEventListener("click", event => this.tapped(event))
      transcript.addEventListener("keydown", event => this.typed(event))
      for (const gesture of ["wheel", "touchmove"])
        addEventListener(gesture, () => { this.scrolled = Date.now() }, { passive: true })
      addEventListener("hashchange", () => { if (location.hash.startsWith("#t=")) this.goToLink() })
      if (this.lines.length) this.reach(this.lines[0])
    }

    // The keys below the player: back, toggle, next, slow.

    back() {
      const begun = this.audio.currentTime - (this.starts[this.at] || 0) > LATE
      this.playLine(begun ? this.at : this.at - 1)
    }

    toggle() {
      if (this.audio.paused) this.play()
      else this.audio.pause()
    }

    next() {
      this.playLine(this.at + 1)
    }

    slow(key) {
      const slow = key.getAttribute("aria-pressed") !== "true"
      this.audio.defaultPlaybackRate = this.audio.playbackRate = slow ? SLOW : 1
      key.setAttribute("aria-pressed", String(slow))
    }

    play() {
      const started = this.audio.play()
      if (started) started.catch(() => {}) // The player itself shows that it can't play.
    }

    playLine(index) {
      if (!this.lines.length) return
      this.seek(this.starts[Math.max(0, Math.min(index, this.lines.length - 1))])
      this.play()
    }

    seek(time) {
      if (this.audio.readyState) this.audio.currentTime = time
      else this.waiting = time
      this.scrolled = 0
      this.show(this.lineAt(time))
    }

    lineAt(time) {
      let index = this.starts.length - 1
      while (index >= 0 && this.starts[index] > time + 0.05) index--
      return index
    }

    show(index) {
      if (index === this.at) return
      if (this.lines[this.at]) this.lines[this.at].removeAttribute("aria-current")
      this.at = index
      const line = this.lines[index]
      if (!line) return
      line.setAttribute("aria-current", "true")
      this.explain(line)
      if (document.activeElement !== this.reached) this.reach(line)
      if (this.cite) this.cite.textContent = clock(this.starts[index])
      if (Date.now() - this.scrolled > FOLLOW_AGAIN)
        line.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" })
    }

    // What the marks of a line mean: a finger cannot hover, so their titles are shown here too.
    explain(line) {
      if (!this.remark) return
      const titles = Array.from(line.querySelectorAll("[title]"), mark => mark.title)
      this.remark.textContent = titles.length ? titles.join("；") : this.hint
      this.remark.toggleAttribute("data-cs-told", titles.length > 0)
    }

    // Only one line is in the order of the Tab key; the arrow keys go on from there.
    reach(line) {
      if (this.reached) this.reached.removeAttribute("tabindex")
      this.reached = line
      line.tabIndex = 0
    }

    tapped(event) {
      const time = event.target.closest("a[href^='#t=']"), line = event.target.closest(".cs-line")
      if (time) {
        event.preventDefault()
        history.replaceState(null, "", time.getAttribute("href"))
        this.goToLink()
        this.play()
      } else if (line && getSelection().isCollapsed) {
        this.playLine(this.lines.indexOf(line))
      }
    }

    typed(event) {
      const index = this.lines.indexOf(event.target)
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
      if (index < 0 || !(step || event.key === "Enter" || event.key === " ")) return
      event.preventDefault()
      const line = this.lines[index + (step || 0)]
      if (!line) return
      if (!step) return this.playLine(index)
      this.reach(line)
      line.focus()
      this.explain(line)
    }

    // "#t=12.5" goes to that second, "?h=" of a search to the first line that has its words, at
    // or after that second. Neither plays: that takes a tap.
    goToLink() {
      const time = /^#t=(\d+(?:\.\d+)?)/.exec(location.hash)
      const words = fold(new URLSearchParams(location.search).get("h") || "").split(/\s+/)
      const start = time ? Number(time[1]) : -1
      const line = this.lineWith(words.filter(Boolean), start)
      if (line) this.seek(Number(line.dataset.start))
      else if (time) this.seek(start)
    }

    // A word may begin in one line and end in the next of its paragraph.
    lineWith(words, start) {
      if (!words.length) return null
      const paragraphs = Array.from(new Set(this.lines.map(line => line.closest(".cs-paragraph"))))
      for (const paragraph of paragraphs) {
        const lines = Array.from(paragraph.querySelectorAll(".cs-line"))
        const linked = Number(lines[0].dataset.start) === start
        if (start >= 0 && !linked) continue
        const texts = lines.map(line => fold(wordsOf(line))), text = texts.join("")
        if (!words.every(word => text.includes(word)) && !linked) continue
        const places = words.map(word => text.indexOf(word)).filter(at => at >= 0)
        let end = 0
        const first = Math.min(...places)
        const found = lines.find((line, index) => (end += texts[index].length) > first)
        if (found) return found
      }
      return null
    }
  }

  /** A line's words as the search knows them, without its marks. */
  function wordsOf(line) {
    const copy = line.cloneNode(true)
    for (const mark of copy.querySelectorAll(".cs-doubt, .cs-mandarin__label")) mark.remove()
    return copy.textContent
  }

  /** Full-width and capital letters as ordinary ones, like search-worker.js. */
  function fold(text) {
    let folded = ""
    for (const character of text) {
      const simple = character.normalize("NFKC").toLowerCase()
      folded += simple.length === character.length ? simple : character
    }
    return folded
  }

  // One voice at a time.
  document.addEventListener("play", event => {
    for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause()
  }, true)

  for (const root of document.querySelectorAll("[data-cs-listen]"))
    if (root.querySelector("audio")) new Listening(root)
})()

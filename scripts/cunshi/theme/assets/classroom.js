/* Classroom mode: a lesson as large steps, one a screen, for a projector. Each section is a step,
   and so is each voice in it and each question of the quiz. */

(function () {
  "use strict"

  const cunshi = window.cunshi
  if (!cunshi) return
  const { element, button } = cunshi
  const root = document.documentElement, article = document.querySelector(".md-content__inner")
  const SKIPPED = ".cs-turn, .cs-answers, .cs-poster, .cs-plan, .cs-sheet-head, #cs-study, .cs-kit, #sources, .cs-sources, .md-source-file"
  const SWIPE = 60 // Pixels that a finger must go sideways.

  function isVoice(part) {
    return part.matches("figure:not(.cs-map), .cs-clip, .cs-accounts") || Boolean(part.querySelector(":scope > .cs-clip"))
  }

  function wordsOf(heading) {
    const copy = heading.cloneNode(true)
    for (const extra of copy.querySelectorAll(".headerlink, .cs-kicker")) extra.remove()
    return copy.textContent.trim()
  }

  class Classroom {
    constructor() {
      this.steps = null
      this.bar = element("div", "cs-class")
      this.bar.hidden = true
      this.bar.setAttribute("role", "group")
      this.bar.setAttribute("aria-label", "课堂模式")
      this.where = element("p", "cs-class__where")
      this.where.setAttribute("role", "status")
      this.line = element("div", "cs-class__line")
      this.back = button("上一步", () => this.go(-1))
      this.next = button("下一步", () => this.go(1), true)
      this.full = button("全屏", () => this.fullscreen())
      this.full.hidden = !document.fullscreenEnabled
      this.bar.append(this.line, this.back, this.where, this.next, this.full, button("退出", () => this.leave()))
      document.body.append(this.bar)
      document.addEventListener("keydown", event => this.typed(event))
      document.addEventListener("fullscreenchange", () => {
        this.full.textContent = document.fullscreenElement ? "不全屏" : "全屏"
      })
      this.bindTouch()
    }

    enter() {
      if (this.steps) return
      this.opener = document.activeElement
      this.y = scrollY
      this.steps = this.divide()
      root.classList.add("cs-lecture")
      this.bar.hidden = false
      this.show(0)
      if (!document.fullscreenElement) this.fullscreen()
    }

    leave() {
      if (!this.steps) return
      for (const part of article.querySelectorAll(".cs-aside")) part.classList.remove("cs-aside")
      this.steps = null
      this.bar.hidden = true
      root.classList.remove("cs-lecture")
      scrollTo(0, this.y)
      if (this.opener) this.opener.focus({ preventScroll: true })
      // The window is as large again as it was when the place was noted.
      if (document.fullscreenElement) document.exitFullscreen().then(() => scrollTo(0, this.y), () => {})
    }

    // Steps are {title, parts}. Everything is put aside but for the parts of the step that is shown.
    divide() {
      const steps = []
      let title = "", alone = true // Whether what comes next begins a step.
      for (const part of article.children) {
        part.classList.add("cs-aside")
        if (part.matches(SKIPPED) || (part.matches(".cs-teacher") && !cunshi.isTeaching())) continue
        const heading = part.matches("h1, h2"), voice = isVoice(part)
        if (heading) title = wordsOf(part)
        if (part.matches("[data-cs-quiz]")) steps.push(...this.divideQuiz(part, steps.pop().parts, title))
        else if (heading || voice || alone) steps.push({ title, parts: [part] })
        else steps[steps.length - 1].parts.push(part)
        alone = voice || part.matches("[data-cs-quiz]")
      }
      return steps
    }

    // The heading stands above each question.
    divideQuiz(quiz, heading, title) {
      return Array.from(quiz.querySelectorAll(".cs-question"), (question, index) => {
        question.classList.add("cs-aside")
        return { title: `${title} ${index + 1}`, parts: [...heading, quiz, question] }
      })
    }

    show(index) {
      const step = this.steps[index]
      if (!step) return
      this.at = index
      for (const audio of document.querySelectorAll("audio")) audio.pause()
      for (const other of this.steps) for (const part of other.parts) part.classList.add("cs-aside")
      for (const part of step.parts) part.classList.remove("cs-aside")
      this.where.textContent = `${step.title}　${index + 1} / ${this.steps.length}`
      this.line.style.setProperty("--done", (index + 1) / this.steps.length)
      this.back.disabled = index === 0
      this.next.disabled = index === this.steps.length - 1
      scrollTo(0, 0)
      // The keyboard and a screen reader go on from what is now on the screen.
      step.parts[0].tabIndex = -1
      step.parts[0].focus({ preventScroll: true })
    }

    go(by) {
      this.show(this.at + by)
    }

    // A clicker sends PageUp and PageDown. A key that an element itself needs stays with it.
    typed(event) {
      if (!this.steps || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return
      const own = event.target.closest("input, audio, button, a, summary, [role=button]")
      const always = { PageDown: 1, PageUp: -1 }[event.key]
      const step = { ArrowRight: 1, ArrowLeft: -1, " ": event.shiftKey ? -1 : 1 }[event.key]
      const inBar = own && this.bar.contains(own) && event.key !== " "
      if (event.key === "Escape") this.leave()
      else if (always || (step && (!own || inBar))) this.go(always || step)
      else if (event.key === "Home" && !own) this.show(0)
      else if (event.key === "End" && !own) this.show(this.steps.length - 1)
      else return
      event.preventDefault()
    }

    bindTouch() {
      let from = null
      addEventListener("touchstart", event => {
        const touch = event.touches[0], own = event.target.closest("audio, input, table")
        from = this.steps && event.touches.length === 1 && !own ? touch : null
      }, { passive: true })
      addEventListener("touchend", event => {
        if (!from || !this.steps) return
        const to = event.changedTouches[0], across = to.clientX - from.clientX
        if (Math.abs(across) > SWIPE && Math.abs(across) > 2 * Math.abs(to.clientY - from.clientY))
          this.go(across < 0 ? 1 : -1)
      }, { passive: true })
    }

    // Where it is refused the steps do without it.
    fullscreen() {
      if (!document.fullscreenEnabled) return
      const change = document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()
      change.catch(() => {})
    }
  }

  const classroom = new Classroom()
  document.querySelector("[data-cs-tool=class]").addEventListener("click", () => classroom.enter())
})()

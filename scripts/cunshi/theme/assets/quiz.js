/* The quiz of a lesson: one question after the other may be checked, heard again and tried again.
   Without this script the questions read and the answers stand at the end of the page. */

(function () {
  "use strict"

  const cunshi = window.cunshi, root = document.querySelector("[data-cs-quiz]")
  if (!cunshi || !root) return
  const { lesson, memory, element, button } = cunshi

  class Question {
    constructor(fieldset, index, changed) {
      this.fieldset = fieldset
      this.changed = changed
      this.right = false
      this.radios = Array.from(fieldset.querySelectorAll("input"))
      const why = document.querySelectorAll(".cs-answers__list > li")[index].querySelector(".cs-answers__why")
      this.why = why ? why.textContent : ""
      this.check = button("看看对不对", () => this.judge())
      this.told = element("p", "cs-question__told")
      this.told.setAttribute("role", "status")
      this.clip = fieldset.querySelector(".cs-question__clip")
      if (this.clip) this.clip.hidden = true
      fieldset.append(this.told, this.check)
      if (this.clip) this.check.before(this.clip)
      fieldset.addEventListener("change", () => this.choose())
      fieldset.addEventListener("keydown", event => {
        if (event.key !== "Enter" || event.target.type !== "radio") return
        event.preventDefault()
        this.judge()
      })
      this.mark()
    }

    get chosen() {
      return this.radios.find(radio => radio.checked)
    }

    get answer() {
      return this.radios[Number(this.fieldset.dataset.answer)]
    }

    choose() {
      if (this.right) return
      this.say("", "")
    }

    judge() {
      if (this.right) return
      if (!this.chosen) return this.say("先选一个答案。", "")
      if (this.chosen === this.answer) {
        this.succeed()
        this.changed()
      } else {
        this.say(this.clip ? "还不对。听一听这一段，再选一次。" : "还不对。再想一想，重新选一次。", "wrong")
        if (this.clip) this.offerClip()
      }
    }

    succeed() {
      this.right = true
      this.answer.checked = true
      this.say(`答对了！${this.why}`, "right")
      // Focus would be lost with the button that was pressed.
      const held = document.activeElement === this.check
      this.check.hidden = true
      if (held) this.answer.focus()
      for (const radio of this.radios) radio.disabled = radio !== this.answer
    }

    offerClip() {
      const link = this.clip.querySelector("a")
      if (link) {
        const audio = element("audio", "cs-audio")
        Object.assign(audio, { controls: true, preload: "none", src: link.getAttribute("href") })
        audio.setAttribute("aria-label", "再听一遍这一段")
        link.replaceWith(audio)
      }
      this.clip.hidden = false
    }

    say(text, state) {
      this.told.textContent = text
      this.fieldset.dataset.state = state
    }

    reset() {
      this.right = false
      this.check.hidden = false
      if (this.clip) this.clip.hidden = true
      for (const radio of this.radios) Object.assign(radio, { checked: false, disabled: false })
      this.say("", "")
    }

    // The teacher sees which choice is right.
    mark() {
      const choice = this.answer.closest(".cs-choice")
      choice.classList.toggle("cs-choice--right", cunshi.isTeaching())
    }
  }

  const score = element("p", "cs-quiz__score")
  score.setAttribute("role", "status")
  const again = button("重做一遍", reset)
  const foot = element("div", "cs-quiz__foot")
  foot.append(score, again)
  root.append(foot)
  const questions = Array.from(
    root.querySelectorAll(".cs-question"), (fieldset, index) => new Question(fieldset, index, save))

  function right() {
    return questions.filter(question => question.right).length
  }

  function save() {
    const { answered = {}, done = {} } = memory.read()
    answered[lesson.number] = questions.flatMap((question, index) => question.right ? [index] : [])
    if (right() === questions.length) done[lesson.number] = true
    memory.write({ answered, done })
  }

  function reset() {
    questions.forEach(question => question.reset())
    const { answered = {} } = memory.read()
    delete answered[lesson.number]
    memory.write({ answered })
    questions[0].radios[0].focus()
  }

  function tell() {
    const count = right(), all = questions.length
    score.textContent = count === all ? `${all} 题全答对了，真棒！` : `答对 ${count} 题，一共 ${all} 题`
    again.hidden = !count
  }

  function recall() {
    const answered = (memory.read().answered || {})[lesson.number] || []
    questions.forEach((question, index) => {
      if (answered.includes(index) && !question.right) question.succeed()
      if (!answered.includes(index) && question.right) question.reset()
    })
    tell()
  }

  document.addEventListener("cs-progress", recall)
  document.addEventListener("cs-mode", () => questions.forEach(question => question.mark()))
  recall()
})()

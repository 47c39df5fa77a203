/* The lesson page's own tools: what is remembered on this device, the teacher's mode, the worksheet,
   and key words that explain themselves. Classic scripts without requests, so that they work from a
   disk; the page reads without them. Loaded before quiz.js, poster.js and classroom.js. */

window.cunshi = (function () {
  "use strict"

  const source = document.getElementById("cs-study")
  if (!source) return null
  const lesson = JSON.parse(source.dataset.csLesson)
  const root = document.documentElement

  // Nothing leaves this device. A browser that keeps nothing still runs the quiz.
  const memory = {
    key: `cunshi:${lesson.course}`,
    held: {},
    read() {
      try {
        return JSON.parse(localStorage.getItem(this.key)) || {}
      } catch {
        return this.held
      }
    },
    write(changes) {
      this.held = { ...this.read(), ...changes }
      try {
        localStorage.setItem(this.key, JSON.stringify(this.held))
      } catch { /* Kept until the page is left. */ }
      document.dispatchEvent(new Event("cs-progress"))
    },
    clear() {
      this.held = {}
      try {
        localStorage.removeItem(this.key)
      } catch { /* There was nothing. */ }
      document.dispatchEvent(new Event("cs-progress"))
    },
  }

  function element(tag, classes, text) {
    const made = document.createElement(tag)
    if (classes) made.className = classes
    if (text) made.textContent = text
    return made
  }

  function button(label, act, main) {
    const made = element("button", main ? "cs-key cs-key--main" : "cs-key", label)
    made.type = "button"
    made.addEventListener("click", act)
    return made
  }

  // --- The teacher's mode

  function teach(on) {
    root.classList.toggle("cs-teaching", on)
    document.querySelector("[data-cs-tool=teacher]").setAttribute("aria-pressed", String(on))
    for (const part of document.querySelectorAll(".cs-teacher, .cs-answers")) part.open = on
    document.dispatchEvent(new Event("cs-mode"))
  }

  function isTeaching() {
    return root.classList.contains("cs-teaching")
  }

  function toggleTeaching() {
    teach(!isTeaching())
    memory.write({ teacher: isTeaching() })
  }

  // --- The worksheet: the quiz and the parts that pupils answer on paper

  function markSheet() {
    let wanted = false
    for (const part of document.querySelector(".md-content__inner").children) {
      if (part.tagName === "H2") wanted = /^(想一想|回家任务)/.test(part.textContent)
      if (part.matches(".cs-turn, .cs-answers, .cs-poster")) continue
      part.toggleAttribute("data-cs-sheet", wanted || part.matches("h1, .cs-sheet-head, .cs-quiz, #quiz"))
    }
  }

  function printSheet() {
    root.classList.add("cs-worksheet")
    addEventListener("afterprint", () => root.classList.remove("cs-worksheet"), { once: true })
    print()
  }

  // --- Key words

  function meanings() {
    const found = new Map()
    for (const term of document.querySelectorAll(".cs-terms .cs-term")) {
      const word = term.querySelector("dt a") || term.querySelector("dt"), meaning = term.querySelector("dd")
      if (meaning) found.set(word.textContent.trim(), meaning.textContent.trim())
    }
    return found
  }

  // The paragraphs of the body, which the list of words ends. Voices, links and headings keep as
  // they are.
  function bodyTexts() {
    const end = document.getElementById("words"), texts = []
    const walker = document.createTreeWalker(document.querySelector(".md-content__inner"), NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const node = walker.currentNode, parent = node.parentElement
      if (end && end.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING) break
      const within = "p, li, td", without = "a, button, figure, fieldset, details, h1, [class^='cs-']"
      if (parent.closest(within) && !parent.closest(without)) texts.push(node)
    }
    return texts
  }

  function explainWords() {
    const words = meanings()
    if (!words.size) return
    const escaped = Array.from(words.keys(), word => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    // The longest first, so that a word is not found inside a longer one.
    const pattern = new RegExp(escaped.sort((a, b) => b.length - a.length).join("|"), "g")
    for (const node of bodyTexts()) wrapWords(node, pattern, words)
  }

  function wrapWords(node, pattern, words) {
    const text = node.textContent, parts = []
    let from = 0
    for (const match of text.matchAll(pattern)) {
      if (!words.has(match[0])) continue
      parts.push(text.slice(from, match.index), wordMark(match[0], words.get(match[0])))
      words.delete(match[0]) // Only where it first appears.
      from = match.index + match[0].length
    }
    if (parts.length) node.replaceWith(...parts, text.slice(from))
  }

  // A span, because a button would not break at the end of a line.
  function wordMark(word, meaning) {
    const mark = element("span", "cs-word", word)
    mark.tabIndex = 0
    mark.setAttribute("role", "button")
    mark.setAttribute("aria-expanded", "false")
    mark.dataset.csMeaning = meaning
    return mark
  }

  const tip = element("div", "cs-tip")
  let shown = null

  function showTip(mark) {
    if (shown) shown.setAttribute("aria-expanded", "false")
    if (shown) shown.removeAttribute("aria-describedby")
    shown = mark
    tip.hidden = !mark
    if (!mark) return
    tip.textContent = mark.dataset.csMeaning
    mark.setAttribute("aria-expanded", "true")
    mark.setAttribute("aria-describedby", "cs-tip")
    const place = mark.getClientRects()[0], width = document.documentElement.clientWidth
    tip.style.left = `${Math.max(8, Math.min(place.left, width - tip.offsetWidth - 8)) + scrollX}px`
    tip.style.top = `${place.bottom + scrollY}px`
  }

  function bindWords() {
    tip.id = "cs-tip"
    tip.setAttribute("role", "tooltip")
    tip.hidden = true
    document.body.append(tip)
    const marked = event => event.target.closest && event.target.closest(".cs-word")
    document.addEventListener("pointerover", event => {
      if (event.pointerType === "mouse" && marked(event)) showTip(marked(event))
    })
    document.addEventListener("pointerout", event => {
      const to = event.relatedTarget
      if (event.pointerType === "mouse" && shown && !(to && to.closest && to.closest(".cs-word, .cs-tip"))) showTip(null)
    })
    document.addEventListener("focusin", event => showTip(marked(event)))
    document.addEventListener("click", event => {
      if (!event.target.closest(".cs-tip")) showTip(marked(event))
    })
    document.addEventListener("keydown", event => {
      if (event.key === "Escape" && shown) {
        event.stopImmediatePropagation()
        showTip(null)
      } else if ((event.key === "Enter" || event.key === " ") && marked(event)) {
        event.preventDefault()
        showTip(shown === marked(event) ? null : marked(event))
      }
    })
  }

  root.classList.add("cs-study")
  markSheet()
  explainWords()
  bindWords()
  document.querySelector("[data-cs-tools]").hidden = false
  document.querySelector("[data-cs-tool=teacher]").addEventListener("click", toggleTeaching)
  const sheet = document.querySelector("[data-cs-tool=sheet]")
  sheet.hidden = !document.querySelector("[data-cs-quiz]")
  sheet.addEventListener("click", printSheet)
  teach(Boolean(memory.read().teacher))

  return { lesson, memory, element, button, isTeaching }
})()

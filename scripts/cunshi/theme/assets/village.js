/* The site around the lessons: choose whose mottoes to see, print a poster, leave past events out.
   A classic script without requests. Without it every motto and every event is shown. */

(function () {
  "use strict"

  /** Buttons in place of links: one village's mottoes, or all. */
  function filter(nav) {
    const links = Array.from(nav.querySelectorAll("a"))
    const cards = Array.from(document.querySelectorAll("[data-cs-group]"))
    const choices = [["全部", ""], ...links.map(link => [link.textContent, link.hash.slice(1)])]
    const buttons = choices.map(function ([name, group]) {
      const button = document.createElement("button")
      button.type = "button"
      button.className = "cs-chip"
      button.textContent = name
      button.addEventListener("click", () => choose(group))
      return button
    })
    function choose(chosen) {
      for (const card of cards) card.hidden = Boolean(chosen) && card.dataset.csGroup !== chosen
      buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(choices[index][1] === chosen)))
    }
    nav.replaceChildren(...buttons)
    choose(choices.some(([, group]) => `#${group}` === location.hash) ? location.hash.slice(1) : "")
  }

  /** A site may be older than its events: what is over is told apart, or left out where few fit. */
  function sort(list) {
    const now = new Date(), two = n => String(n).padStart(2, "0")
    const today = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
    const most = Number(list.dataset.csMost) || 0
    let shown = 0
    for (const item of list.querySelectorAll("[data-day]")) {
      const over = item.dataset.day < today
      item.classList.toggle("cs-event--over", over)
      if (most) item.hidden = over || ++shown > most
    }
    if (most && !shown) list.closest("section").hidden = true
  }

  document.querySelectorAll("[data-cs-filter]").forEach(filter)
  document.querySelectorAll("[data-cs-events]").forEach(sort)
  for (const button of document.querySelectorAll("[data-cs-print]")) {
    button.hidden = false
    button.addEventListener("click", () => print())
  }
})()

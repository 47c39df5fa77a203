/* References inside a sentence: a tap plays the clip in its place. A classic script without
   requests; without it the link leads to that second of the whole recording. */

(function () {
  "use strict"

  const links = Array.from(document.querySelectorAll("a.cs-ref[data-cs-clip]"))
  if (!links.length) return

  // One player for all of them, on the page so that listen.js lets one voice speak at a time.
  const audio = document.createElement("audio")
  audio.preload = "none"
  audio.hidden = true
  document.body.append(audio)
  let current = null // The reference whose clip is in the player.

  function show() {
    for (const link of links) {
      const speaking = link === current && !audio.paused
      link.setAttribute("aria-pressed", String(speaking))
    }
  }

  function toggle(link) {
    if (link === current && !audio.paused) return audio.pause()
    if (link !== current) audio.src = link.dataset.csClip
    current = link
    const started = audio.play()
    // A clip that cannot be played leads where the link leads without this script.
    if (started) started.catch(error => {
      if (error.name !== "AbortError") location.href = link.href
    })
  }

  for (const link of links) {
    link.setAttribute("role", "button")
    link.setAttribute("aria-pressed", "false")
    link.addEventListener("click", event => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      toggle(link)
    })
    link.addEventListener("keydown", event => {
      if (event.key !== " ") return
      event.preventDefault()
      toggle(link)
    })
  }
  for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, show)
})()

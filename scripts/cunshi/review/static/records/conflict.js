// Choose between two people's values of the same fields of a record.

import { el } from "../shared/desk.js"

const USES = { archive: "存档", transcription: "转写", lesson: "课程", website: "网站", social: "社交媒体" }

function readable(value) {
  if (value === null || value === "") return "（空）"
  if (Array.isArray(value)) return value.map(use => USES[use] ?? use).join("、") || "（一项也没有勾）"
  if (value === true) return "是"
  return value === false ? "否" : String(value)
}

function question({ key, label, mine, theirs }, number, who, chosen) {
  const row = (which, text, value) => {
    const pick = () => { chosen[key] = which }
    return el("label", { class: "tick" },
      el("input", { type: "radio", name: `both-${number}`, checked: which === "mine", onchange: pick }),
      el("span", {}, el("small", {}, text), readable(value)))
  }
  chosen[key] = "mine"
  return el("fieldset", { class: "choice" }, el("legend", {}, label),
    row("mine", "我写的", mine), row("theirs", `${who} 写的`, theirs))
}

/** Ask for each field which value to keep; key → "mine" or "theirs", null if cancelled. */
export function choose(place, both, who) {
  return new Promise(resolve => {
    const chosen = {}
    const end = answer => {
      place.hidden = true
      place.replaceChildren()
      resolve(answer)
    }
    place.className = "card__notice sheet notice"
    place.hidden = false
    const heading = el("h2", { tabindex: "-1" }, `${who} 刚才也改了这几栏`)
    place.replaceChildren(heading,
      el("p", {}, "您写的都还在。每一栏选一个，再保存。"),
      el("div", {}, both.map((entry, number) => question(entry, number, who, chosen))),
      el("div", { class: "withdraw__buttons" },
        el("button", { class: "main", type: "button", onclick: () => end(chosen) }, "就用选好的保存"),
        el("button", { type: "button", onclick: () => end(null) }, "先不保存")))
    heading.focus()
    place.scrollIntoView({ block: "center" })
  })
}

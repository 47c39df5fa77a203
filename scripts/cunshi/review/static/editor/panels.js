// Dialogs with questions, the list of keys, and notices above the lines.

import { el } from "../shared/desk.js"
import { KEYS, written } from "./keys.js"

/** A dialog; resolves with the value of the button that closed it, or "" (Esc, ×). */
export function ask(title, content, buttons, { wide = false } = {}) {
  return new Promise(done => {
    const row = buttons.map(([value, label, kind]) => el("button", { class: kind ?? "", type: "submit", value }, label))
    const heading = el("h2", { id: `ask-${++count}` }, title)
    const form = el("form", { method: "dialog" }, heading, el("div", { class: "content" }, content), el("div", { class: "row answers" }, row))
    const dialog = el("dialog", { class: wide ? "wide" : "", "aria-labelledby": heading.id }, form)
    const back = document.activeElement
    dialog.addEventListener("close", () => {
      dialog.remove()
      back?.focus?.({ preventScroll: true })
      done(dialog.returnValue)
    })
    document.body.append(dialog)
    dialog.showModal()
  })
}

let count = 0

export function isAsking() {
  return document.querySelector("dialog[open]") !== null
}

/** Show the list of keys. */
export function showKeys() {
  const tables = KEYS.map(([group, keys]) =>
    el("table", {}, el("caption", {}, group), el("tbody", {}, keys.map(([, codes, what]) =>
      el("tr", {}, el("th", { scope: "row" }, codes.map((code, n) => [n ? " 或 " : "", el("kbd", {}, written(code))]).flat()), el("td", {}, what))))))
  const more = el("p", { class: "soft" }, "在行首按退格键，和上一行合起来；在行尾按删除键，和下一行合起来。点一个字，从那里听；已经在改的那一行，按住 Alt 点。打拼音的时候，这些键都归输入法。")
  return ask("键盘", [el("div", { class: "keys" }, tables), more], [["", "知道了", "main"]], { wide: true })
}

/** Show a notice with buttons above the lines; one per kind. */
export function notice(kind, text, ...buttons) {
  const place = document.getElementById("notices")
  place.querySelector(`[data-kind="${kind}"]`)?.remove()
  if (!text) return null
  const found = el("p", { class: "notice row", "data-kind": kind, role: "status" }, el("span", {}, text), buttons.map(([label, act]) =>
    el("button", { type: "button", onclick: () => act(found) }, label)))
  place.append(found)
  return found
}

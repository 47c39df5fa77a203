// Withdraw a consent: a button, then a confirmation with the consequences.

import { el } from "../shared/desk.js"

/** `ask` withdraws, `undo` takes back a withdrawal that was entered by mistake. */
export function withdrawPart({ ask, undo }) {
  const element = el("section", { class: "sheet withdraw", "aria-labelledby": "h-withdraw" })
  const heading = text => el("h2", { id: "h-withdraw" }, text)
  let consent = {}

  function confirm(lines, label, act) {
    const sure = el("button", { class: "danger", type: "button", onclick: act }, label)
    element.replaceChildren(heading("撤回同意"),
      el("ul", {}, lines.map(line => el("li", {}, line))),
      el("div", { class: "withdraw__buttons" }, sure, el("button", { type: "button", onclick: () => show(consent) }, "先不动")))
    sure.focus()
  }

  function show(now) {
    consent = now
    element.hidden = !now.by && !now.withdrawn_on
    if (now.withdrawn_on) {
      element.replaceChildren(heading("撤回同意"),
        el("p", {}, `${now.withdrawn_on} 撤回了同意，这件录音封存着。`),
        el("button", { type: "button", onclick: askUndo }, "登记错了……"))
    } else {
      element.replaceChildren(heading("撤回同意"),
        el("p", { class: "soft" }, "讲述人随时可以反悔，不用说理由。"),
        el("button", { class: "danger", type: "button", onclick: askWithdraw }, "撤回同意……"))
    }
  }

  const askWithdraw = () => confirm([
    "下次发布，网站上的页面、声音、文字、照片和搜索里就都没有它了。",
    "发出去的 U 盘收不回来：请换成新的。",
    "课文里您自己写下的、从这段录音来的话，请自己删去。",
    "原件还在档案库里，封存着。",
  ], "确定撤回", ask)

  const askUndo = () => confirm([
    "只有登记错了才取消。讲述人改了主意，请另签一份同意书。",
    "取消以后，照同意书上写的公开。",
  ], "取消撤回", undo)

  return { element, show }
}

// Withdraw a consent: a button, then a confirmation with the consequences.

import { api, el, reason } from "../shared/desk.js"

/** `ask` withdraws, `undo` takes back a withdrawal that was entered by mistake. */
export function withdrawPart({ ask, undo }) {
  const element = el("section", { class: "sheet withdraw", "aria-labelledby": "h-withdraw" })
  const heading = text => el("h2", { id: "h-withdraw" }, text)
  const result = el("div", { class: "withdraw__result", role: "status" })
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
        result,
        el("div", { class: "withdraw__buttons" },
          el("button", { class: "danger", type: "button", onclick: takeDown }, "现在就从网上撤下"),
          el("button", { type: "button", onclick: askUndo }, "登记错了……")))
    } else {
      element.replaceChildren(heading("撤回同意"),
        el("p", { class: "soft" }, "讲述人随时可以反悔，不用说理由。"),
        el("button", { class: "danger", type: "button", onclick: askWithdraw }, "撤回同意……"))
    }
  }

  async function takeDown() {
    for (const button of element.querySelectorAll("button")) button.disabled = true
    result.replaceChildren(el("p", {}, "正在从网上撤下……"))
    try {
      const { lines, problems } = await api("/api/takedown", { method: "POST", body: {} })
      const told = problems.map(({ where, cause }) => `${where}：${cause}`)
      result.replaceChildren(el("ul", {}, [...lines, ...told].map(line => el("li", {}, line))))
    } catch (error) {
      result.replaceChildren(el("p", { class: "bad" }, `还没有撤下：${reason(error)}`))
    }
    for (const button of element.querySelectorAll("button")) button.disabled = false
  }

  async function withdrawNow() {
    if (await ask()) await takeDown()
  }

  const askWithdraw = () => confirm([
    "网站上的页面、声音、文字、照片和搜索里，马上就都没有它了。别的事还在做，也不用等。",
    "发出去的 U 盘收不回来：请换成新的。",
    "课文里您自己写下的、从这段录音来的话，请自己删去。",
    "原件还在档案库里，封存着。",
  ], "确定撤回，现在就从网上撤下", withdrawNow)

  const askUndo = () => confirm([
    "只有登记错了才取消。讲述人改了主意，请另签一份同意书。",
    "取消以后，照同意书上写的公开。",
  ], "取消撤回", undo)

  return { element, show }
}

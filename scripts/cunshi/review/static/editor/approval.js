// Approve a transcript, after showing its doubtful lines, or revoke the approval.

import { api, clock, el, reason, tell } from "../shared/desk.js"
import { ask, notice } from "./panels.js"

const MOST = 50 // doubtful lines shown

/** `editor` is the page, which becomes read-only. */
export async function approve(editor) {
  if (!editor.lines().some(each => each.text.trim())) return tell("还没有文稿")
  const answer = await ask("定稿", remains(editor.lines()), [["", "再听听"], ["ok", "就这样定稿", "main"]])
  if (answer !== "ok") return undefined
  if (!await editor.saver.flush()) return tell("还没有存上，等一等再定稿", "bad")
  return decide(editor, "approve", { base: editor.saver.base })
}

export function reopen(editor) {
  return decide(editor, "reopen", {})
}

function remains(lines) {
  const doubtful = lines.filter(each => each.flags.length || each.suggested.length)
  const unclear = lines.filter(each => each.text.includes("[听不清]")).length
  const why = each => each.flags.map(flag => flag.reason).join("；") || `核对：${each.suggested.map(pair => pair.term).join("、")}`
  const items = doubtful.slice(0, MOST).map(each =>
    el("li", {}, el("span", { class: "soft" }, clock(each.start), " "), each.text, " ", el("span", { class: "mark doubt" }, why(each))))
  return [
    el("p", {}, doubtful.length ? `还有 ${doubtful.length} 行存疑：` : "没有存疑的地方了。"),
    doubtful.length ? el("ol", { class: "plain diff" }, items) : "",
    unclear ? el("p", {}, `有 ${unclear} 行写着 [听不清]。`) : "",
    el("p", { class: "soft" }, "定稿以后写上您的名字和今天的日期，文稿就不能随手改了；要改，再点“继续校对”。"),
  ]
}

async function decide(editor, what, body) {
  try {
    const found = await api(`/api/recordings/${editor.id}/${what}`, { method: "POST", body })
    Object.assign(editor.data, found, { status: what === "approve" ? "approved" : "edited" })
    if (found.revision !== undefined) editor.saver.base = found.revision
    editor.shut()
    tell(what === "approve" ? "定稿了，谢谢！" : "可以接着改了")
  } catch (error) {
    if (error.status === 409 && error.data.segments) return notice("old", "别人刚刚也改了这份文稿。刷新看一看，再定稿。", ["刷新", () => location.reload()])
    tell(reason(error), "bad")
  }
  return undefined
}

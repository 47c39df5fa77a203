// The editor's handling of saves: status, other people's changes, earlier versions, and
// unsaved lines of closed pages.

import { api, el, reason, tell } from "../shared/desk.js"
import { inOrder, line, withoutEmpty } from "./document.js"
import { joined, mergeParts } from "./merge.js"
import { ask, notice } from "./panels.js"
import { restored, STATES } from "./saving.js"
import { askConflict } from "./versions.js"

/** Show the status of saving, with an optional reason `why`. */
export function state(editor, name, why = "") {
  const text = why ? `${STATES[name]}：${why}` : STATES[name]
  const place = document.getElementById("state")
  if (place.textContent !== text) place.textContent = text
  place.className = ["saved", "changed", "saving"].includes(name) ? name : `${name} bad`
  if (name === "signedOut") notice("signin", "登录过期了。改动留在这台电脑里。", ["重新登录", () => open("/sign-in", "_blank", "noopener")])
  if (name === "conflict") notice("conflict", "有一处两个人都改了，还没有选。改动留在这台电脑里。", ["现在选", found => { found.remove(); editor.save() }])
  if (name === "saved") for (const kind of ["signin", "conflict"]) notice(kind)
}

/** The functions that saving needs. */
export function savingPage(editor) {
  return {
    list: () => editor.lines(),
    sendable: list => withoutEmpty(list),
    // Rows must not change under an input method.
    ready: async () => { while (editor.rows.composing) await new Promise(done => setTimeout(done, 100)) },
    adopt: (list, names) => editor.adopt(list, names),
    conflict: about => askConflict(about),
    state: (name, why) => state(editor, name, why),
    closed: data => notice("closed", `${data.error ?? "这份文稿已经定稿"}。您刚才的改动留在这台电脑里。`, ["刷新", () => location.reload()]),
  }
}

/** The functions that the list of versions needs. */
export function historyPage(editor) {
  return {
    id: editor.id,
    lines: () => editor.lines(),
    readOnly: () => editor.readOnly(),
    flush: () => editor.saver.flush(),
    restore: async revision => {
      if (!await editor.saver.flush()) return tell("先要把现在的存好", "bad")
      const [sent, body] = [editor.lines(), { base: editor.saver.base, revision }]
      await editor.saver.took(sent, await api(`/api/recordings/${editor.id}/restore`, { method: "POST", body }))
      return tell("恢复好了。原来的那一版还在修改记录里。")
    },
  }
}

/** Offer the unsaved lines of closed pages. */
export async function offer(editor, others) {
  const { stash } = editor.saver
  for (const left of stash.left(await others.settled())) {
    const forget = found => { stash.forget(left.tab); found.remove() }
    const when = new Date(left.time).toLocaleString("zh-CN")
    notice(`left-${left.tab}`, `上次有改动没有存上（${when}，${left.lines.length} 行）。`,
      ["找回来", async found => { if (await recover(editor, left)) forget(found) }], ["不要了", forget])
  }
}

async function recover(editor, left) {
  try {
    if (editor.readOnly()) return tell("已经定稿。要找回来，先点“继续校对”。")
    const now = editor.data
    const began = left.base === now.revision ? now.segments : (await api(`/api/recordings/${editor.id}/history/${left.base}`)).segments
    const { base, list } = restored(left, began)
    const parts = mergeParts(base, list, editor.lines())
    const found = joined(parts) ?? await askConflict({ parts, who: "现在的文稿" })
    if (!found) return false
    editor.edit(unique(found))
    tell("找回来了，看一看对不对（Ctrl+Z 撤销）")
    return true
  } catch (error) {
    const text = left.lines.map(each => each.text).join("\n")
    await ask("没能自动放回去", [el("p", {}, reason(error)), el("textarea", { rows: "10", readOnly: true, "aria-label": "没有存上的文字" }, text)], [["", "抄好了", "main"]])
    return false
  }
}

/** Sort merged lines and give each a unique id. */
export function unique(list) {
  const ids = new Set()
  return inOrder(list).map(each => {
    const found = ids.has(each.id) ? line(each) : each
    ids.add(found.id)
    return found
  })
}

// Add a term to the glossary from the editor.

import { api, el, reason, tell } from "../shared/desk.js"
import { ask } from "./panels.js"

const field = (label, input, hint = "") => el("label", { class: "field" }, el("span", {}, label), input, hint ? el("small", { class: "soft" }, hint) : "")

/** Ask for a term; `heard` is the current text. Returns the added term or "". */
export async function addWord(heard) {
  const { kinds } = await api("/api/glossary").catch(() => ({ kinds: [] }))
  const term = el("input", { value: heard, maxlength: "40", autocomplete: "off" })
  const wrong = el("input", { value: heard, autocomplete: "off" })
  const meaning = el("textarea", { rows: "2" })
  const kind = el("select", {}, kinds.map(each => el("option", {}, each)))
  const content = [field("应该写成", term), field("机器写成", wrong, "和词语字数一样才记"), field("哪一类", kind), field("意思", meaning, "一两句话，十岁孩子听得懂")]
  let fault = ""
  while (await ask("加进词语本", [...content, fault && el("p", { class: "bad", role: "alert" }, fault)], [["", "不加了"], ["add", "加进去", "main"]])) {
    const values = { term: term.value.trim(), heard: wrong.value.trim() }
    const alike = values.heard !== values.term && [...values.heard].length === [...values.term].length
    const body = { term: values.term, kind: kind.value, meaning: meaning.value.trim(), village: "", pinyin: "", heard_as: alike ? [values.heard] : [] }
    try {
      await api("/api/glossary", { method: "POST", body })
      tell(`“${values.term}”加进词语本了`)
      return values
    } catch (error) {
      fault = reason(error)
    }
  }
  return null
}

// The glossary: search and add terms.

import { api, el, getSession, header, reason, tell } from "../shared/desk.js"

const byId = id => document.getElementById(id)
const inputs = {}
const faults = {}
let terms = []

function field(key, label, input, hint = "") {
  inputs[key] = input
  faults[key] = el("span", { class: "bad fault", id: `fault-${key}` })
  input.setAttribute("aria-describedby", `fault-${key}`)
  return el("label", { class: "field" }, el("span", {}, label), input, hint ? el("small", { class: "soft" }, hint) : "", faults[key])
}

async function makeForm(kinds) {
  const { villages } = await getSession()
  const form = byId("new")
  const choices = [["", "不限哪个村"], ...villages.map(name => [name, name])]
  form.append(
    el("div", { class: "new-fields" },
      field("term", "词语", el("input", { required: true, autocomplete: "off", maxlength: "40" })),
      field("kind", "哪一类", el("select", {}, kinds.map(kind => el("option", {}, kind)))),
      field("village", "哪个村", el("select", {}, choices.map(([value, label]) => el("option", { value }, label)))),
      field("pinyin", "怎么读", el("input", { autocomplete: "off" }), "读音容易错的才写，例如 àn jīng"),
      field("heard_as", "机器常听成", el("input", { autocomplete: "off" }), "字数要一样；几个就用空格隔开")),
    field("meaning", "意思", el("textarea", { rows: "2", required: true }), "一两句话，十岁孩子听得懂"),
    el("div", { class: "row" }, el("button", { class: "main" }, "加进词语本")))
  form.addEventListener("submit", event => { event.preventDefault(); add() })
}

async function add() {
  for (const key of Object.keys(faults)) fault(key, "")
  const value = key => inputs[key].value.trim()
  const body = {
    term: value("term"), kind: value("kind"), meaning: value("meaning"), village: value("village"), pinyin: value("pinyin"),
    heard_as: value("heard_as").split(/[\s,，、]+/).filter(Boolean),
  }
  try {
    terms = (await api("/api/glossary", { method: "POST", body })).terms
    for (const key of ["term", "meaning", "pinyin", "heard_as"]) inputs[key].value = ""
    inputs.term.focus()
    tell(`加好了：${body.term}`)
    render()
  } catch (error) {
    refuse(error)
  }
}

function refuse(error) {
  const problems = error.data?.problems ?? []
  for (const { key, cause, remedy } of problems) fault(key, [cause, remedy].filter(Boolean).join("。"))
  if (problems.length) inputs[problems[0].key].focus()
  else tell(reason(error), "bad")
}

function fault(key, text) {
  faults[key].textContent = text
  inputs[key].setAttribute("aria-invalid", String(Boolean(text)))
}

function render() {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean)
  const found = terms.filter(term => words.every(word => [term.term, term.pinyin, term.meaning, ...term.heard_as].join(" ").toLowerCase().includes(word)))
  byId("count").textContent = found.length === terms.length ? `一共 ${terms.length} 个词` : `找到 ${found.length} 个词`
  byId("words").replaceChildren(...found.toReversed().map(entry))
}

function entry(term) {
  const facts = [term.kind, term.village, term.heard_as.length ? `机器常听成：${term.heard_as.join("、")}` : ""].filter(Boolean)
  return el("div", { class: "word" },
    el("dt", {}, term.term, term.pinyin ? el("span", { class: "soft pinyin" }, term.pinyin) : ""),
    el("dd", {}, term.meaning, facts.length ? el("p", { class: "soft" }, facts.join(" · ")) : ""))
}

await header()
const found = await api("/api/glossary")
terms = found.terms
await makeForm(found.kinds)
byId("find").addEventListener("input", render)
render()

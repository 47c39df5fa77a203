// The record of a recording: description, consent, and the resulting access.

import { api, clock, el, getSession, header, reason, Refused, tell } from "../shared/desk.js"
import { nameField, selectField, signerFields, textField, tickField, usesField } from "./fields.js"
import { choose } from "./conflict.js"
import { scansPart } from "./scans.js"
import { withdrawPart } from "./withdraw.js"

const ID = decodeURIComponent(location.pathname.split("/")[2])
const ADDRESS = `/api/recordings/${encodeURIComponent(ID)}`
const DRAFT = `cunshi:record:${ID}`
const LESSONS = 10
const SURE = 4000 // ms in which a second click means it
const LEVELS = { open: "公开", classroom: "只供课堂", listed: "只列目录", sealed: "封存" }
const ACCESS = [
  ["", "没有另外说"],
  ["open", "公开：网站上谁都能听"],
  ["classroom", "只供课堂：不上网站，只在 U 盘礼包里"],
  ["listed", "只列目录：网站上只写题名、讲述人、日期"],
  ["sealed", "封存：哪里都没有"],
]
const SENTENCES = {
  archive: "录音长期保存在村里的档案库。",
  transcription: "把说的话写成文字，给人看。",
  lesson: "剪成小段，用在学校的课上。",
  website: "放在村史网站上，谁都能听到。",
  social: "剪成小段，发到公众号、朋友圈。",
}

const page = document.getElementById("main")
const parts = {}
let fields = []
let card = null // the last response
let saved = {}

function flat(values) {
  const { consent, ...plain } = values
  const inner = Object.entries(consent).map(([key, value]) => [`consent.${key}`, value])
  return { ...plain, ...Object.fromEntries(inner) }
}

const same = (one, other) => JSON.stringify(one ?? "") === JSON.stringify(other ?? "")
const changed = () => fields.filter(field => !same(field.get(), saved[field.key]))
const fieldOf = key => fields.find(field => field.key === key)

function build(session) {
  const titles = new Map(session.lessons.map(({ number, title }) => [number, title]))
  const numbers = Array.from({ length: LESSONS }, (_, n) => n + 1)
  const lessons = [["", "不属于哪一课"], ...numbers.map(n => [String(n), `第 ${n} 课 ${titles.get(n) ?? ""}`.trim()])]
  const languages = [["", "和档案库一样"], ...session.languages.map(({ key, label }) => [key, label])]
  const motto = card.kind === "motto"
  const narrator = textField("narrator", motto ? "家庭" : "讲述人", { hint: "真名。网站上署什么名，在同意书里选。" })
  const signer = signerFields(() => narrator.get())
  const plain = [
    textField("title", "题名"),
    narrator,
    textField("date", "录音日期", { type: "date" }),
    textField("village", "村", { list: "villages" }),
    selectField("lesson", "哪一课", lessons, { number: true }),
    selectField("language", "说的什么话", languages),
    motto && textField("motto", "家训", { area: true, wide: true }),
    motto && textField("meaning", "含义", { area: true, wide: true }),
    textField("note", "备注", { area: true, wide: true, hint: "会写在网站上。" }),
    textField("rights", "版权", { area: true, wide: true, hint: "空着就用档案库的。" }),
  ].filter(Boolean)
  const minor = tickField("minor", "讲述人未成年（不满 18 岁）", "录音先封存；监护人签了同意书，再选谁能听。")
  const consent = [
    signer.by,
    signer.guardian,
    textField("consent.signed_on", "签署日期", { type: "date" }),
    textField("consent.form", "纸上的编号", { hint: "例如：2026-03 号" }),
    textField("consent.embargo", "哪一天以前不公开", { type: "date", hint: "空着就是现在可以公开。" }),
    textField("consent.until", "到哪一天为止", { type: "date", hint: "空着就是一直有效。" }),
    usesField(session.uses, SENTENCES),
    nameField(),
    selectField("access", "谁能听", ACCESS, { wide: true, hint: "不会比同意书更宽：没有同意的，选了也不公开。" }),
  ]
  fields = [...plain, minor, ...consent]
  parts.showGuardian = () => signer.show(minor.get())
  const [by, guardian, ...rest] = consent.map(field => field.element)
  page.replaceChildren(...layout(session, plain, [minor.element, signer.roles, by, guardian, ...rest]))
  document.body.append(savebar())
}

function layout(session, plain, consent) {
  parts.title = el("h1", {})
  parts.notice = el("div", { class: "card__notice", hidden: true })
  parts.state = el("section", { "aria-label": "现在谁能听" })
  parts.scans = scansPart(`${ADDRESS}/scans`)
  parts.withdraw = withdrawPart({ ask: withdraw, undo: () => save({ "consent.withdrawn_on": "" }) })
  return [
    el("div", { class: "card__head" }, parts.title, el("span", { class: "soft" }, ID)),
    parts.notice,
    el("div", { class: "card__side" }, sound(), parts.state, links()),
    el("form", { class: "card__form", onsubmit: event => { event.preventDefault(); save() }, oninput: edited, onchange: edited },
      el("section", { class: "sheet", "aria-labelledby": "h-what" }, el("h2", { id: "h-what" }, "这件录音"),
        el("div", { class: "fields" }, plain.map(field => field.element))),
      el("section", { class: "sheet", "aria-labelledby": "h-consent" }, el("h2", { id: "h-consent" }, "同意书"),
        el("div", { class: "fields" }, consent)),
      parts.scans.element,
      parts.withdraw.element,
      el("datalist", { id: "villages" }, session.villages.map(name => el("option", { value: name })))),
  ]
}

function links() {
  const id = encodeURIComponent(ID)
  return el("nav", { class: "links", "aria-label": "这件录音" },
    el("a", { class: "button", href: `/edit/${id}` }, "校对文稿"),
    el("a", { class: "button", href: `/forms/consent/${id}`, target: "_blank" }, "打印授权书"),
    el("a", { class: "button", href: `/forms/collection/${id}`, target: "_blank" }, "打印采集登记表"))
}

function sound() {
  const place = el("section", { class: "sheet sound", "aria-label": "听录音" })
  if (!card.duration) place.append(el("p", { class: "soft" }, "这一件只有文字，没有声音。"))
  else prepare(place)
  return place
}

/** Formats that browsers cannot play are converted first, which takes a while. */
async function prepare(place) {
  const address = `/media/${encodeURIComponent(ID)}`
  try {
    const answer = await fetch(address, { headers: { Range: "bytes=0-0" } })
    if (answer.status === 202) {
      const { done } = await answer.json()
      place.replaceChildren(el("p", { class: "soft" }, `正在准备声音…… ${Math.round(done * 100)}%`))
      setTimeout(() => prepare(place), 1000)
    } else if (answer.ok) {
      place.replaceChildren(
        el("audio", { controls: true, preload: "metadata", src: address, "aria-label": "录音" }),
        el("span", { class: "soft" }, `${clock(card.duration)} · ${card.original_name}`))
    } else {
      place.replaceChildren(el("p", { class: "bad" }, (await answer.json()).error ?? "放不了这段录音"))
    }
  } catch {
    place.replaceChildren(el("p", { class: "bad" }, "没有连上，刷新再听。"))
  }
}

function savebar() {
  parts.count = el("p", { "aria-live": "polite" })
  parts.save = el("button", { class: "main", type: "button", onclick: () => save() }, "保存")
  parts.drop = el("button", { type: "button", onclick: discard }, "放弃改动")
  return el("div", { class: "savebar no-print" }, parts.count, parts.save, parts.drop)
}

/** Show a response; fields being edited keep their input. */
function show(answer, { keep = [] } = {}) {
  const kept = new Map(keep.map(field => [field, field.get()]))
  card = answer
  saved = flat(answer.values)
  for (const field of fields) field.set(kept.has(field) ? kept.get(field) : saved[field.key], saved)
  parts.title.textContent = answer.title
  document.title = `${answer.title} · 村史校对台`
  showState()
  parts.scans.show(answer.scans)
  parts.withdraw.show(answer.values.consent)
  edited()
}

function showState() {
  const hidden = card.names_replaced.length
    ? el("p", { class: "soft" }, `${card.names_replaced.join("、")}里不公开的名字，公开时都换成化名；文稿里说到它的地方，声音用“哔”盖住。说到名字、文稿里却没有写的，请标“不公开”。`)
    : null
  const faults = card.unreadable.map(({ line, cause, remedy }) =>
    el("p", { class: "bad" }, `${line ? `第 ${line} 行：` : ""}${cause}${remedy ? `。${remedy}` : ""}`))
  parts.state.className = `sheet state state--${card.access}`
  parts.state.replaceChildren(
    el("p", { class: "soft" }, "现在"),
    el("p", { class: "state__level" }, LEVELS[card.access]),
    el("p", {}, card.why), ...faults, ...(hidden ? [hidden] : []))
}

function edited() {
  const open = changed()
  for (const field of fields) field.element.classList.toggle("field--changed", open.includes(field))
  parts.showGuardian()
  parts.count.textContent = open.length ? `有 ${open.length} 处改动没有保存` : "都保存好了"
  parts.save.disabled = parts.drop.disabled = !open.length
  remember(open)
}

/** Keep unsaved input over a reload or crash of this tab. */
function remember(open) {
  try {
    if (!open.length) sessionStorage.removeItem(DRAFT)
    else sessionStorage.setItem(DRAFT, JSON.stringify(Object.fromEntries(open.map(field => [field.key, field.get()]))))
  } catch { /* a browser that keeps nothing */ }
}

function readDraft() {
  try { return JSON.parse(sessionStorage.getItem(DRAFT)) ?? {} } catch { return {} }
}

function recall(draft) {
  const found = Object.entries(draft).filter(([key, value]) => fieldOf(key) && !same(saved[key], value))
  const all = { ...saved, ...draft }
  for (const [key, value] of found) fieldOf(key).set(value, all)
  if (found.length) tell("上次没有保存的改动找回来了，看一看再保存")
  edited()
}

let sure = 0

/** Discard the input on a second click within a few seconds. */
function discard() {
  const again = Date.now() - sure < SURE
  sure = again ? 0 : Date.now()
  parts.drop.textContent = again ? "放弃改动" : "真的放弃？"
  if (again) show(card)
  else setTimeout(() => { parts.drop.textContent = "放弃改动" }, SURE)
}

function nested(flatValues) {
  const values = {}
  for (const [key, value] of Object.entries(flatValues)) {
    if (key.startsWith("consent.")) (values.consent ??= {})[key.slice(8)] = value
    else values[key] = value
  }
  return values
}

let busy = false

/** Save the changed or given values; returns true if saved. */
async function save(only) {
  if (busy) return false
  const mine = only ?? Object.fromEntries(changed().map(field => [field.key, field.get()]))
  if (!Object.keys(mine).length) return true
  for (const field of fields) field.fail("")
  const lacking = fields.filter(field => field.key in mine && field.lacking?.())
  if (lacking.length) {
    showFaults(lacking.map(field => ({ key: field.key, cause: field.lacking() })))
    return false
  }
  busy = true
  try {
    const before = new Map(fields.map(field => [field, field.get()]))
    const answer = await api(`${ADDRESS}/record`, { method: "PUT", body: { base: card.base, values: nested(mine) } })
    // Keep input made in the meantime.
    show(answer, { keep: fields.filter(field => !(field.key in mine) || !same(field.get(), before.get(field))) })
    tell("保存好了")
    return true
  } catch (error) {
    busy = false
    return refused(error, mine)
  } finally {
    busy = false
  }
}

async function refused(error, mine) {
  if (!(error instanceof Refused)) tell("没有连上，改动还在这里，等一下再保存", "bad")
  else if (error.status === 409 && error.data.values) return merge(error.data, mine)
  else if (error.status === 401) tell("要重新登录：在另一个页面登录好，再回来保存", "bad")
  else if (error.data.problems) showFaults(error.data.problems)
  else tell(reason(error), "bad")
  return false
}

function showFaults(problems) {
  for (const { key, cause, remedy } of problems) {
    const text = [cause, remedy].filter(Boolean).join("。")
    const field = fieldOf(key)
    if (field) field.fail(text)
    else tell(text, "bad")
  }
  fieldOf(problems[0].key)?.focus()
  tell("还没有保存：有的栏要改一改", "bad")
}

/** Merge with another person's save; fields changed by both are chosen. */
async function merge(theirs, mine) {
  const before = saved, now = flat(theirs.values), who = theirs.last?.who || "别人"
  if (!Object.keys(mine).every(fieldOf)) {
    show(theirs, { keep: changed() })
    tell(`${who} 刚才改过这张目录卡，看一看再点一次`, "bad")
    return false
  }
  const both = Object.keys(mine).filter(key => !same(now[key], before[key]) && !same(now[key], mine[key]))
  const asked = both.map(key => ({ key, label: fieldOf(key).label, mine: mine[key], theirs: now[key] }))
  const chosen = both.length ? await choose(parts.notice, asked, who) : {}
  if (!chosen) return false
  show(theirs, { keep: changed().filter(field => chosen[field.key] !== "theirs") })
  if (!changed().length) return true
  const done = await save()
  if (done && !both.length) tell(`${who} 刚才也改了别的栏，已经合在一起`)
  return done
}

async function withdraw() {
  try {
    const open = changed()
    show(await api(`${ADDRESS}/withdraw`, { method: "POST", body: {} }), { keep: open })
    tell("撤回登记好了")
    return true
  } catch (error) {
    await refused(error, {})
    return false
  }
}

addEventListener("beforeunload", event => { if (fields.length && changed().length) event.preventDefault() })
addEventListener("keydown", event => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault()
    save()
  }
})

await header()
try {
  const [session, answer] = await Promise.all([getSession(), api(`${ADDRESS}/record`)])
  card = answer
  build(session)
  const draft = readDraft() // before what is shown counts as all there is
  show(answer)
  recall(draft)
} catch (error) {
  page.replaceChildren(el("h1", {}, "打不开这张目录卡"), el("p", { class: "bad" }, reason(error)))
  if (!(error instanceof Refused) && !(error instanceof TypeError)) throw error
}

// The to-do list: every recording with its progress and next task.

import { api, clock, el, header, reason, since, tell } from "../shared/desk.js"
import { adder } from "../uploads/upload.js"
import { mending, panel, problemList, start, watch } from "../shared/job_progress.js"

const STATES = ["有问题", "待转录", "待授权", "待校对", "校对中", "已校对", "不转写"]
const CONSENT = { missing: "没有同意书", expired: "同意书过期了", withdrawn: "同意已撤回", held: "" }
const ACCESS = { classroom: "只供课堂", listed: "只列目录", sealed: "封存" }
const KINDS = { talk: "讲述", motto: "家训" }
const byId = id => document.getElementById(id)
const wanted = new URLSearchParams(location.search)
const cards = new Map() // id → data and element
let shown = ""
let data = null

// -- filters are in the URL, so that it can be bookmarked and shared

function want(key, value) {
  if (value) wanted.set(key, value)
  else wanted.delete(key)
  const query = wanted.toString()
  history.replaceState(null, "", query ? `?${query}` : location.pathname)
  render()
}

function matches(recording, except = "") {
  const is = (key, value) => key === except || !wanted.get(key) || wanted.get(key) === String(value)
  const words = (wanted.get("find") ?? "").toLowerCase().split(/\s+/).filter(Boolean)
  const text = [recording.title, recording.narrator, recording.village, recording.id].join(" ").toLowerCase()
  return is("village", recording.village) && is("lesson", recording.lesson) && is("kind", recording.kind)
    && is("state", recording.state) && words.every(word => text.includes(word))
}

function makeFilters() {
  const form = document.querySelector(".filters")
  form.addEventListener("submit", event => event.preventDefault())
  const find = el("input", { type: "search", value: wanted.get("find") ?? "" })
  find.addEventListener("input", () => want("find", find.value))
  form.append(field("找题名或讲述人", find), field("村", choice("village")), field("课", choice("lesson")), field("讲述还是家训", choice("kind")))
}

function field(label, input) {
  return el("label", { class: "field" }, el("span", {}, label), input)
}

function choice(key) {
  const select = el("select", { id: `filter-${key}` })
  select.addEventListener("change", () => want(key, select.value))
  return select
}

function fillChoice(key, pairs) {
  const select = byId(`filter-${key}`)
  const text = JSON.stringify(pairs)
  if (select.dataset.filled !== text) {
    select.dataset.filled = text
    select.replaceChildren(el("option", { value: "" }, "全部"), ...pairs.map(([value, label]) => el("option", { value: String(value) }, label)))
  }
  select.value = wanted.get(key) ?? ""
}

// -- drawing

function render() {
  const { recordings, course } = data
  const empty = !recordings.length
  byId("empty").hidden = !empty
  byId("list").hidden = byId("course").hidden = empty
  if (empty) begin()
  renderWaiting()
  renderTroubles()
  const villages = [...new Set(recordings.map(one => one.village).filter(Boolean))].sort((a, b) => a.localeCompare(b, "zh"))
  fillChoice("village", villages.map(name => [name, name]))
  fillChoice("lesson", course.map(one => [one.number, `第 ${one.number} 课 ${one.title}`]))
  fillChoice("kind", Object.entries(KINDS))
  renderCourse(course)
  renderChips(recordings)
  renderList(recordings.filter(one => matches(one)))
}

let begun = false
function begin() {
  if (begun) return
  begun = true
  byId("empty").append(el("div", { class: "sheet" },
    el("h2", {}, "从第一件录音开始"),
    el("ol", {},
      el("li", {}, "把老人讲述的录音拖到下面，写上是哪一课、哪个村、谁讲的。"),
      el("li", {}, "机器先听写一遍，写出初稿。"),
      el("li", {}, "您边听边改，登记同意书，定稿，然后发布成网站。"))))
  adder(byId("empty"), { lead: "把录音拖到这里，或者", changed: arrived }).catch(error => tell(reason(error), "bad"))
}

function arrived() {
  loaded = -Infinity
  soon()
}

function renderWaiting() {
  const place = byId("waiting")
  const count = data.waiting.length
  const text = running || !count ? "" : data.waiting.join()
  place.hidden = !text
  if (place.dataset.shown === text) return
  place.dataset.shown = text
  const go = el("button", { class: "main", onclick: hear }, "开始听写")
  place.replaceChildren(el("span", {}, `有 ${count} 件新录音还没有收：${data.waiting.slice(0, 3).join("、")}${count > 3 ? "……" : ""}`), go)
}

async function hear() {
  if (await start("transcribe")) soon()
}

function renderTroubles() {
  const place = byId("troubles")
  const text = JSON.stringify(data.problems)
  place.hidden = !data.problems.length
  if (place.dataset.shown === text) return
  place.dataset.shown = text
  place.querySelector("summary").textContent = `有 ${data.problems.length} 个问题不属于哪一件录音`
  place.querySelector("div").replaceChildren(problemList(data.problems))
}

function renderCourse(course) {
  const place = document.querySelector(".steps")
  const text = JSON.stringify([course, wanted.get("lesson")])
  if (place.dataset.shown === text) return
  place.dataset.shown = text
  const focused = document.activeElement?.dataset?.lesson
  place.replaceChildren(...course.map(step))
  if (focused) place.querySelector(`[data-lesson="${focused}"]`)?.focus()
}

function step(lesson) {
  const { number, title, recordings, approved } = lesson
  const isOn = wanted.get("lesson") === String(number)
  const part = recordings ? approved / recordings : 0
  const words = recordings ? `${approved} / ${recordings} 已校对` : "还没有录音"
  const bar = el("span", { class: "step-bar", "aria-hidden": "true" }, el("span"))
  bar.firstChild.style.width = `${Math.round(part * 100)}%`
  const button = el("button", { type: "button", "aria-pressed": String(isOn), "data-lesson": String(number), class: recordings && part === 1 ? "is-whole" : "" },
    el("span", { class: "step-name" }, `${number} ${title || "还在准备"}`), bar, el("span", { class: "soft" }, words))
  button.addEventListener("click", () => want("lesson", isOn ? "" : String(number)))
  return el("li", {}, button)
}

function renderChips(recordings) {
  const place = document.querySelector(".chips")
  const among = recordings.filter(one => matches(one, "state"))
  const counts = STATES.map(state => among.filter(one => one.state === state).length)
  const text = JSON.stringify([counts, wanted.get("state")])
  if (place.dataset.shown === text) return
  place.dataset.shown = text
  const focused = document.activeElement?.dataset?.state
  const chip = (state, count) => {
    const on = (wanted.get("state") ?? "") === state
    const button = el("button", { type: "button", "aria-pressed": String(on), "data-state": state }, `${state || "全部"} ${count}`)
    button.addEventListener("click", () => want("state", on ? "" : state))
    return button
  }
  const kept = STATES.map((state, n) => [state, counts[n]]).filter(([state, count]) => count || wanted.get("state") === state)
  place.replaceChildren(chip("", among.length), ...kept.map(([state, count]) => chip(state, count)))
  if (focused !== undefined) place.querySelector(`[data-state="${focused}"]`)?.focus()
}

/** Order by lesson, then mottoes, then without lesson, independent of the state. */
function place_of(recording) {
  return [recording.kind === "motto" ? 1 : 0, recording.lesson ?? 99, recording.id]
}

function inOrder(a, b) {
  const [first, second] = [place_of(a), place_of(b)]
  const differ = first.findIndex((value, n) => value !== second[n])
  return differ < 0 ? 0 : first[differ] < second[differ] ? -1 : 1
}

function renderList(recordings) {
  const list = document.querySelector(".cards")
  recordings.sort(inOrder)
  // Unchanged elements are kept, with the focus.
  recordings.forEach((recording, n) => {
    const element = card(recording)
    if (list.children[n] !== element) list.insertBefore(element, list.children[n] ?? null)
  })
  while (list.children.length > recordings.length) list.lastElementChild.remove()
  const all = data.recordings.length
  byId("count").textContent = recordings.length === all ? `一共 ${all} 件` : `${all} 件里的 ${recordings.length} 件`
}

function card(recording) {
  const text = JSON.stringify(recording)
  const kept = cards.get(recording.id)
  if (kept?.text === text) return kept.element
  const element = makeCard(recording)
  if (kept) kept.element.replaceWith(element)
  cards.set(recording.id, { text, element })
  return element
}

function makeCard(recording) {
  const { id, title, kind, lesson, village, narrator, date, duration, doubtful, last, problems } = recording
  const facts = [kind === "motto" ? "家训" : lesson ? `第 ${lesson} 课` : "还没有定课", village || "没有写村", narrator || "没有写讲述人", date ?? "没有写日期", duration ? clock(duration) : "只有文字"]
  const address = encodeURIComponent(id)
  return el("li", { class: "sheet card", "data-id": id },
    el("div", { class: "card-what" },
      el("h3", {}, el("a", { href: `/edit/${address}` }, title)),
      el("p", { class: "soft" }, facts.flatMap(fact => [el("span", { class: "fact" }, fact), " "])),
      el("p", { class: "marks" }, marks(recording, doubtful)),
      ...problems.map(problem => el("p", { class: "bad" }, [problem.cause, problem.remedy].filter(Boolean).join("。"))),
      last ? el("p", { class: "soft last" }, `${last.who} ${since(last.time)}改过`) : ""),
    el("div", { class: "card-do" }, nextThing(recording, address), otherThing(recording, address)))
}

function marks(recording, doubtful) {
  const { state, consent, access, transcript } = recording
  const found = [el("span", { class: `badge state state-${STATES.indexOf(state)}` }, state)]
  const draft = { draft: "机器初稿", edited: "校对中", approved: "已校对" }[transcript]
  if (draft && draft !== state && !(transcript === "draft" && state === "待校对")) found.push(el("span", { class: "badge" }, draft))
  if (doubtful) found.push(el("span", { class: "badge doubt" }, `存疑 ${doubtful} 句`))
  if (CONSENT[consent]) found.push(el("span", { class: "badge bad" }, CONSENT[consent]))
  else if (ACCESS[access]) found.push(el("span", { class: "badge" }, ACCESS[access]))
  return found.flatMap(mark => [mark, " "])
}

function link(address, label, recording, isMain = true) {
  return el("a", { class: isMain ? "button main" : "button", href: address, "aria-label": `${label}：${recording.title} ${recording.narrator}` }, label)
}

/** The next task. */
function nextThing(recording, address) {
  const { state, consent } = recording
  if (state === "有问题") return link(mending(recording.problems[0]) || `/record/${address}`, "看问题", recording)
  if (state === "待转录") return el("button", { class: "main", onclick: hear, "aria-label": `开始听写：${recording.title}` }, "开始听写")
  if (state === "待授权" && consent === "withdrawn") return link(`/record/${address}`, "看目录卡", recording, false)
  if (state === "待授权") return link(`/record/${address}`, "登记同意书", recording)
  if (state === "待校对") return link(`/edit/${address}`, "听并校对", recording)
  if (state === "校对中") return link(`/edit/${address}`, "接着校对", recording)
  return link(`/edit/${address}`, "再听一遍", recording, false)
}

function otherThing(recording, address) {
  const { state, consent, transcript } = recording
  if (state === "待授权" && consent !== "withdrawn" && transcript !== "missing") {
    return link(`/edit/${address}`, transcript === "approved" ? "再听一遍" : "听并校对", recording, false)
  }
  return state === "待授权" || state === "有问题" ? "" : link(`/record/${address}`, "目录卡", recording, false)
}

// -- keeping up

async function load() {
  const found = await api("/api/recordings")
  const text = JSON.stringify(found)
  if (text === shown) return
  shown = text
  data = found
  render()
}

const BETWEEN = 2000 // milliseconds between requests of the whole list
let running = false
let loaded = -Infinity
const progress = panel(byId("working"))
let soon = () => {}
makeFilters()
await header()
soon = watch(async (jobs, moved) => {
  progress(jobs)
  if (jobs.lost) return
  running = Boolean(jobs.running)
  if (moved || performance.now() - loaded > BETWEEN) {
    loaded = performance.now()
    await load()
  }
  if (moved) renderWaiting()
})

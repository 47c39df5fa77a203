// Upload recordings: files are dropped or chosen, described, and sent one by one.

import { api, bytes, el, getSession, reason, tell } from "../shared/desk.js"
import { start } from "../shared/job_progress.js"

const COMPANION = /\.(jpe?g|png|webp|gif|txt|md)$/i
const stemOf = name => name.replace(/\.[^.]*$/, "")
let rows_made = 0

/** Send a file; `progress` is called with 0…1. Returns the response, or throws an Error for people. */
export async function send(file, name, folder, said, progress = () => {}) {
  const { token } = await getSession()
  const query = new URLSearchParams(Object.entries(said).filter(([, value]) => value))
  const request = new XMLHttpRequest()
  request.open("PUT", `/api/deposits/${encodeURIComponent(folder)}/${encodeURIComponent(name)}?${query}`)
  request.setRequestHeader("X-Cunshi-Token", token)
  request.setRequestHeader("Content-Type", "application/octet-stream")
  request.upload.addEventListener("progress", event => progress(event.loaded / Math.max(event.total, 1)))
  return new Promise((resolve, reject) => {
    request.addEventListener("load", () => answered(request, resolve, reject))
    request.addEventListener("error", () => reject(new Error("传到一半断了。看看黑色窗口是不是还开着，再试一次。")))
    request.send(file)
  })
}

function answered(request, resolve, reject) {
  let answer = {}
  try { answer = JSON.parse(request.responseText) } catch { /* an answer without words */ }
  if (request.status < 300) resolve(answer)
  else reject(new Error([answer.error || "没有收下", answer.remedy].filter(Boolean).join("。")))
}

/** The folders for uploads. */
export async function getFolders() {
  return api("/api/folders")
}

/** An input for a village, with suggestions from the archive. */
export async function villageInput(properties = {}) {
  if (!document.getElementById("villages")) {
    const { villages } = await getSession()
    if (!document.getElementById("villages")) {
      document.body.append(el("datalist", { id: "villages" }, villages.map(name => el("option", { value: name }))))
    }
  }
  return el("input", { list: "villages", autocomplete: "off", ...properties })
}

function field(label, input) {
  return el("label", { class: "field" }, el("span", {}, label), input)
}

/** Fill the upload part of a page; `changed` is called after uploads. */
export async function adder(place, { lead, changed = () => {} }) {
  const { folders, limit, free } = await getFolders()
  const state = { rows: [], folders, limit, free, busy: false, changed }
  const chooser = el("input", { type: "file", multiple: true, id: "files", class: "chooser", "aria-describedby": "drop-hint" })
  chooser.addEventListener("change", () => { take([...chooser.files]); chooser.value = "" })
  const zone = el("div", { class: "drop" },
    el("p", { class: "drop-lead" }, lead),
    el("label", { class: "button main", for: "files" }, "选录音文件"), chooser,
    el("p", { id: "drop-hint", class: "soft" }, "手机录音、微信语音、录音笔的文件和录像都行；同名的照片会跟着录音一起收。"))
  const list = el("ul", { class: "arrivals plain" })
  const together = el("fieldset", { class: "together", hidden: true })
  const buttons = el("div", { class: "row", hidden: true })
  place.append(zone, together, list, buttons)
  await fillTogether(together, state)
  fillButtons(buttons, state)
  state.refresh = () => {
    const open = state.rows.filter(row => !row.done)
    together.hidden = open.length < 2
    buttons.hidden = state.rows.length === 0
    for (const button of buttons.querySelectorAll(".sends")) {
      button.hidden = !open.length
      button.disabled = state.busy
    }
    buttons.querySelector(".starts").hidden = open.length > 0
  }

  async function take(files) {
    const sounds = files.filter(file => !COMPANION.test(file.name) || !files.some(other => other !== file && !COMPANION.test(other.name) && stemOf(other.name) === stemOf(file.name)))
    const names = await api("/api/names", { method: "POST", body: { names: sounds.map(file => file.name) } })
    for (const file of sounds) {
      const beside = files.filter(other => other !== file && COMPANION.test(other.name) && stemOf(other.name) === stemOf(file.name))
      const row = await makeRow(state, file, COMPANION.test(file.name) ? [] : beside, names.names[file.name])
      state.rows.push(row)
      list.append(row.element)
    }
    state.refresh()
    list.lastElementChild?.querySelector("select")?.scrollIntoView({ block: "nearest" })
  }

  receiveDrops(zone, take)
  addEventListener("beforeunload", event => { if (state.busy) event.preventDefault() })
}

async function fillTogether(fieldset, state) {
  const folder = folderSelect(state.folders)
  const village = await villageInput()
  const day = el("input", { type: "date" })
  folder.prepend(el("option", { value: "", selected: true }, "——"))
  folder.value = ""
  for (const [input, key] of [[folder, "folder"], [village, "village"], [day, "date"]]) {
    input.addEventListener("change", () => {
      if (!input.value) return
      for (const row of state.rows) if (!row.done) row.inputs[key].value = input.value
    })
  }
  fieldset.append(el("legend", {}, "下面几件一起填"), field("哪一课", folder), field("村", village), field("日期", day))
}

function folderSelect(folders) {
  return el("select", {}, folders.map(folder => el("option", { value: folder.id }, folder.title)))
}

async function makeRow(state, file, companions, said) {
  const number = ++rows_made
  const inputs = {
    folder: folderSelect(state.folders),
    village: await villageInput({ value: said.village }),
    narrator: el("input", { value: said.narrator, autocomplete: "off" }),
    date: el("input", { type: "date", value: said.date }),
  }
  inputs.folder.value = state.folders.at(-1).id
  const wanted = new URLSearchParams(location.search).get("lesson")
  const lesson = state.folders.find(folder => wanted && String(folder.lesson) === wanted)
  if (lesson) inputs.folder.value = lesson.id
  const bar = el("progress", { max: 1, hidden: true, "aria-label": `${file.name} 的进度` })
  const word = el("p", { class: "word", role: "status" })
  const remove = el("button", { type: "button", class: "quiet", "aria-label": `不要 ${file.name}` }, "不要")
  const names = [file.name, ...companions.map(companion => companion.name)].join(" + ")
  const element = el("li", { class: "sheet arrival" },
    el("p", { class: "arrival-name", id: `arrival-${number}` }, names, el("span", { class: "soft" }, bytes(file.size)), remove),
    el("div", { class: "arrival-fields", role: "group", "aria-labelledby": `arrival-${number}` },
      field("哪一课", inputs.folder), field("村", inputs.village), field("讲述人（家训写哪一家）", inputs.narrator), field("哪天录的", inputs.date)),
    bar, word)
  const row = { file, companions, inputs, element, bar, word, remove, done: false }
  remove.addEventListener("click", () => {
    state.rows = state.rows.filter(other => other !== row)
    element.remove()
    state.refresh()
  })
  if (file.size > state.limit) say(row, `太大了，最多 ${bytes(state.limit)}；可以先分成几段。`, true)
  return row
}

function say(row, text, bad = false) {
  row.word.textContent = text
  row.word.classList.toggle("bad", bad)
  row.element.classList.toggle("is-bad", bad)
}

function fillButtons(buttons, state) {
  const both = el("button", { class: "main sends", type: "button" }, "存进来，开始听写")
  const only = el("button", { class: "sends", type: "button" }, "只存进来")
  const go = el("button", { class: "main starts", type: "button", hidden: true }, "开始听写")
  both.addEventListener("click", async () => { if (await sendAll(state)) begin(state) })
  only.addEventListener("click", () => sendAll(state))
  go.addEventListener("click", () => begin(state))
  buttons.append(both, only, go)
}

async function begin(state) {
  if (await start("transcribe")) state.changed()
}

/** Send the remaining files one by one; returns whether all arrived. */
async function sendAll(state) {
  state.busy = true
  state.refresh()
  for (const row of state.rows.filter(one => !one.done)) await sendRow(state, row)
  state.busy = false
  state.refresh()
  state.changed()
  const failed = state.rows.filter(row => !row.done).length
  tell(failed ? `${failed} 件没有存进来，看看红字` : "都存好了", failed ? "bad" : "")
  return !failed
}

async function sendRow(state, row) {
  const { folder, village, narrator, date } = row.inputs
  const controls = [...Object.values(row.inputs), row.remove]
  if (row.file.size > state.limit) return say(row, `太大了，最多 ${bytes(state.limit)}；可以先分成几段。`, true)
  if (row.file.size > state.free) return say(row, "磁盘满了，放不下。腾出一些地方，再放一次。", true)
  for (const control of controls) control.disabled = true
  row.bar.hidden = false
  say(row, "正在存……")
  try {
    const said = { village: village.value, narrator: narrator.value, date: date.value }
    const answer = await send(row.file, row.file.name, folder.value, said, part => { row.bar.value = part })
    await sendCompanions(row, answer, folder.value)
    row.done = true
    row.remove.hidden = true
    row.element.classList.add("is-done")
    say(row, answer.already ? `这件录音早就有了：${answer.already}` : `存好了：${answer.name}`)
  } catch (error) {
    for (const control of controls) control.disabled = false
    say(row, error.message, true)
  }
  row.bar.hidden = true
}

/** Photos and texts get the final name of their recording. */
async function sendCompanions(row, answer, folder) {
  if (answer.already) return
  for (const companion of row.companions) {
    const ending = companion.name.slice(stemOf(companion.name).length)
    await send(companion, stemOf(answer.name) + ending, folder, {})
  }
}

/** Files may be dropped anywhere on the page; folders are ignored. */
function receiveDrops(zone, take) {
  const isFiles = event => [...(event.dataTransfer?.types ?? [])].includes("Files")
  const mark = on => zone.classList.toggle("is-over", on)
  addEventListener("dragover", event => {
    if (!isFiles(event)) return
    event.preventDefault()
    mark(true)
  })
  addEventListener("dragleave", event => { if (!event.relatedTarget) mark(false) })
  addEventListener("drop", event => {
    if (!isFiles(event)) return
    event.preventDefault()
    mark(false)
    const entries = [...event.dataTransfer.items].map(item => item.webkitGetAsEntry?.())
    const files = [...event.dataTransfer.files].filter((file, n) => !entries[n]?.isDirectory)
    if (entries.some(entry => entry?.isDirectory)) tell("这里面有文件夹。请打开它，把里面的录音选中再拖进来。", "bad")
    if (files.length) take(files).catch(error => tell(reason(error), "bad"))
  })
}

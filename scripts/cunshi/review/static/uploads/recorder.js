// Record a motto with the microphone: level, time, and playback before saving.

import { clock, el, getSession, tell } from "../shared/desk.js"
import { getFolders, send, villageInput } from "./upload.js"
import { start } from "../shared/job_progress.js"

const KINDS = [["audio/webm;codecs=opus", ".webm"], ["audio/mp4", ".m4a"], ["audio/ogg;codecs=opus", ".ogg"]]
const BITS = 128_000
const QUIET = 0.02 // a peak below this for some seconds is too far from the microphone
const LONGEST = 15 * 60 // seconds

/** Fill the recorder's part of the page; `changed` is called after saving. */
export async function recorder(place, { changed = () => {} }) {
  const trouble = unusable()
  if (trouble) return place.append(...trouble.map(text => el("p", {}, text)))
  const { today } = await getSession()
  const village = await villageInput({ id: "motto-village" })
  const family = el("input", { id: "motto-family", autocomplete: "off", placeholder: "陆家" })
  const day = el("input", { type: "date", value: today, id: "motto-date" })
  const stage = el("div", { class: "stage" })
  const work = { place, stage, village, family, day, changed, kept: null }
  place.append(
    el("div", { class: "motto-fields" }, label("村", village), label("哪一家", family), label("日期", day)),
    stage)
  ready(work)
}

function label(text, input) {
  return el("label", { class: "field" }, el("span", {}, text), input)
}

/** The reason why there is no microphone; empty if there is one. */
function unusable() {
  if (!window.isSecureContext) {
    return [
      "在这台设备上，浏览器不让网页用话筒：校对台走的是村里的网络，没有加密。",
      "可以用手机的录音机录好，再从上面放进来；或者到开着校对台的那台电脑上录。",
    ]
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) {
    return ["这个浏览器不会录音。请用手机的录音机录好，再从上面放进来。"]
  }
  return null
}

function ready(work) {
  const go = el("button", { type: "button", class: "main record" }, "开始录音")
  go.addEventListener("click", () => record(work).catch(error => refuse(work, error)))
  work.stage.replaceChildren(go, el("p", { class: "soft" }, "坐近一点，先说“我是某某村某某家”，再说家训。录完先听一听，满意了再留下。"))
}

function refuse(work, error) {
  const words = {
    NotAllowedError: "浏览器没有得到用话筒的许可。点地址栏左边的小图标，允许话筒，再试一次。",
    NotFoundError: "没有找到话筒。插好话筒，再试一次。",
    NotReadableError: "话筒被别的程序占用了。关掉它们，再试一次。",
  }
  ready(work)
  tell(words[error.name] ?? "话筒用不了，再试一次。", "bad")
}

async function record(work) {
  // Without processing, because noise suppression for calls would remain in the archive.
  const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: true }
  const stream = await navigator.mediaDevices.getUserMedia({ audio: sound })
  const [type, ending] = KINDS.find(([kind]) => MediaRecorder.isTypeSupported(kind)) ?? ["", ".webm"]
  const machine = new MediaRecorder(stream, { mimeType: type || undefined, audioBitsPerSecond: BITS })
  const pieces = []
  const begun = performance.now()
  machine.addEventListener("dataavailable", event => { if (event.data.size) pieces.push(event.data) })
  const stop = el("button", { type: "button", class: "danger" }, "停")
  const time = el("span", { class: "time" }, "0:00")
  const level = el("div", { class: "level", "aria-hidden": "true" }, el("div"))
  const hint = el("p", { class: "soft", role: "status" })
  work.stage.replaceChildren(el("div", { class: "row" }, el("span", { class: "dot", "aria-hidden": "true" }), el("span", {}, "正在录"), time, stop), level, hint)
  stop.focus()
  const seconds = () => (performance.now() - begun) / 1000
  const silence = hear(stream, peak => {
    time.textContent = clock(seconds())
    level.firstChild.style.width = `${Math.min(100, Math.round(Math.sqrt(peak) * 100))}%`
    if (seconds() > LONGEST && machine.state === "recording") machine.stop()
  }, quiet => { hint.textContent = quiet ? "几乎听不到声音。靠近话筒，或者看看话筒是不是关着。" : "" })
  stop.addEventListener("click", () => machine.stop())
  machine.addEventListener("stop", () => {
    silence()
    for (const track of stream.getTracks()) track.stop()
    listen(work, new Blob(pieces, { type: machine.mimeType }), ending, seconds())
  })
  machine.start(1000) // a piece a second, so that a browser that ends loses little
}

/** Show the level and warn after some seconds of silence; returns a function that stops this. */
function hear(stream, loud, quiet) {
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  analyser.fftSize = 8192 // more than passes between two looks, so that no short sound is missed
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  let heard = performance.now()
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
    if (peak > QUIET) heard = performance.now()
    loud(peak)
    quiet(performance.now() - heard > 3000)
  }, 100)
  return () => { clearInterval(timer); context.close() }
}

function listen(work, blob, ending, seconds) {
  const address = URL.createObjectURL(blob)
  const keep = el("button", { type: "button", class: "main" }, "留下")
  const again = el("button", { type: "button" }, "重录")
  const bar = el("progress", { max: 1, value: 0, hidden: true, "aria-label": "存家训的进度" })
  again.addEventListener("click", () => { URL.revokeObjectURL(address); ready(work) })
  keep.addEventListener("click", () => keepIt(work, blob, ending, [keep, again], bar))
  work.stage.replaceChildren(
    el("p", {}, `录好了，${clock(seconds)}。先听一听：`),
    el("audio", { controls: true, src: address, "aria-label": "刚录的家训" }),
    el("div", { class: "row" }, keep, again), bar)
  keep.focus()
}

async function keepIt(work, blob, ending, buttons, bar) {
  const missing = [[work.village, "村"], [work.family, "哪一家"], [work.day, "日期"]].find(([input]) => !input.value.trim())
  if (missing) {
    tell(`还没有写${missing[1]}`, "bad")
    return missing[0].focus()
  }
  for (const button of buttons) button.disabled = true
  bar.hidden = false
  try {
    const { folders } = await getFolders()
    const mottoes = folders.find(folder => folder.kind === "motto")
    const said = { village: work.village.value, narrator: work.family.value, date: work.day.value }
    const answer = await send(blob, `家训${ending}`, mottoes.id, said, part => { bar.value = part })
    kept(work, answer)
  } catch (error) {
    for (const button of buttons) button.disabled = false
    bar.hidden = true
    tell(error.message, "bad")
  }
}

function kept(work, answer) {
  const go = el("button", { type: "button", class: "main" }, "开始听写")
  const more = el("button", { type: "button" }, "再录一条")
  go.addEventListener("click", async () => { if (await start("transcribe")) { ready(work); work.changed() } })
  more.addEventListener("click", () => { work.family.value = ""; ready(work) })
  work.stage.replaceChildren(el("p", { role: "status" }, `存好了：${answer.name}`), el("div", { class: "row" }, go, more))
  work.changed()
}

// Jobs on the desk's computer: start, progress, result, and problems.

import { api, clock, el, reason, since, tell } from "./desk.js"

const DOING = { transcribe: "正在听写", site: "正在做网站", publish: "正在发布" }
const DONE = { transcribe: "听写完了", site: "网站做好了", publish: "发布完了" }
const OFTEN = 800
const SELDOM = 4000

/**
 * Ask about jobs as long as the page is open. `show` hears what goes on, and whether a job has begun
 * or ended since the last time. Returns a function that asks at once.
 */
export function watch(show) {
  let timer = 0
  let asking = null
  let next = null
  let seen = ""
  async function look() {
    clearTimeout(timer)
    let wait = SELDOM
    try {
      const jobs = await api("/api/jobs")
      if (jobs.running) wait = OFTEN
      const known = JSON.stringify([jobs.running?.number, jobs.last?.number])
      await show(jobs, known !== seen)
      seen = known
    } catch (error) {
      if (error.status === 401) return
      await show({ lost: true })
    }
    timer = setTimeout(soon, wait)
  }
  function soon() {
    if (!asking) return (asking = look().finally(() => { asking = null }))
    // The one under way may have asked before what happened that is to be seen now.
    return (next ??= asking.then(() => { next = null; return soon() }))
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon() })
  soon()
  return soon
}

/** Start a job and show an error if that fails; returns whether it was started. */
export async function start(what) {
  try {
    await api("/api/jobs", { method: "POST", body: { what } })
    return true
  } catch (error) {
    tell(reason(error), "bad")
    return false
  }
}

/**
 * A panel for `place`: progress while a job runs, afterwards how it ended. `kinds` are the jobs
 * whose end it shows also when this page has not seen them run. Returns what `watch` wants.
 */
export function panel(place, kinds = []) {
  const sheet = el("section", { class: "sheet work", hidden: true, "aria-label": "正在做的事" })
  place.append(sheet)
  const begun = new Map()
  let known = null // the number of the last job that had ended before this page asked
  let shown = 0
  return jobs => {
    if (jobs.lost) {
      shown = 0
      return lose(sheet)
    }
    const { running, last } = jobs
    known ??= last?.number ?? 0
    if (running) {
      sheet.hidden = false
      shown = 0
      return progress(sheet, running, begun)
    }
    begun.clear()
    const isNew = last && last.number > known
    sheet.hidden = !isNew && !kinds.includes(last?.what)
    if (sheet.hidden || shown === last.number) return
    shown = last.number
    end(sheet, last)
    if (isNew) tell(last.exit_code ? "做完了，有几处要看看" : DONE[last.what])
  }
}

function lose(sheet) {
  sheet.hidden = false
  sheet.replaceChildren(el("p", { class: "bad" }, "没有连上校对台。看看黑色窗口是不是还开着；开着的话，等一会儿会自己连上。"))
}

function progress(sheet, running, begun) {
  const rows = running.tasks.map((task, n) => row(task, remaining(`${running.number} ${n}`, task, begun), n === running.tasks.length - 1))
  const first = rows.length ? rows : [el("p", { class: "soft" }, "在准备……")]
  sheet.replaceChildren(el("h2", {}, DOING[running.what]), ...first, el("p", { class: "soft" }, "关掉这个页面也不要紧，会接着做；只是不要关黑色窗口。"))
}

function row(task, left, is_last) {
  const done = task.count > 0 && task.done >= task.count
  const measured = task.total > 0
  const bar = el("progress", { "aria-label": task.label })
  bar.max = measured ? task.total : Math.max(task.count, 1)
  bar.value = done || !task.count ? bar.max : measured ? task.seconds : task.done
  const words = [`${task.done} / ${task.count}`]
  if (measured && !done) words.push(`${clock(task.seconds)} / ${clock(task.total)}`)
  if (left && !done && is_last) words.push(`大约还要 ${left}`)
  return el("div", { class: "task" }, el("span", { class: "task-label" }, task.label), el("span", { class: "soft" }, words.join(" · ")), bar)
}

/** The estimated remaining time of a task; empty at first. */
function remaining(key, task, begun) {
  const now = performance.now()
  if (!begun.has(key)) begun.set(key, { now, seconds: task.seconds })
  const first = begun.get(key)
  const gained = task.seconds - first.seconds
  const elapsed = (now - first.now) / 1000
  if (gained <= 0 || elapsed < 4) return ""
  const left = (task.total - task.seconds) * elapsed / gained
  return left < 60 ? "不到一分钟" : `${Math.ceil(left / 60)} 分钟`
}

function end(sheet, last) {
  const failed = last.exit_code !== 0
  sheet.replaceChildren(
    el("h2", {}, failed ? "做完了，有几处要看看" : DONE[last.what], el("span", { class: "soft when" }, since(last.ended))),
    ...told(last.lines),
    failed && last.problems.length ? problemList(last.problems) : "",
  )
}

/** The result; a long list of changed files is collapsed. */
function told(lines) {
  const files = lines.filter(line => /^[+~-] /.test(line))
  const words = lines.filter(line => line && !files.includes(line))
  const folded = files.length
    ? [el("details", {}, el("summary", {}, `改了哪些文件（${files.length}）`), el("ul", { class: "plain files" }, files.map(line => el("li", {}, line))))]
    : []
  return [...words.map(line => el("p", {}, line)), ...folded]
}

/** The page on which a problem can be corrected: editor or record; else empty. */
export function mending(problem) {
  if (!problem.recording) return ""
  const id = encodeURIComponent(problem.recording)
  return problem.where.endsWith("transcript.vtt") ? `/edit/${id}` : `/record/${id}`
}

/** Problems as people read them: what, what to do, where; the same one in several places once. */
export function problemList(problems) {
  const same = new Map()
  for (const problem of problems) {
    const key = JSON.stringify([problem.cause, problem.remedy, mending(problem)])
    same.set(key, [...(same.get(key) ?? []), problem])
  }
  return el("ul", { class: "problems plain" }, [...same.values()].map(oneProblem))
}

function oneProblem(found) {
  const [{ cause, remedy }] = found
  const link = mending(found[0])
  const places = found.map(({ where, line }) => [where, line ? `第 ${line} 行` : ""].filter(Boolean).join(" ")).filter(Boolean)
  const shown = places.length > 1
    ? el("details", {}, el("summary", {}, `在 ${places.length} 处`), el("ul", { class: "plain" }, places.map(place => el("li", {}, place))))
    : places.join("")
  return el("li", {},
    el("p", {}, cause),
    remedy ? el("p", { class: "remedy" }, remedy) : "",
    el("div", { class: "soft place" }, shown, link ? el("a", { href: link }, "去看看这件录音") : ""))
}

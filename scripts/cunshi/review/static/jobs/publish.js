// Publish the site, after showing problems and notes.

import { api, el, getSession, header, reason, since, tell } from "../shared/desk.js"
import { panel, problemList, start, watch } from "../shared/job_progress.js"

const byId = id => document.getElementById(id)
let site = ""
let running = false

async function survey() {
  const found = await api("/api/problems")
  byId("problems").replaceChildren(...troubles(found), ...notes(found.notes))
  offer(found)
}

function troubles({ problems, blocking, elsewhere }) {
  if (!problems.length) return [el("p", { class: "sheet good" }, "没有问题，可以发布。")]
  const words = blocking
    ? "先把这些处理好，新的内容才能发布出去。要撤下的不用等：点“只撤下不公开的”。"
    : elsewhere ? "" : "网站照样能做，只是这些地方会空着。"
  return [el("section", { class: "sheet stack", "aria-labelledby": "troubles" },
    el("h2", { id: "troubles" }, `${blocking ? "先要处理" : "有问题"}：${problems.length} 处`),
    el("p", { class: "soft" }, words), problemList(problems))]
}

function notes(found) {
  if (!found.length) return []
  return [el("section", { class: "sheet notes", "aria-labelledby": "notes" },
    el("h2", { id: "notes" }, "知道一下"),
    ...found.map(({ what, recordings }) => el("details", {},
      el("summary", {}, `${what}：${recordings.length} 件`),
      el("ul", {}, recordings.map(({ id, title }) => el("li", {}, el("a", { href: `/record/${encodeURIComponent(id)}` }, title), el("span", { class: "soft" }, ` ${id}`)))))))]
}

function offer({ blocking, elsewhere, made }) {
  const place = byId("publishing")
  const publish = el("button", { class: elsewhere ? "main" : "", disabled: blocking || running }, "发布")
  const make = el("button", { class: elsewhere ? "" : "main", disabled: running }, "做网站")
  publish.addEventListener("click", () => begin("publish"))
  make.addEventListener("click", () => begin("site"))
  const remove = el("button", { hidden: !elsewhere || !(blocking || running) }, "只撤下不公开的")
  remove.addEventListener("click", () => takeDown(remove))
  const open = site && made ? el("a", { class: "button", href: site, target: "_blank", rel: "noopener" }, "打开网站 ↗") : ""
  place.querySelector("h2").textContent = elsewhere ? "做好网站，发布出去" : "做网站"
  place.querySelector("p").textContent = made ? `网站上次是${since(made)}做的。` : "还没有做过网站。"
  place.querySelector("div").replaceChildren(elsewhere ? publish : "", remove, make, open)
  place.hidden = false
}

async function takeDown(button) {
  button.disabled = true
  try {
    const { lines } = await api("/api/takedown", { method: "POST", body: {} })
    tell(lines.at(-1))
  } catch (error) {
    tell(reason(error), "bad")
  }
  button.disabled = false
}

async function begin(what) {
  for (const button of byId("publishing").querySelectorAll("button")) button.disabled = true
  if (await start(what)) await soon()
  else await survey()
}

const progress = panel(byId("working"), ["site", "publish"])
await header()
site = (await getSession()).site
let soon = () => {}
soon = watch(async (jobs, moved) => {
  progress(jobs)
  if (jobs.lost) return
  running = Boolean(jobs.running)
  if (moved || byId("publishing").hidden) await survey().catch(error => tell(reason(error), "bad"))
})

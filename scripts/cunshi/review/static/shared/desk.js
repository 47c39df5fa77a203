// Helpers for all pages of the desk: API requests, elements, messages.

let session = null

/** The session and the desk's settings; requested once per page. */
export async function getSession() {
  session ??= await api("/api/session")
  return session
}

/** An error response; `data` is its content. */
export class Refused extends Error {
  constructor(status, data) {
    super(data.error || "没有连上")
    this.status = status
    this.data = data
  }
}

/** Send a JSON request. Throws Refused, or TypeError without a response. */
export async function api(path, { method = "GET", body, signal } = {}) {
  const headers = {}
  if (method !== "GET") {
    headers["X-Cunshi-Token"] = (await getSession()).token
    headers["Content-Type"] = "application/json"
  }
  const text = body === undefined ? undefined : JSON.stringify(body)
  const answer = await fetch(path, { method, headers, body: text, signal })
  const data = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Refused(answer.status, data)
  return data
}

/** Create an element; strings become text, never markup. `on…` properties are listeners. */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value)
    else if (key === "class") element.className = value
    else if (key in element && typeof value !== "string") element[key] = value
    else element.setAttribute(key, value === true ? "" : value)
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false))
  return element
}

/** Format seconds as 1:02:03 or 2:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const shown = parts[0] ? parts : parts.slice(1)
  return shown.map((part, n) => (n ? String(part).padStart(2, "0") : String(part))).join(":")
}

/** Show a message for a few seconds, also to screen readers; `kind` is "" or "bad". */
export function tell(text, kind = "") {
  let place = document.getElementById("messages")
  if (!place) {
    place = el("div", { id: "messages", role: "status", "aria-live": "polite" })
    document.body.append(place)
  }
  const message = el("p", { class: `message ${kind}` }, text)
  place.append(message)
  setTimeout(() => message.remove(), kind ? 12000 : 5000)
}

const PLACES = [["/", "待办"], ["/add", "添加录音"], ["/publish", "发布"], ["/glossary", "词语本"]]

/** Fill the page's `header.top` with navigation, the site, and the session. */
export async function header() {
  const top = document.querySelector("header.top")
  const here = location.pathname
  const links = PLACES.map(([address, label]) =>
    el("a", { href: address, "aria-current": here === address ? "page" : null }, label))
  const nav = el("nav", { "aria-label": "主要页面" }, links)
  top.prepend(el("a", { class: "skip", href: "#main" }, "跳到正文"), el("strong", {}, "村史校对台"), nav)
  try {
    const { name, site, lan } = await getSession()
    if (site) nav.append(el("a", { href: site, target: "_blank", rel: "noopener" }, "打开网站", el("span", { "aria-hidden": "true" }, " ↗")))
    const password = lan && el("a", { href: "/password" }, "换密码")
    top.append(el("span", { class: "who" }, name, " ", password, " ", el("button", { class: "quiet", onclick: signOut }, "换人")))
  } catch (error) {
    if (error.status !== 401) throw error
    location.assign("/sign-in")
  }
}

async function signOut() {
  await api("/api/session", { method: "DELETE" })
  location.assign("/sign-in")
}

/** Format bytes as 12 KB, 3.4 MB or 1.2 GB. */
export function bytes(size) {
  const units = [[1 << 30, "GB", 1], [1 << 20, "MB", 1], [1, "KB", 0]]
  const [least, name, digits] = units.find(([least]) => size >= least) ?? units.at(-1)
  if (least === 1) return `${Math.ceil(size / 1024)} KB`
  return `${(size / least).toFixed(digits)} ${name}`
}

/** A moment (ISO 8601) as people say it: 刚才, 20 分钟前, 今天 9:05, 昨天 18:30, 2026-01-12. */
export function since(moment) {
  const then = new Date(moment)
  const now = new Date()
  if (Number.isNaN(then.getTime())) return moment
  const minutes = Math.round((now - then) / 60000)
  if (minutes >= 0 && minutes < 2) return "刚才"
  if (minutes >= 0 && minutes < 60) return `${minutes} 分钟前`
  const time = `${then.getHours()}:${String(then.getMinutes()).padStart(2, "0")}`
  const days = Math.round((midnight(now) - midnight(then)) / 86400000)
  if (days === 0) return `今天 ${time}`
  if (days === 1) return `昨天 ${time}`
  return [then.getFullYear(), then.getMonth() + 1, then.getDate()].map(n => String(n).padStart(2, "0")).join("-")
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate())
}

/** The reason of an error in one line. */
export function reason(error) {
  if (!(error instanceof Refused)) return "没有连上校对台。看看黑色窗口是不是还开着。"
  return [error.message, error.data.remedy].filter(Boolean).join("。")
}

/** Request the session again, because a restarted desk has other tokens. */
export async function renew() {
  session = null
  return getSession()
}

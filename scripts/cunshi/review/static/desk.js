// What every page of the desk uses: the interface, elements without markup from texts, messages.

let session = null

/** Who is signed in and what the desk knows about itself; asked for once a page. */
export async function getSession() {
  session ??= await api("/api/session")
  return session
}

/** The answer that is not what was asked for; `data` is the whole answer. */
export class Refused extends Error {
  constructor(status, data) {
    super(data.error || "没有连上")
    this.status = status
    this.data = data
  }
}

/** Ask the interface: JSON in, JSON out. Throws Refused, or TypeError when nobody answers. */
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

/** An element; texts become text, never markup. `on…` properties are listeners. */
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

/** Seconds as 1:02:03 or 2:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const shown = parts[0] ? parts : parts.slice(1)
  return shown.map((part, n) => (n ? String(part).padStart(2, "0") : String(part))).join(":")
}

/** Say something for a few seconds, also to screen readers; `kind` is "" or "bad". */
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

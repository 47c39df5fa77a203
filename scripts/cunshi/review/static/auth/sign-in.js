// The sign-in page: a name, on a network that of an account and its password, or the right URL.

import { api, el } from "../shared/desk.js"

const NAME = "cunshi-name"
const place = document.getElementById("door")

/** The name last given in this browser; storage may be forbidden. */
function lastName() {
  try {
    return localStorage.getItem(NAME) ?? ""
  } catch {
    return ""
  }
}

function remember(name) {
  try {
    localStorage.setItem(NAME, name)
  } catch {
    // The name is not remembered.
  }
}

async function signIn(name, password) {
  const answer = await fetch("/api/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, password }),
  })
  if (answer.ok) return null
  const said = await answer.json().catch(() => ({}))
  return [said.error || "没有登录成功", said.remedy].filter(Boolean).join("。") + "。"
}

function field(label, input, help) {
  return el("label", { class: "door-field" }, el("span", {}, label), input, help && el("small", { class: "soft" }, help))
}

function form(lan, longest) {
  const name = el("input", {
    name: "name", autocomplete: lan ? "username" : "nickname", maxlength: String(longest), required: true, value: lastName(),
  })
  const password = lan && el("input", { name: "password", type: "password", autocomplete: "current-password", required: true })
  const trouble = el("p", { class: "bad", role: "alert" })
  const button = el("button", { class: "main", type: "submit" }, "进去")
  const made = el(
    "form",
    { class: "sheet door-form" },
    field("您的名字", name, "改了什么、谁定的稿，都记在这个名字下面。"),
    password && field("密码", password, "您的账号的密码。还没有账号，请打开校对台的人加一个。"),
    button,
    trouble,
  )
  made.addEventListener("submit", async event => {
    event.preventDefault()
    button.disabled = true
    trouble.textContent = ""
    const failed = await signIn(name.value, password ? password.value : "").catch(() => "没有连上校对台。黑色窗口还开着吗？")
    button.disabled = false
    if (failed) {
      trouble.textContent = failed
      ;(password || name).focus()
      return
    }
    remember(name.value.trim())
    location.assign("/")
  })
  return made
}

function closed() {
  return el(
    "section",
    { class: "sheet" },
    el("h2", {}, "请从黑色窗口里的地址进来"),
    el("p", {}, "校对台只让这台电脑上的人进来。每个地址只能用一次：在黑色窗口里找到最下面的那个地址，整个复制到浏览器里打开。"),
    el("p", { class: "soft" }, "没有黑色窗口？请双击“校对”重新打开校对台。"),
  )
}

function warning() {
  return el(
    "aside",
    { class: "door-warning" },
    el("h2", {}, "先说清楚"),
    el("p", {}, "这里没有加密。同一个网络里的人，有办法看到您的密码和您在这里看的、写的东西。只在信得过的网络里用，不要用您别处的密码。"),
    el("p", {}, "用话筒录家训，要在打开校对台的那台电脑上；别的电脑和手机可以听、改、填表。"),
  )
}

const { lan, secure, entered, longest } = await api("/api/sign-in")
place.replaceChildren(...(entered ? [form(lan, longest), lan && !secure && warning()].filter(Boolean) : [closed()]))
place.querySelector("input")?.focus()

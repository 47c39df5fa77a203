// Change the own password; then every browser has to sign in again.

import { api, el, getSession, header, reason } from "../shared/desk.js"

function field(label, autocomplete, help = "") {
  const input = el("input", { type: "password", autocomplete, required: true })
  const shown = el("label", { class: "door-field" }, el("span", {}, label), input, help && el("small", { class: "soft" }, help))
  return [input, shown]
}

function form({ name, may_approve: mayApprove }) {
  const [old, oldField] = field("现在的密码", "current-password")
  const [first, firstField] = field("新密码", "new-password", "至少 8 个字符，不要和别处的一样。")
  const [again, againField] = field("再写一遍新密码", "new-password")
  const trouble = el("p", { class: "bad", role: "alert" })
  const made = el(
    "form",
    { class: "sheet door-form" },
    el("p", {}, `${name} 的账号，${mayApprove ? "能定稿" : "不能定稿"}。忘了密码，或要改名字、改能不能定稿，请打开校对台的人来改。`),
    // For the browser's list of passwords.
    el("input", { type: "text", autocomplete: "username", value: name, hidden: true }),
    oldField, firstField, againField,
    el("button", { class: "main", type: "submit" }, "换密码"),
    trouble,
  )
  made.addEventListener("submit", async event => {
    event.preventDefault()
    trouble.textContent = ""
    if (first.value !== again.value) {
      trouble.textContent = "两遍新密码不一样。"
      again.focus()
      return
    }
    try {
      await api("/api/password", { method: "POST", body: { password: old.value, new: first.value } })
      location.assign("/sign-in")
    } catch (error) {
      trouble.textContent = `${reason(error)}。`
      old.focus()
    }
  })
  return made
}

await header()
const session = await getSession()
document.getElementById("password").replaceChildren(
  session.lan ? form(session) : el("p", { class: "sheet" }, "只有这台电脑上的人能进来，不用密码。"))

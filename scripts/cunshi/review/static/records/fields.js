// The fields of a record: each has a `key`, its `element`, `get` and `set`, and shows its errors.
// Keys are those of recording.yml, with "consent.by" for keys of the consent.

import { el } from "../shared/desk.js"

let count = 0

/** A labelled field around controls; the caller provides `get` and `set`. */
function field(key, label, control, { hint, wide, get, set }) {
  const id = `field-${++count}`
  const fault = el("p", { class: "field__fault", id: `${id}-fault` })
  const about = hint ? el("p", { class: "field__hint", id: `${id}-hint` }, hint) : null
  const input = control.matches("input, select, textarea") ? control : control.querySelector("input")
  input.id = id
  input.setAttribute("aria-describedby", [about && `${id}-hint`, `${id}-fault`].filter(Boolean).join(" "))
  const element = el("div", { class: `field ${wide ? "field--wide" : ""}` },
    el("label", { for: id }, label), control, about, fault)
  return { key, label, element, get, set, ...faults(element, fault, () => [input]), focus: () => input.focus() }
}

function faults(element, place, inputs) {
  return {
    fail(text) {
      place.textContent = text
      element.classList.toggle("field--fault", Boolean(text))
      for (const input of inputs()) {
        if (text) input.setAttribute("aria-invalid", "true")
        else input.removeAttribute("aria-invalid")
      }
    },
  }
}

export function textField(key, label, { list, area, type = "text", beside, ...more } = {}) {
  const control = area
    ? el("textarea", { rows: "2", maxlength: "5000" })
    : el("input", { type, list, autocomplete: "off", maxlength: type === "text" ? "5000" : undefined })
  const shown = beside ? el("div", { class: "field__beside" }, control, beside(control)) : control
  return field(key, label, shown, {
    ...more,
    get: () => control.value.trim(),
    set: value => { control.value = value ?? "" },
  })
}

export function selectField(key, label, choices, { number, ...more } = {}) {
  const control = el("select", {}, choices.map(([value, text]) => el("option", { value }, text)))
  return field(key, label, control, {
    ...more,
    get: () => (number ? Number(control.value) || null : control.value),
    set: value => {
      const text = String(value ?? "")
      if (![...control.options].some(option => option.value === text)) {
        control.append(el("option", { value: text }, text))
      }
      control.value = text
    },
  })
}

export function tickField(key, label, hint) {
  const input = el("input", { type: "checkbox" })
  const fault = el("p", { class: "field__fault" })
  const element = el("div", { class: "field field--wide" },
    el("label", { class: "tick" }, input, el("span", {}, label, el("small", {}, hint))), fault)
  return {
    key, label, element,
    get: () => input.checked,
    set: value => { input.checked = Boolean(value) },
    focus: () => input.focus(),
    ...faults(element, fault, () => [input]),
  }
}

/** A choice of one; `inner` is shown below the chosen option. */
function radios(name, choices) {
  const rows = choices.map(({ value, text, hint, inner }) => {
    const input = el("input", { type: "radio", name, value })
    const row = el("label", { class: "tick" }, input, el("span", {}, text, hint && el("small", {}, hint)))
    return { input, inner, element: inner ? el("div", {}, row, inner) : row }
  })
  const show = () => rows.forEach(row => { if (row.inner) row.inner.hidden = !row.input.checked })
  rows.forEach(row => row.input.addEventListener("change", show))
  return {
    elements: rows.map(row => row.element),
    inputs: rows.map(row => row.input),
    get: () => rows.find(row => row.input.checked)?.input.value ?? "",
    set(value) {
      rows.forEach(row => { row.input.checked = row.input.value === value })
      show()
    },
  }
}

function group(key, label, { elements, inputs, hint, list, get, set, lacking }) {
  const fault = el("p", { class: "field__fault" })
  const element = el("fieldset", { class: "field field--wide" },
    el("legend", {}, label),
    hint && el("p", { class: "field__hint" }, hint),
    el("div", { class: `ticks ${list ? "ticks--list" : ""}` }, elements), fault)
  return { key, label, element, get, set, lacking, focus: () => inputs[0].focus(), ...faults(element, fault, () => inputs) }
}

/** The signer: name and role; another role is written after the name. */
export function signerFields(narrator) {
  const heir = "（家属）"
  const role = radios("role", [
    { value: "self", text: "本人" },
    { value: "heir", text: "家属", hint: "讲述人已经过世，或不能自己签" },
    { value: "guardian", text: "监护人", hint: "讲述人未成年" },
  ])
  const by = textField("consent.by", "签署人", {
    hint: "纸上签的名字。空着就是还没有同意书。",
    beside: input => el("button", {
      type: "button",
      onclick() {
        input.value = narrator() || input.value
        input.dispatchEvent(new Event("input", { bubbles: true }))
      },
    }, "同讲述人"),
  })
  const guardian = textField("consent.guardian", "监护人", { hint: "未成年人自己签了名，监护人也要签。" })
  const name = by.get
  const own = { get: guardian.get, set: guardian.set, setBy: by.set }
  by.get = () => (name() && role.get() === "heir" ? name() + heir : name())
  by.set = value => {
    if (value.endsWith(heir)) role.set("heir")
    else if (role.get() !== "guardian") role.set("self")
    own.setBy(value.replace(heir, ""))
  }
  guardian.get = () => (role.get() === "guardian" ? name() : own.get())
  // Set after the signer, who may be the guardian.
  guardian.set = value => {
    own.set(value)
    if (value && value === name()) role.set("guardian")
    else if (role.get() === "guardian") role.set("self")
  }
  const roles = group("", "谁签的", role)
  const show = minor => {
    guardian.element.hidden = role.get() === "guardian" || !(minor || own.get())
    guardian.element.querySelector("input").required = minor && role.get() !== "guardian"
  }
  return { by, guardian, roles: roles.element, show }
}

/** The uses agreed to: single ones, or a general form. */
export function usesField(uses, sentences) {
  const ticks = uses.map(({ key, label }) => {
    const input = el("input", { type: "checkbox", value: key })
    const row = el("label", { class: "tick" }, input, el("span", {}, label, el("small", {}, sentences[key] ?? "")))
    return { input, row }
  })
  const inner = el("div", { class: "ticks ticks--list ticks--inner", role: "group", "aria-label": "同意的用途" }, ticks.map(tick => tick.row))
  const way = radios("uses", [
    { value: "ticked", text: "纸上一项一项勾的", hint: "照着纸勾，没勾的就是不同意", inner },
    { value: "general", text: "纸上没有分项", hint: "老式的同意书：等于样样同意" },
  ])
  return group("consent.uses", "同意怎么用", {
    elements: way.elements,
    inputs: way.inputs,
    list: true,
    get: () => (way.get() === "ticked" ? ticks.filter(tick => tick.input.checked).map(tick => tick.input.value) : null),
    set(value, all) {
      ticks.forEach(tick => { tick.input.checked = (value ?? []).includes(tick.input.value) })
      way.set(value ? "ticked" : all?.["consent.by"] ? "general" : "")
    },
  })
}

const NAMELESS = "匿名"

/** The published name of the narrator: own, another, or none. */
export function nameField() {
  const other = el("input", { type: "text", "aria-label": "化名", placeholder: "例如：东街老伯", autocomplete: "off" })
  const way = radios("name", [
    { value: "own", text: "真名", hint: "照“讲述人”一栏写" },
    { value: "other", text: "化名", inner: el("div", { class: "ticks--inner" }, other) },
    { value: "none", text: NAMELESS },
  ])
  return group("consent.shown_as", "网站上署什么名", {
    elements: way.elements,
    inputs: way.inputs,
    hint: "选了化名或匿名，网站、课件、U 盘里都不写真名；文稿里写着的名字也换掉，声音用“哔”盖住；说到了、文稿里没有写的，要人来听。",
    list: true,
    // A blank: chosen, but not yet written. It is no name, and must not be taken for the own one.
    get: () => ({ other: other.value.trim() || " ", none: NAMELESS })[way.get()] ?? "",
    lacking: () => (way.get() === "other" && !other.value.trim() ? "写上化名，或者选匿名" : ""),
    set(value) {
      other.value = value && value !== NAMELESS ? value.trim() : ""
      way.set(!value ? "own" : value === NAMELESS ? "none" : "other")
    },
  })
}

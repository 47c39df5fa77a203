// Scans of what was signed: dropped or chosen, put into the archive one by one, never published.

import { bytes, el, getSession, tell } from "../shared/desk.js"

const LARGEST = 50 * 1024 * 1024

async function send(address, file) {
  const { token } = await getSession()
  const headers = { "Content-Type": "application/octet-stream", "X-Cunshi-Token": token }
  const answer = await fetch(`${address}/${encodeURIComponent(file.name)}`, { method: "PUT", headers, body: file })
  const data = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Error([data.error, data.remedy].filter(Boolean).join("。") || "没有放进去")
  return data
}

/** The list of scans and the place to drop more. */
export function scansPart(address) {
  const list = el("ul", { class: "scans" })
  const state = el("span", { class: "soft", role: "status" })
  const input = el("input", { type: "file", multiple: true, accept: "image/*,.pdf,.heic", onchange: () => take([...input.files]) })
  const drop = el("label", {
    class: "drop",
    ondragover: event => { event.preventDefault(); drop.classList.add("drop--over") },
    ondragleave: () => drop.classList.remove("drop--over"),
    ondrop: event => {
      event.preventDefault()
      drop.classList.remove("drop--over")
      take([...event.dataTransfer.files])
    },
  }, input, el("strong", {}, "放进签好的同意书"), el("span", { class: "soft" }, "拖到这里，或点一下选文件、拍照"), state)

  async function take(files) {
    for (const file of files) {
      if (file.size > LARGEST) {
        tell(`${file.name} 太大了，最多 50 MB`, "bad")
        continue
      }
      state.textContent = `正在放 ${file.name}……`
      try {
        const data = await send(address, file)
        show(data.scans)
        tell(`${data.name} 放好了`)
      } catch (error) {
        tell(`${file.name}：${error instanceof TypeError ? "没有连上，请再放一次" : error.message}`, "bad")
      }
    }
    state.textContent = ""
    input.value = ""
  }

  function show(scans) {
    list.hidden = !scans.length
    list.replaceChildren(...scans.map(scan => el("li", {},
      el("a", { href: `${address}/${encodeURIComponent(scan.name)}`, target: "_blank" }, scan.name),
      el("span", { class: "soft" }, bytes(scan.size)))))
  }

  const element = el("section", { class: "sheet", "aria-labelledby": "h-scans" },
    el("h2", { id: "h-scans" }, "同意书扫描件"),
    el("p", { class: "soft" }, "只存在档案库里，不会上网站，也不会进礼包。"), list, drop)
  return { element, show }
}

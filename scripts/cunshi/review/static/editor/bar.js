// The buttons around the lines: for playback and the current line at the bottom, above
// for the whole recording.

import { el } from "../shared/desk.js"
import { keyFor } from "./keys.js"

const SOUND = [["back", "退 2 秒"], ["toggle", "播放"], ["ahead", "进 2 秒"], ["slower", "慢"], ["faster", "快"]]
const LINE = [["nextDoubt", "下一处存疑"], ["settled", "没问题"], ["split", "分行"], ["merge", "合行"], ["unclear", "听不清"], ["askSpeaker", "讲话人"], ["startNow", "从现在开始"], ["withhold", "不公开"], ["gold", "金句"], ["word", "加词"], ["undo", "撤销"], ["redo", "重做"]]
const PAGE = [["find", "查找替换"], ["compare", "对照初稿"], ["mandarin", "普通话"], ["history", "修改记录"], ["help", "键盘"], ["approve", "定稿"]]
const TOGGLES = new Set(["withhold", "gold", "compare", "mandarin"])

export class Bar {
  /** `act(name)` runs the action of a button. */
  constructor(bottom, top, act) {
    this._buttons = new Map()
    const make = ([name, label]) => {
      const key = keyFor(name)
      const button = el("button", {
        type: "button", "data-do": name, title: key ? `${label}（${key}）` : null,
        "aria-pressed": TOGGLES.has(name) ? "false" : null, "aria-keyshortcuts": null,
        // Keep the caret where it is.
        onpointerdown: event => event.preventDefault(), onclick: () => act(name),
      }, label)
      this._buttons.set(name, button)
      return button
    }
    this._speed = el("span", { class: "speed", role: "status", "aria-label": "速度" }, "1 倍")
    this._clock = el("span", { class: "clock", "aria-hidden": "true" }, "0:00")
    this._follow = el("button", { type: "button", class: "follow", hidden: true, title: `跟上声音（${keyFor("follow")}）`, onclick: () => act("follow") }, "跟上声音")
    const sound = el("div", { class: "sound row" }, SOUND.map(make), this._speed, this._clock, this._follow)
    this._line = el("div", { class: "tools row" }, LINE.map(make))
    bottom.append(sound, this._line)
    top.append(...PAGE.map(make))
    this._buttons.get("toggle").classList.add("main")
    this._buttons.get("approve").classList.add("main")
  }

  button(name) {
    return this._buttons.get(name)
  }

  time(text) {
    if (this._clock.textContent !== text) this._clock.textContent = text
  }

  playing(on) {
    this.button("toggle").textContent = on ? "暂停" : "播放"
  }

  speed(rate) {
    const text = `${rate} 倍`
    if (this._speed.textContent !== text) this._speed.textContent = text
  }

  following(on) {
    this._follow.hidden = on
  }

  pressed(name, on) {
    this.button(name).setAttribute("aria-pressed", String(on))
  }

  doubtful(count) {
    this.button("nextDoubt").textContent = count ? `下一处存疑（${count} 行）` : "下一处存疑"
  }

  readOnly(on) {
    this._line.hidden = on
    this.button("approve").textContent = on ? "继续校对" : "定稿"
  }
}

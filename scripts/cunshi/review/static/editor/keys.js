// The keys of the editor. They work while somebody types, and never while an input method composes.
// The choice of keys is explained in docs/review-desk.md.

/** [name, keys, what it does]; `keys` as KeyboardEvent.code with Ctrl+, Alt+, Shift+ in this order. */
export const KEYS = [
  ["听", [
    ["toggle", ["Escape", "Alt+KeyK"], "播放；停下，光标就在刚才听到的地方"],
    ["back", ["Alt+KeyJ"], "退 2 秒"],
    ["ahead", ["Alt+KeyL"], "进 2 秒"],
    ["again", ["Alt+KeyH"], "这一行再听一遍"],
    ["slower", ["Alt+Comma"], "慢一点"],
    ["faster", ["Alt+Period"], "快一点"],
    ["follow", ["Alt+KeyC"], "光标跟到正在讲的字"],
  ]],
  ["走", [
    ["nextLine", ["Enter"], "下一行，接着听"],
    ["previousLine", ["Shift+Enter"], "上一行，接着听"],
    ["nextDoubt", ["Alt+KeyN"], "下一处存疑，放给您听"],
    ["previousDoubt", ["Alt+KeyP"], "上一处存疑"],
    ["settled", ["Ctrl+Enter"], "这一行没有问题了，去下一处存疑"],
  ]],
  ["改", [
    ["split", ["Alt+Enter"], "从光标处分成两行"],
    ["merge", ["Alt+KeyM"], "和下一行合起来"],
    ["accept", ["Alt+KeyY"], "采用建议的词"],
    ["acceptAll", ["Alt+KeyO"], "建议的词，全部采用"],
    ["unclear", ["Alt+KeyU"], "写上 [听不清]"],
    ["speaker", ["Alt+KeyS"], "换讲话人"],
    ["startNow", ["Alt+KeyT"], "这一行从现在的声音开始"],
    ["withhold", ["Alt+KeyB"], "不公开这一行"],
    ["gold", ["Alt+KeyG"], "记为金句"],
    ["undo", ["Ctrl+KeyZ"], "撤销"],
    ["redo", ["Ctrl+KeyY", "Ctrl+Shift+KeyZ"], "重做"],
  ]],
  ["别的", [
    ["find", ["Ctrl+KeyF"], "查找"],
    ["replace", ["Ctrl+KeyH"], "替换"],
    ["word", ["Alt+KeyI"], "选中的词加进词语本"],
    ["save", ["Ctrl+KeyS"], "现在就保存"],
    ["approve", ["Ctrl+Shift+Enter"], "定稿"],
    ["help", ["Alt+Slash"], "看这张表"],
  ]],
]

const NAMES = new Map(KEYS.flatMap(([, keys]) => keys.flatMap(([name, codes]) => codes.map(code => [code, name]))))
const LABELS = { Escape: "Esc", Enter: "回车", Comma: "逗号", Period: "句号", Slash: "/" }

/** The action of a key, or undefined. */
export function asked(event) {
  if (event.isComposing || event.keyCode === 229) return undefined
  // AltGr, which types letters on some keyboards, is reported as Ctrl+Alt.
  if (event.altKey && event.ctrlKey) return undefined
  const code = event.code === "NumpadEnter" ? "Enter" : event.code
  const held = [(event.ctrlKey || event.metaKey) && "Ctrl+", event.altKey && "Alt+", event.shiftKey && "Shift+"]
  return NAMES.get(held.filter(Boolean).join("") + code)
}

/** The label of a key. */
export function written(code) {
  return code.split("+").map(part => LABELS[part] ?? part.replace("Key", "")).join("+")
}

/** The keys of an action, for a tooltip. */
export function keyFor(name) {
  for (const [, keys] of KEYS) for (const [other, codes] of keys) if (other === name) return written(codes[0])
  return ""
}

// Positions in the text of a row: carets, ranges, and conversion of characters to UTF-16 units.

/** The UTF-16 offset of each code point. */
export function units(text) {
  const found = [0]
  for (const char of text) found.push(found.at(-1) + char.length)
  return found
}

/** The number of characters before a UTF-16 offset. */
export function codePoints(text, at) {
  return [...text.slice(0, at)].length
}

export function unitsOf(text, at) {
  return [...text].slice(0, at).join("").length
}

export function put(element, text) {
  const at = document.activeElement === element ? caret(element) : null
  element.textContent = text
  if (at !== null) setCaret(element, Math.min(at, text.length))
}

/** The caret's UTF-16 offset in an element. */
export function caret(element, end = false) {
  const selection = getSelection()
  if (!selection.rangeCount || !element.contains(selection.focusNode)) return 0
  const before = document.createRange()
  before.selectNodeContents(element)
  const here = selection.getRangeAt(0)
  before.setEnd(...(end ? [here.endContainer, here.endOffset] : [here.startContainer, here.startOffset]))
  return before.toString().length
}

export function setCaret(element, from, to = from) {
  const found = range(element, from, to)
  if (!found) {
    const empty = document.createRange()
    empty.selectNodeContents(element)
    empty.collapse(true)
    getSelection().removeAllRanges()
    getSelection().addRange(empty)
    return
  }
  getSelection().removeAllRanges()
  getSelection().addRange(found)
}

export function caretLeft() {
  const selection = getSelection()
  return selection.rangeCount ? selection.getRangeAt(0).getClientRects()[0]?.left : undefined
}

export function range(element, from, to) {
  const node = element?.firstChild
  if (!node || node.nodeType !== Node.TEXT_NODE || to > node.length) return null
  const found = document.createRange()
  found.setStart(node, from)
  found.setEnd(node, to)
  return found
}

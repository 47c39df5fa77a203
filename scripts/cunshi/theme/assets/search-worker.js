/* Search for Chinese: a page is found by any characters that stand together in it.

   Material's own worker looks for words and their beginnings, and Chinese text has no spaces, so it
   misses most of what people type. This worker takes its place: it speaks the same protocol
   (SETUP 0 -> READY 1, QUERY 2 -> RESULT 3) and gets the same index. Material puts titles and texts
   of results into the page as HTML, so all that leaves here is escaped. */

"use strict"

const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3
const BEFORE = 24, AFTER = 96
const TITLE_WEIGHT = 20

let sections = []

/** Plain text of the index's HTML; entities are undone last, so that "&lt;b>" stays text. */
function plain(html) {
  return (html || "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&")
    .replace(/\s+/g, " ").trim()
}

function escape(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;")
}

/** Full-width and capital letters as ordinary ones, keeping every character at its place. Most are
    Chinese, which stays as it is. */
function fold(text) {
  return text.replace(/[^\u4e00-\u9fff]/gu, function (character) {
    const simple = character.normalize("NFKC").toLowerCase()
    return simple.length === character.length ? simple : character
  })
}

/** The index as sections; the first section of a page stands for the page itself. */
function setup(index) {
  const pages = new Map()
  sections = index.docs.map(function (entry) {
    const title = plain(entry.title), text = plain(entry.text)
    const section = { location: entry.location, title, text, inTitle: fold(title), inText: fold(text) }
    const page = entry.location.split("#")[0]
    if (!pages.has(page)) pages.set(page, section)
    section.page = pages.get(page)
    return section
  })
}

function positions(text, term) {
  const found = []
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) found.push(at)
  return found
}

/** The text as HTML, with every term marked; ``folded`` is where the terms are looked for. */
function mark(text, folded, terms) {
  const marked = new Uint8Array(text.length)
  for (const term of terms)
    for (const at of positions(folded, term)) marked.fill(1, at, at + term.length)
  let html = ""
  for (let start = 0, end = 0; start < text.length; start = end) {
    while (end < text.length && marked[end] === marked[start]) end++
    const part = escape(text.slice(start, end))
    html += marked[start] ? `<mark data-md-highlight>${part}</mark>` : part
  }
  return html
}

/** The words around the first hit, or the beginning of the text. */
function excerpt(section, terms) {
  const hits = terms.map(term => section.inText.indexOf(term)).filter(at => at >= 0)
  const hit = hits.length ? Math.min(...hits) : 0
  const start = Math.max(0, hit - BEFORE), end = Math.min(section.text.length, hit + AFTER)
  const html = mark(section.text.slice(start, end), section.inText.slice(start, end), terms)
  return `<p>${start ? "…" : ""}${html}${end < section.text.length ? "…" : ""}</p>`
}

function score(section, terms) {
  return terms.reduce(function (sum, term) {
    const inTitle = section.inTitle.includes(term) ? TITLE_WEIGHT : 0
    return sum + inTitle + Math.log2(1 + positions(section.inText, term).length)
  }, 0)
}

function item(section, terms) {
  return {
    location: section.location,
    title: mark(section.title, section.inTitle, terms),
    text: section.text ? excerpt(section, terms) : "",
    score: score(section, terms),
    terms: Object.fromEntries(terms.map(term => [term, true]))
  }
}

/** Results by page, best page first; in a page, the page itself and then its best sections. */
function search(query) {
  const terms = fold(query).split(/[\s"*+]+/).filter(Boolean)
  if (!terms.length) return { items: [] }
  const pages = new Map()
  for (const section of sections) {
    if (!terms.every(term => section.inTitle.includes(term) || section.inText.includes(term))) continue
    const hits = pages.get(section.page) || []
    hits.push(section)
    pages.set(section.page, hits)
  }
  const best = items => Math.max(...items.map(found => found.score))
  const groups = Array.from(pages, function ([page, hits]) {
    const others = hits.filter(section => section !== page).map(section => item(section, terms))
    return [item(page, terms), ...others.sort((a, b) => b.score - a.score)]
  })
  return { items: groups.sort((a, b) => best(b) - best(a)) }
}

addEventListener("message", function (event) {
  const { type, data } = event.data
  if (type === SETUP) {
    setup(data)
    postMessage({ type: READY })
  } else if (type === QUERY) {
    postMessage({ type: RESULT, data: search(data) })
  }
})

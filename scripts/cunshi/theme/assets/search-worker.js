/* Search for Chinese: a page is found by any characters that stand together in it.

   Material's own worker looks for words and their beginnings, and Chinese text has no spaces, so it
   misses most of what people type. This worker takes its place: it speaks the same protocol
   (SETUP 0 -> READY 1, QUERY 2 -> RESULT 3) and gets the same index. Material puts titles and texts
   of results into the page as HTML, so all that leaves here is escaped.

   What is spoken in the recordings is in parts, which are scripts that call addPart: they are loaded
   for the first question. Where that takes long, what has been found so far is answered meanwhile. */

"use strict"

const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3
const BEFORE = 24, AFTER = 96
const TITLE_WEIGHT = 20
const PATIENCE = 1000 // Milliseconds of loading after which an answer that lacks something is better.
// From a disk this runs in a frame of the page.
const HERE = self.document ? document.currentScript.src : location.href

let pages = new Map() // By location: the section of the page itself, and those of its parts.
let parts = [] // Those that are not loaded yet.
let loading = false
let asked = ""

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

const folded = new Map()

function foldOne(character) {
  let simple = folded.get(character)
  if (simple === undefined) {
    simple = character.normalize("NFKC").toLowerCase()
    if (simple.length !== character.length) simple = character
    folded.set(character, simple)
  }
  return simple
}

/** Full-width and capital letters as ordinary ones, keeping every character at its place. Most are
    Chinese, which stays as it is. */
function fold(text) {
  return text.replace(/[^\u4e00-\u9fff]/gu, foldOne)
}

function makeSection(location, title, text) {
  return { location, title, text, inTitle: fold(title), inText: fold(text) }
}

/** The index as sections; the first section of a page stands for the page itself. */
function setup(index) {
  pages = new Map()
  for (const entry of index.docs) {
    const section = makeSection(entry.location, plain(entry.title), plain(entry.text))
    const location = entry.location.split("#")[0]
    if (pages.has(location)) pages.get(location).others.push(section)
    else pages.set(location, { page: section, others: [] })
  }
  parts = (index.config.parts || []).slice()
}

function clock(time) {
  const two = n => String(n).padStart(2, "0")
  const hours = Math.floor(time / 3600), minutes = Math.floor(time / 60) % 60
  return (hours ? `${hours}:${two(minutes)}` : minutes) + ":" + two(Math.floor(time) % 60)
}

/** Called by the parts: for each page the seconds at which paragraphs begin, and their words. */
function addPart(told) {
  for (const [location, paragraphs] of Object.entries(told)) {
    const found = pages.get(location)
    if (found) for (const [start, text] of paragraphs)
      found.others.push(makeSection(`${location}#t=${start}`, `${clock(start)} 起`, text))
  }
}

/** Run a script of the site; what cannot be loaded is asked for again with the next question. */
function load(path) {
  const address = new URL(`../${path}`, HERE).href
  return new Promise(function (done, failed) {
    if (!self.document) {
      importScripts(address)
      return setTimeout(done) // Other questions may come in between.
    }
    const script = document.createElement("script")
    script.src = address
    script.onload = done
    script.onerror = failed
    document.body.append(script)
  })
}

async function loadParts() {
  if (loading) return
  loading = true
  const begun = performance.now()
  for (const part of parts.slice()) {
    try {
      await load(part)
      parts.splice(parts.indexOf(part), 1)
    } catch { continue }
    if (parts.length && performance.now() - begun > PATIENCE) answer(false)
  }
  loading = false
  answer(true)
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
  const has = section => terms.every(term => section.inTitle.includes(term) || section.inText.includes(term))
  const groups = []
  for (const { page, others } of pages.values()) {
    const hits = others.filter(has)
    if (!hits.length && !has(page)) continue
    const items = hits.map(section => item(section, terms))
    groups.push([item(page, terms), ...items.sort((a, b) => b.score - a.score)])
  }
  const best = new Map(groups.map(items => [items, Math.max(...items.map(found => found.score))]))
  return { items: groups.sort((a, b) => best.get(b) - best.get(a)) }
}

/** Answer the last question. ``whole`` tells that no part is missing; before, to have found nothing
    means nothing. */
function answer(whole) {
  const data = search(asked)
  if (whole || data.items.length) postMessage({ type: RESULT, data: { ...data, whole } })
}

addEventListener("message", function (event) {
  const { type, data } = event.data
  if (type === SETUP) {
    setup(data)
    postMessage({ type: READY })
  } else if (type === QUERY) {
    asked = data
    if (parts.length && asked.trim()) loadParts()
    else answer(true)
  }
})

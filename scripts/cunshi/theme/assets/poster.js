/* The study poster of a lesson and the certificate of the course, drawn on a canvas with text and
   lines alone: a picture from the disk would make the canvas unreadable. Nothing is sent anywhere;
   the name stays in this browser until it is cleared. */

(function () {
  "use strict"

  const cunshi = window.cunshi, root = document.querySelector("[data-cs-poster]")
  if (!cunshi || !root) return
  const { lesson, memory, element, button } = cunshi

  const SERIF = '"Noto Serif SC", "Source Han Serif SC", "Noto Serif CJK SC", "Songti SC", "STSong", "SimSun", serif'
  // A print has one look, whatever the page's colours are.
  const PAPER = "#f8f2e5", SHEET = "#fffbf2", INK = "#2b2520", SOFT = "#665a4c", RED = "#a5371f"
  const GREEN = "#1d5a4d", RIVER = "#6fa497", LINE = "#d9c9a8"
  const CLOSING = "，。、；：！？”’）》」』…" // These never begin a line.
  const QUIET = 4 // Modules of white around a QR code (ISO/IEC 18004).

  class Picture {
    constructor(width, height) {
      this.canvas = element("canvas")
      Object.assign(this.canvas, { width, height })
      this.pen = this.canvas.getContext("2d")
      this.rect(0, 0, width, height, PAPER)
      this.frame(36, 6)
      this.frame(52, 2)
    }

    rect(x, y, width, height, colour) {
      this.pen.fillStyle = colour
      this.pen.fillRect(x, y, width, height)
    }

    frame(inset, thick) {
      const { width, height } = this.canvas
      this.pen.strokeStyle = RED
      this.pen.lineWidth = thick
      this.pen.strokeRect(inset, inset, width - 2 * inset, height - 2 * inset)
    }

    font(size, bold) {
      this.pen.font = `${bold ? "bold " : ""}${size}px ${SERIF}`
    }

    text(words, x, y, { size, colour = INK, bold = false, align = "left" }) {
      this.font(size, bold)
      this.pen.fillStyle = colour
      this.pen.textAlign = align
      this.pen.fillText(words, x, y)
    }

    lines(words, width) {
      const lines = [""]
      for (const character of words) {
        const line = lines[lines.length - 1]
        const full = line && this.pen.measureText(line + character).width > width
        if (full && !CLOSING.includes(character)) lines.push(character)
        else lines[lines.length - 1] += character
      }
      return lines
    }

    // The largest size at which the words fit in so many lines.
    block(words, x, y, width, most, style) {
      let { size } = style, lines
      do {
        this.font(size, style.bold)
        lines = this.lines(words, width)
        size -= 2
      } while (lines.length > most && size > 20)
      size += 2
      lines.forEach((line, index) => this.text(line, x, y + index * size * 1.6, { ...style, size }))
      return y + (lines.length - 1) * size * 1.6
    }

    waves(y) {
      this.pen.lineWidth = 4
      for (let row = 0; row < 4; row++) {
        this.pen.strokeStyle = row % 2 ? LINE : RIVER
        this.pen.beginPath()
        for (let x = 72; x <= this.canvas.width - 72; x += 6) {
          const height = y + row * 20 + 7 * Math.sin((x + row * 45) / 34)
          if (x === 72) this.pen.moveTo(x, height)
          else this.pen.lineTo(x, height)
        }
        this.pen.stroke()
      }
    }

    bridge(x, y) {
      this.pen.fillStyle = GREEN
      this.pen.beginPath()
      this.pen.moveTo(x, y)
      this.pen.quadraticCurveTo(x + 180, y - 190, x + 360, y)
      this.pen.lineTo(x + 265, y)
      this.pen.arc(x + 180, y, 85, 0, Math.PI, true)
      this.pen.fill()
      for (let step = 0; step < 3; step++) {
        const left = x + 440 + step * 120, top = y - 70 - (step % 2) * 25
        this.pen.fillRect(left + 8, top, 84, y - top)
        this.pen.beginPath()
        this.pen.moveTo(left - 8, top)
        this.pen.lineTo(left + 50, top - 40)
        this.pen.lineTo(left + 108, top)
        this.pen.fill()
        this.rect(left + 38, y - 44, 24, 44, PAPER)
        this.pen.fillStyle = GREEN
      }
    }

    seal(x, y) {
      this.pen.fillStyle = RED
      this.pen.beginPath()
      const corners = this.pen.roundRect || this.pen.rect // Older browsers draw it square.
      corners.call(this.pen, x, y, 96, 132, 12)
      this.pen.fill()
      for (const [row, word] of ["村", "史"].entries())
        this.text(word, x + 48, y + 56 + row * 58, { size: 52, colour: "#fff8ea", bold: true, align: "center" })
    }

    code(rows, x, y, width) {
      const module = Math.floor(width / (rows.length + 2 * QUIET))
      const size = module * (rows.length + 2 * QUIET)
      this.rect(x, y, size, size, "#fff")
      rows.forEach((row, down) => Array.from(row).forEach((dark, across) => {
        if (dark === "1")
          this.rect(x + (across + QUIET) * module, y + (down + QUIET) * module, module, module, "#000")
      }))
      return size
    }
  }

  function today() {
    const day = new Date()
    return `${day.getFullYear()}年${day.getMonth() + 1}月${day.getDate()}日`
  }

  function drawPoster(name) {
    const picture = new Picture(1080, 1440)
    picture.text(lesson.course, 110, 150, { size: 34, colour: SOFT })
    picture.seal(874, 100)
    picture.text(lesson.label, 110, 270, { size: 48, colour: RED, bold: true })
    const end = picture.block(lesson.title, 110, 370, 860, 2, { size: 88, bold: true })
    picture.text(lesson.villages, 110, end + 76, { size: 34, colour: GREEN })
    const free = drawQuotation(picture, end + 190)
    if (free < 850) picture.bridge(110, 990) // Long words leave no room for it.
    picture.waves(1004)
    const size = picture.code(lesson.qr, 730, 1092, 250)
    const invitation = lesson.online ? "扫一扫，听这一课" : "扫一扫，看看是哪一课"
    picture.text(invitation, 730 + size / 2, 1092 + size + 34, { size: 24, colour: SOFT, align: "center" })
    picture.block(name, 110, 1220, 580, 1, { size: 76, bold: true })
    picture.text("学完了这一课", 110, 1290, { size: 40 })
    picture.text(today(), 110, 1350, { size: 30, colour: SOFT })
    return picture.canvas
  }

  // Where the words end.
  function drawQuotation(picture, y) {
    if (!lesson.quotation) return y
    const end = picture.block(`「${lesson.quotation}」`, 110, y, 840, 4, { size: 46 })
    if (lesson.speaker)
      picture.text(`—— ${lesson.speaker}`, 960, end + 64, { size: 34, colour: SOFT, align: "right" })
    return end + 64
  }

  function drawCertificate(name) {
    const picture = new Picture(1440, 1080), titles = Object.entries(lesson.lessons)
    picture.text("结业证书", 720, 210, { size: 110, colour: RED, bold: true, align: "center" })
    picture.block(name, 720, 340, 1100, 1, { size: 76, bold: true, align: "center" })
    picture.text(`学完了《${lesson.course}》全部 ${titles.length} 课`, 720, 425, { size: 42, align: "center" })
    titles.forEach(([number, title], index) => {
      const column = index < Math.ceil(titles.length / 2) ? 0 : 1
      const row = index - column * Math.ceil(titles.length / 2)
      const words = `${number}　${title}`
      picture.block(words, 250 + column * 520, 520 + row * 54, 480, 1, { size: 34, colour: GREEN })
    })
    picture.waves(800)
    picture.text(today(), 120, 985, { size: 34, colour: SOFT })
    picture.seal(672, 880)
    picture.code(lesson.course_qr, 1180, 860, 160)
    return picture.canvas
  }

  // --- The form below the quiz

  const title = element("h3", "", "学习海报")
  const hint = element("p", "cs-poster__hint")
  const form = element("form", "cs-poster__form")
  const label = element("label", "", "你的名字")
  const input = element("input", "cs-poster__name")
  Object.assign(input, { type: "text", maxLength: 12, autocomplete: "off", required: true })
  label.append(input)
  const make = element("button", "cs-key cs-key--main", "做海报")
  make.type = "submit"
  const certify = button("做结业证书", () => { if (form.reportValidity()) show(drawCertificate, "结业证书") })
  form.append(label, make, certify)
  const shown = element("div", "cs-poster__shown")
  shown.setAttribute("role", "status")
  const keep = element("p", "cs-poster__keep", "名字和进度只记在这台设备的浏览器里，不会发到别处。")
  const forget = button("清除名字和进度", () => {
    if (!confirm("清除这台设备上的名字和十课的进度？")) return
    input.value = ""
    shown.replaceChildren()
    memory.clear()
  })
  root.append(title, hint, form, shown, keep, forget)

  form.addEventListener("submit", event => {
    event.preventDefault()
    show(drawPoster, `学习海报-${lesson.label}`)
  })

  function show(draw, kind) {
    const name = input.value.trim()
    if (!name) return input.focus()
    memory.write({ name })
    const canvas = draw(name), image = element("img", "cs-poster__image")
    const file = `${kind}-${name}.png`.replace(/[\\/:*?"<>|]/g, "")
    // A picture, not the canvas, so that a long press on a phone can save it.
    image.src = canvas.toDataURL("image/png")
    image.alt = `${kind}：${lesson.label} ${lesson.title}，${name}`
    const keys = element("div", "cs-poster__keys")
    const save = element("a", "cs-key cs-key--main", "存成图片")
    Object.assign(save, { href: image.src, download: file })
    keys.append(save, element("p", "cs-poster__hint", "手机上也可以长按图片保存。"))
    shown.replaceChildren(image, keys)
    canvas.toBlob(blob => { if (blob) offerShare(keys, new File([blob], file, { type: "image/png" })) })
  }

  function offerShare(keys, file) {
    if (!navigator.canShare || !navigator.canShare({ files: [file] })) return
    const failed = element("p", "cs-poster__hint")
    keys.firstChild.after(button("分享", () => {
      failed.textContent = ""
      navigator.share({ files: [file] }).catch(error => {
        // The first is somebody who thought better of it, the second a finger that was too quick.
        if (["AbortError", "InvalidStateError"].includes(error.name)) return
        failed.textContent = "没有分享出去。可以存成图片再发。"
      })
    }))
    keys.append(failed)
  }

  function tell() {
    const { done = {}, name = "" } = memory.read()
    const all = Object.keys(lesson.lessons), finished = all.filter(number => done[number]).length
    const own = Boolean(done[lesson.number])
    form.hidden = !own
    certify.hidden = finished < all.length
    hint.textContent = own
      ? `已经学完 ${finished} 课，一共 ${all.length} 课。` + (finished < all.length ? "全学完，可以做结业证书。" : "")
      : "小测验全部答对，就可以写上名字，做一张学习海报。"
    if (!input.value) input.value = name
    forget.hidden = keep.hidden = !(finished || name || Object.keys(memory.read().answered || {}).length)
    if (!own) shown.replaceChildren()
  }

  document.addEventListener("cs-progress", tell)
  tell()
})()

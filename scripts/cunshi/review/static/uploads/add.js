// The page for uploading recordings and recording mottoes.

import { header } from "../shared/desk.js"
import { adder } from "./upload.js"
import { recorder } from "./recorder.js"
import { panel, watch } from "../shared/job_progress.js"

const show = panel(document.getElementById("working"), ["transcribe"])
await header()
const soon = watch(show)
await adder(document.getElementById("adding"), {
  lead: "把录音拖到这个页面上，或者",
  changed: () => soon(),
})
await recorder(document.getElementById("motto"), { changed: () => soon() })

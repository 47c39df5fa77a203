// What the validators of package-lock.json object to in files.
// Reads a JSON list of paths from the standard input, writes a JSON list of [path, complaint].
import { readFileSync } from "node:fs";
import { presentation3StrictUpgrade } from "@iiif/parser/strict";
import { HtmlValidate } from "html-validate";
import { Maniiifest } from "maniiifest";
import webvtt from "webvtt-parser";

// Whom a page shuts out is the matter of tests/browser/test_accessibility.py.
const rules = {
  // Matters of taste. Inline styles hold what differs from element to element: a place on the map.
  "doctype-style": "off",
  "no-inline-style": "off",
  "no-trailing-whitespace": "off",
};
const markup = new HtmlValidate({ extends: ["html-validate:standard"], rules });

// IIIF's text wants a list and its own schema a string: github.com/IIIF/cookbook-recipes/pull/546
const undecided = '"language" should be Array of values';

const checks = {
  vtt: (text) => new webvtt.WebVTTParser().parse(text, "captions").errors.map(placed),
  json: (text) => iiif(JSON.parse(text)),
  html: async (text) => (await markup.validateString(ours(text))).results.flatMap(
    (page) => page.messages.map((m) => `line ${m.line}: ${m.ruleId}: ${m.message}`)),
};

function placed(error) {
  return `line ${error.line}: ${error.message}`;
}

// Two readers: one is strict about types, the other about language maps and what holds what.
function iiif(resource) {
  const state = { warnings: [] };
  if (resource.type === "Manifest") presentation3StrictUpgrade(structuredClone(resource), state);
  new Maniiifest(resource);
  return state.warnings.filter((warning) => warning !== undecided);
}

// The article of a page, at the lines where it stands; all around it is the theme's. Pages that
// MkDocs has not made have no theme, and are ours whole.
function ours(text) {
  const start = text.indexOf("<article");
  if (!text.includes('name="generator"') || start < 0) return text;
  const end = text.lastIndexOf("</article>") + "</article>".length;
  return text.slice(0, start).replace(/[^\n]/g, "") + text.slice(start, end);
}

const complaints = [];
for (const path of JSON.parse(readFileSync(0, "utf-8"))) {
  try {
    const found = await checks[path.split(".").pop()](readFileSync(path, "utf-8"));
    complaints.push(...found.map((complaint) => [path, complaint]));
  } catch (error) {
    complaints.push([path, String(error)]);
  }
}
process.stdout.write(JSON.stringify(complaints));

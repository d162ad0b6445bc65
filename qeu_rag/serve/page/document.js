// Opens a document beside the answer, at the quoted passage: its text with the words marked, or the page of a PDF as a picture.
import { file, read } from "./api.js";
import { announce, button, element } from "./element.js";
import { blocks } from "./text.js";
import { pageOf, say } from "./words.js";

const LONGEST = 120000; // characters shown at once: more would make an old PC wait
let opened = null; // {opener, address, turn}: what gets the focus back, the picture's address, and the number of this opening
let turn = 0;

const panel = () => document.getElementById("panel");

/** Opens the document of `cited` ({source, quote, span, page}); `opener` gets the focus back when it is closed. */
export async function openDocument(cited, opener) {
  closeDocument({ refocus: false });
  const mine = (turn += 1);
  opened = { opener, address: null };
  opener?.setAttribute("aria-expanded", "true");
  const title = element("h2", { tabindex: "-1", id: "panel-title" }, cited.title || cited.source);
  const where = element("p", { class: "soft" }, cited.source);
  const tools = element("div", { class: "pages" });
  const paper = element("div", { class: "paper", tabindex: "0", role: "group", "aria-labelledby": "panel-title" }, element("p", { class: "waiting" }, say("opening")));
  panel().setAttribute("aria-labelledby", "panel-title");
  panel().replaceChildren(element("div", { class: "bar" }, element("div", {}, title, where, tools), button("close", say("close"), () => closeDocument(), { quiet: true })), paper);
  panel().hidden = false;
  document.body.classList.add("reading");
  covering();
  title.focus();
  try {
    const found = await read("api/document", { path: cited.source });
    if (mine !== turn) return;
    title.textContent = found.title || found.source;
    show(found, cited, { where, tools, paper, mine });
  } catch (error) {
    if (mine === turn) paper.replaceChildren(element("p", { class: "error" }, error.message));
  }
}

/** Closes it, and gives the focus back to what opened it. */
export function closeDocument({ refocus = true } = {}) {
  if (!opened) return;
  turn += 1;
  const { opener, address } = opened;
  opened = null;
  opener?.setAttribute("aria-expanded", "false");
  if (address) URL.revokeObjectURL(address);
  panel().hidden = true;
  panel().replaceChildren();
  document.body.classList.remove("reading");
  covering();
  if (refocus) opener?.focus();
}

/** Where the panel lies over the page (narrow windows), the rest can be neither reached nor read until it is closed. */
export function covering() {
  const covers = Boolean(opened) && window.matchMedia("(max-width: 75rem)").matches;
  for (const id of ["main", "rail", "skip"]) document.getElementById(id).inert = covers;
  document.body.classList.toggle("covered", covers);
}

function show(found, cited, parts) {
  const chars = Array.from(found.text);
  const quoted = stretchOf(found.text, cited.quote, cited.span);
  const heading = found.headings.filter(({ start }) => quoted && start <= quoted[0]).at(-1)?.text;
  const first = cited.page ?? found.pages.find(({ start, end }) => quoted && start <= quoted[0] && quoted[0] < end)?.number ?? 1;
  parts.where.textContent = [found.source, pageOf(cited), heading].filter(Boolean).join(" · ");
  const asText = () => { parts.tools.querySelector(".pager")?.remove(); showText(found, chars, cited, quoted, parts); };
  if (!found.pictures) return asText();
  const asPage = (number) => showPage(found, number, quoted, parts);
  const choices = [button("", say("as_page"), () => { press(0); asPage(first); }), button("", say("as_text"), () => { press(1); asText(); })];
  const press = (chosen) => choices.forEach((one, index) => one.setAttribute("aria-pressed", String(index === chosen)));
  parts.tools.replaceChildren(...choices);
  press(0);
  asPage(first);
}

/** Where the quote stands, as [start, end] in code points: the one inside `span` where it stands in several places; or null. */
function stretchOf(text, quote, span) {
  if (!quote) return null;
  const from = span ? Array.from(text).slice(0, span[0]).join("").length : 0;
  let at = text.indexOf(quote, from);
  if (at < 0) at = text.indexOf(quote);
  if (at < 0) return null;
  const start = Array.from(text.slice(0, at)).length;
  return [start, start + Array.from(quote).length];
}

function showText(found, chars, cited, quoted, { paper, mine }) {
  if (mine !== turn) return;
  const lost = Boolean(cited.quote) && !quoted;
  const [from, to] = stretch(chars, quoted?.[0] ?? 0);
  const marks = [];
  if (quoted) marks.push([quoted[0] - from, quoted[1] - from, "quoted"]);
  if (quoted && cited.span) marks.push([cited.span[0] - from, cited.span[1] - from, "shown"]);
  const cut = to - from < chars.length;
  paper.replaceChildren(
    ...[lost && note("passage_gone"), cut && note("document_cut"), ...(found.remarks ?? []).map((remark) => element("p", { class: "note" }, remark))].filter(Boolean),
    element("div", { class: "text" }, blocks(chars.slice(from, to).join(""), { marks })));
  const mark = paper.querySelector("mark.quoted");
  if (mark) paper.scrollTop += mark.getBoundingClientRect().top - paper.getBoundingClientRect().top - paper.clientHeight / 3;
  if (mark) announce(say("passage_shown", { quote: cited.quote }));
}

const note = (key) => element("p", { class: "note" }, say(key));

function stretch(chars, around) {
  if (chars.length <= LONGEST) return [0, chars.length];
  const from = Math.max(0, around - LONGEST / 2);
  const line = from === 0 ? 0 : chars.lastIndexOf("\n", from) + 1;
  const end = chars.indexOf("\n", Math.min(chars.length, line + LONGEST));
  return [line, end < 0 ? chars.length : end];
}

async function showPage(found, number, quoted, parts) {
  const { paper, tools, mine } = parts;
  const last = Math.max(1, ...found.pages.map((page) => page.number));
  const stretch = quoted ? { start: quoted[0], end: quoted[1] } : {};
  const width = Math.min(2400, Math.max(600, Math.round(paper.clientWidth * window.devicePixelRatio)));
  const { address, headers } = await file("api/document/page.png", { path: found.source, page: number, width, ...stretch }).catch((error) => ({ address: null, headers: null, error }));
  if (mine !== turn) return address && URL.revokeObjectURL(address);
  const go = (to) => showPage(found, to, quoted, parts);
  const pager = element("div", { class: "pages pager" },
    button("", "‹", () => go(number - 1), { disabled: number <= 1, "aria-label": say("page_before") }),
    element("span", { class: "soft number" }, say("page_of", { page: number, last })),
    button("", "›", () => go(number + 1), { disabled: number >= last, "aria-label": say("page_after") }));
  tools.querySelector(".pager")?.remove();
  tools.append(pager);
  if (!address) return paper.replaceChildren(note("no_picture"));
  if (opened.address) URL.revokeObjectURL(opened.address);
  opened.address = address;
  const marked = headers.get("X-Marked") === "yes";
  const label = say(marked ? "page_marked" : "page_picture", { page: number, title: found.title || found.source });
  const picture = element("img", { src: address, alt: label, onload: () => toMark(paper, picture, found.pages[number - 1], quoted) });
  paper.replaceChildren(...[picture, !marked && quoted && note("page_unmarked")].filter(Boolean));
  announce(label);
}

/** Scrolls to about where the quote stands on the page, told from how far down the page's text it is. */
function toMark(paper, picture, page, quoted) {
  const inside = page && quoted && page.start <= quoted[0] && quoted[0] < page.end;
  const share = inside ? (quoted[0] - page.start) / (page.end - page.start) : 0;
  paper.scrollTop = picture.offsetTop - paper.offsetTop + share * picture.clientHeight - paper.clientHeight / 2;
}

// Shows one answer: how certain it is, its words with markers that open the quoted passage, its sources, and what people may say of it.
import { post } from "./api.js";
import { openDocument } from "./document.js";
import { announce, button, element, icon } from "./element.js";
import { blocks } from "./text.js";
import { pageOf, say, when } from "./words.js";

/** "sure", "likely", "none" (the documents do not say) or "failed", for an answer or a row of a list. */
export function kindOf(answer) {
  if (answer.outcome === "error" || answer.error) return "failed";
  return answer.status === "abstained" ? "none" : answer.certainty || "none";
}

/** How certain an answer is, by icon, word and colour; `only`: the icon, with the word for a screen reader. */
export function badge(kind, { only = false } = {}) {
  const word = say(`kind.${kind}`);
  return element("span", { class: `badge ${kind} ${only ? "only" : ""}`, title: only ? word : null },
    icon(kind), element("span", { class: only ? "unseen" : null }, word));
}

/** Where a passage stands, in words: its title and headings, and its file and page. */
export function placeOf({ title, headings = [], source, page }) {
  const path = [...new Set([title, ...headings].filter(Boolean))].join(" › ") || source;
  return { path, file: [source, pageOf({ source, page })].filter(Boolean).join(", ") };
}

/** A button that opens the passage of `cited` in its document; `number` null for one without marker. */
export function sourceButton(cited, number = null) {
  const { path, file } = placeOf(cited);
  return element("button", { type: "button", class: "source", "aria-expanded": "false", onclick: (event) => openDocument(cited, event.currentTarget) },
    number === null ? icon("next") : element("span", { class: "marker" }, String(number)),
    element("span", { class: "where" }, path, element("span", { class: "file" }, ` · ${file}`)),
    element("span", { class: "quote" }, quoteOf(cited.quote)));
}

/** A quote as people read it: of a table's row the cells without their outer bars, no marks of headings and lists. */
const quoteOf = (quote) => (/^\|.*\|$/.test(quote.trim()) ? quote.trim().slice(1, -1).replaceAll(" | ", "　").trim() : quote.replace(/^(#{1,6}|[-*]) /gm, ""));

/** The list of `cited` passages; one that several sentences cite stands in it once. */
export function sourceList(cited) {
  const once = new Map(cited.map((one) => [JSON.stringify([one.marker, one.chunk_id, one.quote]), one]));
  return element("ul", { class: "sources" }, [...once.values()].map((one) => element("li", {}, sourceButton(one, one.marker ?? null))));
}

/** The words of an answer; markers of `citations` open their passages. */
export function wordsOf(text, { highlights = [], citations = [] } = {}) {
  const marker = (number) => {
    const cited = citations.find((one) => one.marker === number);
    const label = cited && say("open_source", { number, place: placeOf(cited).path });
    return cited && element("button", { type: "button", class: "marker", "aria-label": label, "aria-expanded": "false",
      onclick: (event) => openDocument(cited, event.currentTarget) }, String(number));
  };
  return blocks(text, { marks: highlights.map(([start, end]) => [start, end, "answers"]), marker, plainRows: true });
}

function notesOf(answer) {
  const said = [];
  if (answer.approved) said.push(say("approved_by", { by: answer.approved.by, at: when(answer.approved.at) }));
  if (answer.stale) said.push(say("stale_note", { by: answer.stale.by, at: when(answer.stale.at) }));
  if (answer.notes.includes("sources_differ")) said.push(say("sources_differ"));
  if (answer.notes.some((note) => note.startsWith("claim_") || note === "reply_unchecked")) said.push(say("claims_left_out"));
  return said.map((text) => element("p", { class: "note" }, text));
}

/** A whole answer. `asked` is the question as it was typed. */
export function answerCard(answer, asked, turn = {}) {
  const kind = kindOf(answer);
  const cited = kind === "none" ? answer.nearest : answer.citations;
  return element("div", { class: `answer ${kind}` },
    element("p", { class: "state" }, badge(kind), element("span", { class: "soft" }, say(`kind.${kind}.hint`))),
    element("div", { class: "said" }, wordsOf(answer.answer, answer)),
    notesOf(answer),
    cited.length > 0 && element("section", {},
      element("h3", { class: kind === "none" ? "soft" : "unseen" }, say(kind === "none" ? "nearest" : "sources")),
      sourceList(cited)),
    foot(answer, asked, turn));
}

function foot(answer, asked, turn) {
  const choices = [];
  const choose = (helped) => async () => {
    turn.helped = helped;
    turn.changed?.();
    press();
    try {
      await post("api/feedback", { question: answer.question || asked, helped });
      announce(say("thanks"));
      thanks.textContent = say("thanks");
    } catch (error) {
      thanks.textContent = error.message;
    }
  };
  const press = () => choices.forEach((one, index) => one.setAttribute("aria-pressed", String(turn.helped === (index === 0))));
  choices.push(button("helped", say("helped"), choose(true)), button("wrong", say("wrong"), choose(false)));
  press();
  const copy = navigator.clipboard && button("copy", say("copy"), async () => {
    await navigator.clipboard.writeText(plain(answer));
    thanks.textContent = say("copied");
    announce(say("copied"));
  });
  const seconds = answer.timings?.total;
  const thanks = element("span", { class: "soft" }, seconds === undefined ? "" : say("seconds", { seconds: seconds.toFixed(seconds < 10 ? 2 : 0) }));
  return element("div", { class: "foot" }, choices, copy, thanks);
}

function plain(answer) {
  const sources = answer.citations.map((one) => `[${one.marker}] ${placeOf(one).path} (${placeOf(one).file})`);
  return [answer.answer, ...sources].join("\n");
}

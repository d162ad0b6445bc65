// The page on which a question is asked, its answer streams in, and follow-ups and earlier conversations go on.
import { answerCard, badge, kindOf, wordsOf } from "./answer.js";
import { events, session } from "./api.js";
import { announce, button, element, icon } from "./element.js";
import { conversations, forget, keep } from "./history.js";
import { say, when } from "./words.js";

/** Shows the start, or the conversation `id`; `title` hears what the window should be called. Gives what is to be done on leaving. */
export function askPage(main, { id, title }) {
  const kept = id ? conversations(session.collection).find((one) => one.id === id) : null;
  const page = { main, title, conversation: kept ?? { id: crypto.randomUUID?.() ?? String(Date.now()), at: "", turns: [] }, running: null, left: false };
  if (kept) showThread(page);
  else showStart(page);
  return () => { page.left = true; };
}

function showStart(page) {
  page.title(say("nav.ask"));
  page.main.replaceChildren(element("div", { class: "view start" },
    element("div", { class: "title" }, element("h1", { tabindex: "-1" }, say("ask.title")), element("p", { class: "lead" }, say("ask.lead"))),
    composer(page, say("ask.placeholder")), whatIsIn(), earlier(page)));
  if (window.matchMedia("(hover: hover)").matches) page.main.querySelector("textarea").focus();
}

/** What there is to ask of, with the way to the documents. */
function whatIsIn() {
  if (session.documents === null) return null;
  return element("p", { class: "soft" }, element("a", { href: "#/documents" }, session.documents ? say("ask.documents", { count: session.documents }) : say("ask.no_documents")));
}

function earlier(page) {
  const past = conversations(session.collection);
  if (!past.length) return null;
  const line = (one) => element("li", {},
    element("button", { type: "button", class: "past", onclick: () => { location.hash = `#/ask/${one.id}`; } },
      badge(kindOf(one.turns[0].answer), { only: true }), element("span", {}, one.turns[0].asked), element("time", { datetime: one.at }, when(one.at))),
    button("remove", say("ask.forget", { question: one.turns[0].asked }), () => { forget(session.collection, one.id); showStart(page); }, { quiet: true }));
  const all = button("", say("ask.forget_all"), () => { forget(session.collection, null); showStart(page); }, { kind: "quiet" });
  return element("section", { class: "history", "aria-labelledby": "earlier" },
    element("div", { class: "tools" }, element("h2", { id: "earlier", class: "grow" }, say("ask.earlier")), all),
    element("ul", {}, past.map(line)), element("p", { class: "soft" }, say("ask.kept_here")));
}

function showThread(page) {
  page.title(page.conversation.turns[0]?.asked ?? say("nav.ask"));
  page.thread = element("div", { class: "thread" }, page.conversation.turns.map((turn) => turnOf(page, turn).whole));
  page.main.replaceChildren(element("div", { class: "view asking" },
    element("div", { class: "tools" }, element("h1", { class: "unseen", tabindex: "-1" }, say("ask.conversation")),
      button("fresh", say("ask.fresh"), () => { location.hash = "#/ask"; })),
    page.thread, element("div", { class: "dock" }, composer(page, say("ask.follow")))));
}

function turnOf(page, turn) {
  const place = element("div", { "aria-live": "polite", "aria-atomic": "true" });
  turn.changed = () => keep(session.collection, page.conversation);
  if (turn.answer) place.append(answerCard(turn.answer, turn.asked, turn));
  return { whole: element("article", { class: "turn" }, element("h2", {}, turn.asked), place), place };
}

function composer(page, placeholder) {
  const box = element("textarea", { rows: "1", maxlength: "4000", placeholder, "aria-label": placeholder, "aria-keyshortcuts": "/", onkeydown: (event) => {
    // While an input method is at work, Enter takes its words and sends nothing.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) { event.preventDefault(); submit(); }
  } });
  const submit = () => {
    const asked = box.value.trim();
    if (asked && !page.running) { box.value = ""; ask(page, asked); }
  };
  const send = element("button", { type: "submit", class: "button main", "aria-label": say("ask.send"), title: say("ask.send") }, icon("send"));
  const stop = element("button", { type: "button", class: "button", hidden: true, "aria-label": say("ask.stop"), title: say("ask.stop"), onclick: () => page.running?.abort() }, icon("stop"));
  page.busy = (busy) => { send.hidden = busy; stop.hidden = !busy; };
  return element("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); submit(); } }, box, send, stop);
}

async function ask(page, asked) {
  const { conversation } = page;
  const history = conversation.turns.map(({ answer }) => ({ question: answer.question, answer: answer.answer }));
  const turn = { asked, answer: null };
  if (!page.thread) {
    showThread(page);
    page.title(asked);
    window.history.pushState(null, "", `#/ask/${conversation.id}`);
  }
  const { whole, place } = turnOf(page, turn);
  const waiting = element("p", { class: "waiting" }, say("ask.looking"));
  place.setAttribute("aria-busy", "true");
  place.append(element("div", { class: "answer" }, waiting));
  page.thread.append(whole);
  whole.scrollIntoView({ block: "start", behavior: "smooth" });
  announce(say("ask.looking"));
  page.main.querySelector("textarea")?.focus();
  page.running = new AbortController();
  page.busy(true);
  try {
    turn.answer = await streamed({ question: asked, history }, page.running.signal, place);
    conversation.turns.push(turn);
    conversation.at = new Date().toISOString();
    keep(session.collection, conversation);
    place.replaceChildren(answerCard(turn.answer, asked, turn));
    announce("");
  } catch (error) {
    failed(page, asked, place, whole, error);
  } finally {
    place.removeAttribute("aria-busy");
    page.running = null;
    if (!page.left) page.busy(false);
  }
}

/** The answer, whose words are shown in `place` as they come. Throws what went wrong. */
async function streamed(body, signal, place) {
  let text = "";
  for await (const [name, data] of events("api/ask", { body, signal })) {
    if (name === "answer") return data;
    if (name === "error") throw new Error(data.error.message);
    text += data.text ?? "";
    place.replaceChildren(element("div", { class: "answer" }, element("p", { class: "waiting" }, say("ask.writing")), element("div", { class: "said" }, wordsOf(text))));
  }
  throw new Error(say("broken_off"));
}

function failed(page, asked, place, whole, error) {
  const stopped = error.name === "AbortError";
  const message = stopped ? say("ask.stopped") : error instanceof TypeError ? say("no_server") : error.message;
  const again = button("", say("ask.again"), () => { whole.remove(); ask(page, asked); });
  place.replaceChildren(element("div", { class: `answer ${stopped ? "" : "failed"}` },
    stopped ? null : element("p", { class: "state" }, badge("failed")), element("p", {}, message), element("div", {}, again)));
}

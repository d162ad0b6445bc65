// The page of the state: the collection in figures, what answers, and what the server is doing.
import { read } from "./api.js";
import { element } from "./element.js";
import { languageName, say, when } from "./words.js";

/** Shows it, and again every five seconds; gives what is to be done on leaving. */
export function statePage(main, { title }) {
  title(say("nav.state"));
  const place = element("div", { class: "rows" });
  main.replaceChildren(element("div", { class: "view" }, element("div", { class: "title" }, element("h1", { tabindex: "-1" }, say("nav.state")), element("p", { class: "lead" }, say("state.lead"))), place));
  const show = async () => {
    try {
      place.replaceChildren(...shown(await read("api/status")));
    } catch (error) {
      place.replaceChildren(element("p", { class: "error" }, error instanceof TypeError ? say("no_server") : error.message));
    }
  };
  show();
  const clock = setInterval(show, 5000);
  return () => clearInterval(clock);
}

function shown(status) {
  const figures = { "state.documents": status.documents, "state.chunks": status.chunks, "state.skipped": status.skipped, "state.size": status.size_mb === undefined ? undefined : `${status.size_mb} MB` };
  const facts = {
    "state.collection": status.collection,
    "state.languages": Object.entries(status.languages ?? {}).map(([lang, count]) => `${languageName(lang)} ${count}`).join(" · "),
    "state.last": status.last_ingest && when(status.last_ingest),
    "state.engine": status.engine === "extractive" ? say("state.extractive") : status.engine,
    "state.embedder": [status.embedder, status.runtime].filter(Boolean).join(" · "),
    "state.indexes": status.indexes && say(`state.${status.indexes}`) + (status.interrupted ? ` ${say("state.interrupted")}` : ""),
    "state.work": say("state.running", { running: status.running ?? 0, waiting: status.waiting ?? 0 }) + (status.writing ? ` · ${say("state.writing")}` : ""),
    "state.logged": say(status.logged ? "yes" : "no"),
    "state.who": status.who,
    "state.version": status.version,
  };
  const present = (pairs) => Object.entries(pairs).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const lines = (pairs) => present(pairs).map(([key, value]) => [element("dt", { class: "soft" }, say(key)), element("dd", {}, String(value))]);
  return [
    element("dl", { class: "card figures" }, present(figures).map(([key, value]) => element("div", {}, lines({ [key]: value })))),
    element("dl", { class: "card facts" }, lines(facts))];
}

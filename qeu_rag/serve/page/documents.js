// The page of documents: upload by drop, what is in and what was left out of it, and taking documents out.
import { post, read, remove, session, upload } from "./api.js";
import { wanted } from "./dialog.js";
import { openDocument } from "./document.js";
import { dropPlace } from "./drop.js";
import { announce, button, element, icon } from "./element.js";
import { follow, progressLine } from "./jobs.js";
import { languageName, say, when } from "./words.js";

/** Shows the page; gives what is to be done on leaving. */
export function documentsPage(main, { title }) {
  title(say("nav.documents"));
  const page = { stop: new AbortController(), files: element("ul", { class: "files", "aria-label": say("documents.uploads") }), list: element("div", { class: "rows" }), filter: "" };
  const may = session.scopes.includes("ingest");
  const take = (files) => send(page, files);
  main.replaceChildren(element("div", { class: "view wide" },
    element("div", { class: "title" }, element("h1", { tabindex: "-1" }, say("nav.documents")), element("p", { class: "lead" }, say("documents.lead"))),
    may && dropPlace({ words: say("documents.drop"), hint: say("documents.kinds"), choose: say("choose_files"), dropped: take }),
    page.files, page.list));
  refresh(page);
  return () => page.stop.abort();
}

async function refresh(page) {
  try {
    page.found = await read("api/documents");
    page.list.replaceChildren(...listOf(page));
  } catch (error) {
    page.list.replaceChildren(element("p", { class: "empty" }, error.code === "no_collection" || error.status === 409 ? say("documents.none") : error.message));
  }
}

/** One line for files on their way: its name, its progress, and at the end what became of it. */
function line(page, name) {
  const { whole, tell } = progressLine(name);
  const item = element("li", {}, icon("documents"), element("span", {}, name), element("span", {}), whole);
  page.files.prepend(item);
  return { item, tell };
}

function settle(item, { name, good, text }) {
  item.className = good ? "done" : "failed";
  item.replaceChildren(icon(good ? "sure" : "failed"), element("span", {}, name), element("span", {}), element("span", { class: "soft" }, text));
}

async function send(page, files) {
  const name = files.length === 1 ? files[0][1] : say("documents.some", { count: files.length });
  const { item, tell } = line(page, name);
  try {
    const job = await upload("api/documents", "files", files, (share) => tell({ state: "sending", done: Math.round(share * 100), total: 100 }));
    await watch(page, job, { item, tell, name });
  } catch (error) {
    settle(item, { name, good: false, text: error instanceof TypeError ? say("no_server") : error.message });
  }
}

async function watch(page, job, { item, tell, name }) {
  try {
    const last = await follow(job, tell, page.stop.signal);
    if (last.state !== "done") return settle(item, { name, good: false, text: last.error?.message ?? say(`job.${last.state}`) });
    const results = last.files.map((file) => {
      const one = element("li", {});
      const text = file.state === "failed" ? file.message : [say("documents.read", { count: file.chunks }), ...file.remarks].join(" · ");
      settle(one, { name: file.name, good: file.state !== "failed", text });
      return one;
    });
    const total = say("documents.total", { added: last.report.added, updated: last.report.updated, removed: last.report.removed, failed: last.report.failed.length });
    if (results.length) item.replaceWith(...results);
    else settle(item, { name, good: true, text: total });
    announce(total);
    await refresh(page);
  } catch (error) {
    if (error.name !== "AbortError") settle(item, { name, good: false, text: error.message });
  }
}

async function begin(page, name, start) {
  const { item, tell } = line(page, name);
  try {
    await watch(page, await start(), { item, tell, name });
  } catch (error) {
    settle(item, { name, good: false, text: error.message });
  }
}

function listOf(page) {
  const { documents, skipped } = page.found;
  if (!documents.length && !skipped.length) return [element("p", { class: "empty" }, say("documents.none"))];
  const search = element("input", { type: "search", placeholder: say("documents.filter"), "aria-label": say("documents.filter"), value: page.filter, oninput: () => { page.filter = search.value; fill(); } });
  const body = element("tbody");
  const fill = () => {
    const wantedWords = page.filter.toLowerCase();
    body.replaceChildren(...documents.filter(({ title, source }) => `${title} ${source}`.toLowerCase().includes(wantedWords)).map((one) => row(page, one)));
  };
  fill();
  const again = session.scopes.includes("ingest") && button("", say("documents.sync"), () => begin(page, say("documents.sync"), () => post("api/sync", {})));
  const head = ["documents.name", "documents.language", "documents.pages", "documents.when"].map((key, index) => element("th", { scope: "col", class: index ? "less" : null }, say(key)));
  return [
    element("div", { class: "tools" }, element("div", { class: "grow" }, search), again),
    element("div", {}, element("table", { class: "list" }, element("thead", {}, element("tr", {}, head, element("th", { scope: "col" }, element("span", { class: "unseen" }, say("documents.actions"))))), body)),
    leftOut(skipped)];
}

function row(page, one) {
  const name = one.title || one.source.split("/").at(-1);
  const remarks = one.remarks?.length ? element("details", { class: "soft" }, element("summary", {}, say("documents.remarks", { count: one.remarks.length })), one.remarks.map((text) => element("p", {}, text))) : null;
  const out = () => confirmed(page, one, name);
  return element("tr", {},
    element("td", {}, element("button", { type: "button", class: "link", onclick: (event) => openDocument({ source: one.source, title: one.title }, event.currentTarget) }, name),
      element("span", { class: "soft" }, one.source), remarks),
    element("td", { class: "less" }, languageName(one.lang)), element("td", { class: "number less" }, one.pages ? String(one.pages) : "–"),
    element("td", { class: "number less" }, when(one.ingested_at)),
    element("td", { class: "end" }, one.removable && session.scopes.includes("ingest") && button("remove", say("documents.remove", { name }), out, { quiet: true })));
}

async function confirmed(page, one, name) {
  const yes = await wanted({ title: say("documents.remove_title"), text: say("documents.remove_text", { name }), yes: say("documents.remove_yes") });
  if (yes !== null) await begin(page, one.source, () => remove("api/documents", { path: one.source }));
}

function leftOut(skipped) {
  if (!skipped.length) return null;
  return element("section", {}, element("h2", {}, say("documents.left_out", { count: skipped.length })),
    element("ul", { class: "files" }, skipped.map(({ path, message, reason }) => element("li", { class: "failed" }, icon("failed"), element("span", {}, path), element("span", {}), element("span", { class: "soft" }, message || reason)))));
}

// The page of question lists: a list in, its answers with progress, rows edited and approved here, the workbook out.
import { badge, kindOf, sourceList, wordsOf } from "./answer.js";
import { file, post, read, remove, session, upload } from "./api.js";
import { dropPlace } from "./drop.js";
import { announce, button, element } from "./element.js";
import { ended, follow, progressLine } from "./jobs.js";
import { say, when } from "./words.js";

const KINDS = ".xlsx,.csv,.tsv,.jsonl,.md,.txt";

/** Shows the lists, or the rows of the job `id`; gives what is to be done on leaving. */
export function batchPage(main, { id, title }) {
  title(say("nav.lists"));
  const page = { main, title, stop: new AbortController() };
  if (id) showJob(page, id);
  else showLists(page);
  return () => page.stop.abort();
}

function showLists(page) {
  const told = element("p", { class: "error", role: "alert" });
  const list = element("div", { class: "rows" });
  const take = async ([given]) => {
    told.textContent = "";
    try {
      const job = await upload("api/batch", "file", [given]);
      location.hash = `#/lists/${job.id}`;
    } catch (error) {
      told.textContent = error instanceof TypeError ? say("no_server") : error.message;
    }
  };
  page.main.replaceChildren(element("div", { class: "view wide" },
    element("div", { class: "title" }, element("h1", { tabindex: "-1" }, say("nav.lists")), element("p", { class: "lead" }, say("lists.lead"))),
    dropPlace({ words: say("lists.drop"), hint: say("lists.kinds"), choose: say("choose_file"), accept: KINDS, multiple: false, dropped: take }), told, list));
  fillLists(page, list);
}

async function fillLists(page, list) {
  const { jobs } = await read("api/jobs").catch(() => ({ jobs: [] }));
  list.replaceChildren(...jobs.filter(({ kind }) => kind === "batch").map((job) => {
    const { whole, tell } = progressLine(job.name);
    tell(job);
    if (!ended(job)) follow(job, tell, page.stop.signal).catch(() => {});
    const forgotten = async () => { await remove(`api/jobs/${job.id}`).catch(() => {}); fillLists(page, list); };
    return element("article", { class: "card tools" },
      element("div", { class: "grow" }, element("a", { href: `#/lists/${job.id}` }, job.name), element("span", { class: "soft" }, ` · ${when(job.created)}`), element("div", {}, whole)),
      button("remove", say("lists.forget", { name: job.name }), forgotten, { quiet: true }));
  }));
}

async function showJob(page, id) {
  const { whole, tell } = progressLine(say("nav.lists"));
  const place = element("div", { class: "rows" });
  const heading = element("h1", { tabindex: "-1" }, "…");
  const tools = element("div", { class: "tools" });
  page.main.replaceChildren(element("div", { class: "view wide" },
    element("p", {}, element("a", { href: "#/lists" }, `‹ ${say("nav.lists")}`)), element("div", { class: "title" }, heading, element("div", {}, whole)), tools, place));
  try {
    const job = await read(`api/jobs/${id}`);
    heading.textContent = job.name;
    page.title(job.name);
    tell(job);
    tools.replaceChildren(...countsOf(job));
    const last = await follow(job, (now) => { tell(now); tools.replaceChildren(...countsOf(now)); }, page.stop.signal);
    if (last.state !== "done") return place.replaceChildren(element("p", { class: "error" }, last.error?.message ?? say(`job.${last.state}`)));
    announce(say("job.done"));
    const { rows } = await read(`api/jobs/${id}/rows`);
    showRows(last, rows, { place, tools });
    place.prepend(...last.notes.map((text) => element("p", { class: "note" }, text)));
  } catch (error) {
    if (error.name !== "AbortError") place.replaceChildren(element("p", { class: "error" }, error.message));
  }
}

const COUNTED = { supported: "sure", likely: "likely", partly: "likely", conflict: "likely", not_in_documents: "none", error: "failed" };

function countsOf(job) {
  return Object.entries(COUNTED).filter(([outcome]) => job.counts?.[outcome]).map(([outcome, kind]) => {
    const made = badge(kind);
    made.lastChild.textContent = `${say(`outcome.${outcome}`)} ${job.counts[outcome]}`;
    return made;
  });
}

function showRows(job, rows, { place, tools }) {
  const fetched = async () => {
    const { address } = await file(`api/jobs/${job.id}/file`);
    const link = element("a", { href: address, download: job.file });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  };
  const shown = rows.map(rowOf);
  place.replaceChildren(...shown.map((one) => one.whole));
  tools.replaceChildren(...countsOf(job), element("span", { class: "grow" }), button("download", say("lists.download"), () => fetched().catch((error) => announce(error.message)), { kind: "main" }));
  if (session.scopes.includes("admin")) place.after(approval(shown));
}

/** One row: its question, its answer as it is read and, on wish, as it is edited, its sources, and the mark of approval. */
function rowOf(row) {
  const kind = kindOf(row);
  const text = element("textarea", { value: row.answer ?? "", "aria-label": say("lists.answer", { row: row.row }), hidden: true });
  const source = element("input", { type: "text", placeholder: say("lists.source_hint"), "aria-label": say("lists.source", { row: row.row }), hidden: true });
  const words = element("div", { class: "said" }, wordsOf(row.answer ?? "", row));
  const told = element("p", { class: "soft", role: "status" });
  const mark = element("input", { type: "checkbox", disabled: kind === "failed" });
  const edit = button("", say("lists.edit"), () => {
    text.hidden = false;
    source.hidden = Boolean(row.citations?.length);
    words.hidden = edit.hidden = true;
    mark.checked = true;
    text.focus();
  });
  const cited = row.citations ?? [];
  const error = row.error && element("p", { class: "error" }, row.error.message ?? String(row.error));
  const whole = element("article", { class: `card row ${kind}` },
    element("div", { class: "tools" }, element("h2", { class: "grow" }, element("span", { class: "soft number" }, `${row.row}  `), row.question), badge(kind)),
    words, text, source, error, cited.length > 0 && sourceList(cited),
    session.scopes.includes("admin") && kind !== "failed" && element("div", { class: "tools" }, element("label", { class: "check" }, mark, say("lists.approve")), edit), told);
  return { row, whole, mark, text, source, told };
}

function approval(shown) {
  const by = element("input", { type: "text", value: localStorage.getItem("qeu_rag.by") ?? "", autocomplete: "name", required: true });
  const told = element("p", { class: "soft", role: "status" });
  const send = async (event) => {
    event.preventDefault();
    const chosen = shown.filter(({ mark }) => mark.checked);
    if (!chosen.length) { told.textContent = say("lists.none_marked"); return; }
    localStorage.setItem("qeu_rag.by", by.value);
    try {
      const done = await post("api/approvals", { by: by.value, rows: chosen.map(approvedRow) });
      tellEach(chosen, done);
      told.textContent = say("lists.kept", { kept: done.kept.length, refused: done.refused.length });
    } catch (error) {
      told.textContent = error.message;
    }
  };
  return element("form", { class: "card approval", onsubmit: send }, element("div", { class: "tools" },
    element("label", { class: "grow" }, element("span", { class: "soft" }, say("lists.by")), by), button("", say("lists.keep"), null, { kind: "main", type: "submit" })), told);
}

function approvedRow({ row, text, source }) {
  const citations = row.citations.map(({ marker, source: file, document_id, passage_hash, quote }) => ({ marker, source: file, document_id, passage_hash, quote }));
  return { question: row.question, answer: text.value, citations, sources: source.value, quotes: "" };
}

function tellEach(chosen, done) {
  const refused = new Map(done.refused.map((one) => [one.row, one.message]));
  chosen.forEach((one, index) => {
    const message = refused.get(index + 1);
    one.told.textContent = message ?? say("lists.row_kept");
    one.told.className = message ? "error" : "soft";
    if (!message) one.mark.checked = false;
  });
}

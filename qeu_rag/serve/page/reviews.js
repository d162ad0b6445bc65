// The pages of what people must look at: passages that differ, questions without answer, approved answers and the stale ones.
import { badge, kindOf, sourceButton, wordsOf } from "./answer.js";
import { post, read, remove, session } from "./api.js";
import { wanted } from "./dialog.js";
import { button, element } from "./element.js";
import { say, when } from "./words.js";

const PAGES = { conflicts: showConflicts, gaps: showGaps, stale: showStale, approved: showApproved };

/** Shows one of the pages, `id` its name. */
export function reviewsPage(main, { id, title }) {
  const chosen = id in PAGES ? id : "conflicts";
  title(say(`reviews.${chosen}`));
  const place = element("div", { class: "rows" }, element("p", { class: "waiting" }, say("loading")));
  const tabs = Object.keys(PAGES).map((name) => element("a", { href: `#/reviews/${name}`, "aria-current": name === chosen ? "page" : null }, say(`reviews.${name}`)));
  main.replaceChildren(element("div", { class: "view wide" },
    element("div", { class: "title" }, element("h1", { tabindex: "-1" }, say("nav.reviews")), element("p", { class: "lead" }, say(`reviews.${chosen}.lead`))),
    element("nav", { class: "tabs", "aria-label": say("nav.reviews") }, tabs), place));
  const show = async () => {
    try {
      const shown = await PAGES[chosen](show);
      place.replaceChildren(...(shown.length ? shown : [element("p", { class: "empty" }, say(`reviews.${chosen}.none`))]));
    } catch (error) {
      place.replaceChildren(element("p", { class: "empty" }, error.status === 409 ? say("documents.none") : error.message));
    }
  };
  show();
}

async function showConflicts() {
  const { conflicts } = await read("api/conflicts");
  return conflicts.map((one) => element("article", { class: "card row likely" },
    element("h2", {}, `${say(`differs.${one.kind}`)}: ${one.values.filter(Boolean).join(" ⇄ ")}`),
    element("div", { class: "sides" }, element("div", {}, sourceButton(one.first)), element("div", {}, sourceButton(one.second)))));
}

async function showGaps() {
  const { logged, gaps } = await read("api/gaps");
  if (!logged && !gaps.length) return [element("p", { class: "empty" }, say("reviews.not_logged"))];
  return gaps.map((gap) => element("article", { class: "card row none" },
    element("h2", {}, say("reviews.asked", { count: gap.count })),
    element("ul", { class: "files" }, gap.questions.map((one) => element("li", {}, badge(one.wrong && one.status === "answered" ? "wrong" : kindOf(one), { only: true }), element("span", {}, one.question),
      element("span", { class: "soft" }, [`${one.count} ×`, when(one.last), one.wrong && say("reviews.wrong", { count: one.wrong })].filter(Boolean).join(" · "))))),
    gap.nearest.length > 0 && element("div", {}, element("h3", { class: "soft" }, say("nearest")), gap.nearest.map((near) => sourceButton(near)))));
}

async function showStale(again) {
  const { approved } = await read("api/stale");
  return approved.map((one) => card(one, again, one.changed.map(({ marker, source, before, after }) => element("div", { class: "sides" },
    element("div", {}, element("h3", { class: "soft" }, say("reviews.before", { marker, source })), element("p", {}, before)),
    element("div", {}, element("h3", { class: "soft" }, say("reviews.after")), element("p", {}, after || say("reviews.gone")))))));
}

async function showApproved(again) {
  const { approved } = await read("api/approvals");
  return approved.map((one) => card(one, again, one.citations.map((cited) => sourceButton(cited, cited.marker))));
}

function card(one, again, below) {
  const told = element("p", { class: "error", role: "status" });
  const doing = (act) => async () => {
    try {
      await act();
      again();
    } catch (error) {
      told.textContent = error.message;
    }
  };
  const renew = async () => {
    const by = await wanted({ title: say("reviews.renew"), text: say("reviews.renew_text"), label: say("lists.by"), value: localStorage.getItem("qeu_rag.by") ?? "", yes: say("reviews.renew") });
    if (by === null) return;
    localStorage.setItem("qeu_rag.by", by);
    await post("api/approvals/renew", { ids: [one.id], by });
  };
  const withdraw = async () => {
    const yes = await wanted({ title: say("reviews.withdraw"), text: one.question, yes: say("reviews.withdraw") });
    if (yes !== null) await remove("api/approvals", { id: one.id });
  };
  const tools = [one.stale && button("", say("reviews.renew"), doing(renew), { kind: "main" }), button("", say("reviews.withdraw"), doing(withdraw))];
  return element("article", { class: `card row ${one.stale ? "likely" : "sure"}` },
    element("h2", {}, one.question), element("div", { class: "said" }, wordsOf(one.answer, one)),
    element("p", { class: "soft" }, say(one.stale ? "stale_since" : "approved_by", { by: one.by, at: when(one.at) })),
    below, session.scopes.includes("admin") && element("div", { class: "tools" }, tools), told);
}

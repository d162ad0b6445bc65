// Starts the page: the rail with its choices, and the way from an address (#/documents) to a page.
import { read, session } from "./api.js";
import { askPage } from "./ask.js";
import { batchPage } from "./batch.js";
import { wanted } from "./dialog.js";
import { closeDocument, covering } from "./document.js";
import { documentsPage } from "./documents.js";
import { button, element, icon } from "./element.js";
import { reviewsPage } from "./reviews.js";
import { statePage } from "./state.js";
import { language, say, setLanguage } from "./words.js";

const PAGES = { ask: askPage, documents: documentsPage, lists: batchPage, reviews: reviewsPage, state: statePage };
const THEMES = ["auto", "light", "dark"];
const main = document.getElementById("main");
const rail = document.getElementById("rail");
let leave = null;
let collections = [];

function route() {
  const [name, id] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return { name: name in PAGES ? name : "ask", id: id || null };
}

function show({ refocus = true } = {}) {
  leave?.();
  closeDocument({ refocus: false });
  const { name, id } = route();
  markCurrent();
  leave = PAGES[name](main, { id, title: (words) => { document.title = `${words} · qeu_rag`; } }) ?? null;
  if (refocus && !main.contains(document.activeElement)) main.querySelector("h1")?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function markCurrent() {
  for (const link of rail.querySelectorAll("nav a")) {
    if (link.dataset.page === route().name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function drawRail() {
  const link = (name) => element("li", {}, element("a", { href: `#/${name}`, "data-page": name }, icon(name), element("span", {}, say(`nav.${name}`))));
  const choose = element("select", { onchange: () => {
    session.collection = choose.value;
    localStorage.setItem("qeu_rag.collection", choose.value);
    location.hash = `#/${route().name}`;
    begin();
  } }, collections.map(({ name, documents }) => element("option", { value: name }, `${name} (${documents})`)));
  choose.value = session.collection;
  const other = language() === "ja" ? "en" : "ja";
  rail.replaceChildren(
    element("a", { class: "name", href: "#/ask" }, element("img", { src: "icon.svg", alt: "" }), "qeu_rag"),
    element("nav", { "aria-label": say("nav") }, element("ul", {}, Object.keys(PAGES).map(link))),
    element("div", { class: "settings" },
      collections.length > 1 && element("label", {}, element("span", {}, say("collection")), choose),
      element("div", { class: "pair" },
        element("button", { type: "button", class: "button language", lang: other, onclick: () => changeLanguage(other) }, other === "ja" ? "日本語" : "English"),
        button("theme", say(`theme.${theme()}`), changeTheme, { "aria-label": say("theme", { name: say(`theme.${theme()}`) }) }))));
  document.getElementById("skip").textContent = say("skip");
  document.getElementById("panel").setAttribute("aria-label", say("panel"));
}

const theme = () => (THEMES.includes(localStorage.getItem("qeu_rag.theme")) ? localStorage.getItem("qeu_rag.theme") : "auto");

function changeTheme() {
  localStorage.setItem("qeu_rag.theme", THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
  applyTheme();
  drawRail();
  markCurrent();
  rail.querySelector(".pair .button:last-child").focus();
}

function applyTheme() {
  document.documentElement.dataset.theme = theme();
}

function changeLanguage(to) {
  setLanguage(to);
  drawRail();
  show({ refocus: false });
  rail.querySelector(".language").focus();
}

async function begin() {
  try {
    const status = await read("api/status");
    Object.assign(session, { scopes: status.scopes, collection: status.collection, documents: status.documents });
    ({ collections } = await read("api/collections"));
  } catch (error) {
    if (error.status === 404 && session.collection) {
      session.collection = "";
      localStorage.removeItem("qeu_rag.collection");
      return begin();
    }
  }
  drawRail();
  show();
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) closeDocument();
  if (event.key === "/" && !event.target.closest("input, textarea, select, dialog")) {
    const box = main.querySelector("textarea, input");
    if (box) { event.preventDefault(); box.focus(); }
  }
});
document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault()); // a file dropped beside its place opens nothing
window.addEventListener("hashchange", () => show());
window.addEventListener("resize", covering);

session.collection = localStorage.getItem("qeu_rag.collection") ?? "";
session.wantToken = () => wanted({ title: say("token.title"), text: say("token.text"), label: say("token.label"), type: "password", yes: say("token.yes") });
applyTheme();
setLanguage(language());
drawRail();
begin();

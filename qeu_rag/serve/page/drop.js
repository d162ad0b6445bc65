// A place to drop files on, or to choose them by the keyboard; folders are walked through.
import { element, icon } from "./element.js";

/** The place; `dropped` gets [[file, name]]. `accept` names the endings that the file dialog offers. */
export function dropPlace({ words, hint, choose, accept = null, multiple = true, dropped }) {
  const input = element("input", { type: "file", class: "unseen", multiple, accept, tabindex: "-1", "aria-hidden": "true", onchange: () => {
    const files = Array.from(input.files, (file) => [file, file.name]);
    input.value = "";
    if (files.length) dropped(files);
  } });
  const over = (on) => (event) => { event.preventDefault(); place.classList.toggle("over", on); };
  const place = element("div", { class: "drop", ondragover: over(true), ondragleave: over(false), ondrop: async (event) => {
    over(false)(event);
    const entries = Array.from(event.dataTransfer.items, (item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = entries.length ? (await Promise.all(entries.map(within))).flat() : Array.from(event.dataTransfer.files, (file) => [file, file.name]);
    if (files.length) dropped(multiple ? files : files.slice(0, 1));
  } },
    icon("upload"), element("p", {}, words), element("p", { class: "soft" }, hint),
    element("button", { type: "button", class: "button main", onclick: () => input.click() }, choose), input);
  return place;
}

/** The files at or below an entry of the file system, each with its path below what was dropped. */
async function within(entry, path = "") {
  const name = path + entry.name;
  if (entry.isFile) return [[await new Promise((found, wrong) => entry.file(found, wrong)), name]];
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const some = await new Promise((found, wrong) => reader.readEntries(found, wrong));
    if (!some.length) return files;
    files.push(...(await Promise.all(some.map((one) => within(one, `${name}/`)))).flat());
  }
}

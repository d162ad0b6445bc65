// Makes elements whose text is only ever text: nothing a document says can become markup.

/** An element `name` with attributes, listeners (`onclick`) and children; strings become text, null and false nothing. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const PATHS = {
  ask: "M21 12a8 8 0 0 1-11.6 7.1L4 20.5l1.4-4.6A8 8 0 1 1 21 12Z",
  documents: "M7 3h7l5 5v11a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2ZM14 3v5h5M9 13h6M9 17h6",
  lists: "M10 6h10M10 12h10M10 18h10M4 6l1 1 2-2M4 12l1 1 2-2M4 18l1 1 2-2",
  reviews: "M12 4v16M6 20h12M5 7h14M5 7l-3 7a3.2 3.2 0 0 0 6 0ZM19 7l-3 7a3.2 3.2 0 0 0 6 0Z",
  state: "M3 12h4l3-8 4 16 3-8h4",
  sure: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM8 12.3l2.8 2.8L16.2 9.4",
  likely: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM7.5 12.8c1.5-2 3-2 4.5-.8s3 1.200 4.500-.8",
  none: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM8 12h8",
  failed: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7.500v5.500M12 16.200v.3",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7Z",
  close: "M6 6l12 12M18 6 6 18",
  remove: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  upload: "M12 16V4M7 9l5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3",
  download: "M12 4v12M7 11l5 5 5-5M4 19h16",
  helped: "M7 11v9H4v-9ZM7 11l4-8a2.500 2.500 0 0 1 2.500 2.500V9H19a2 2 0 0 1 2 2.300l-1.200 7a2 2 0 0 1-2 1.700H7",
  wrong: "M5 21V4M5 4h13l-2.500 4.500L18 13H5",
  copy: "M9 9h11v11H9ZM15 9V4H4v11h5",
  fresh: "M12 5v14M5 12h14",
  theme: "M12 3a9 9 0 1 0 0 18ZM12 3a9 9 0 0 1 0 18",
  next: "M9 5l7 7-7 7",
};

/** A line icon by name, for the eye alone: the word beside it (or the label of its button) says the same. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const drawn = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" })) drawn.setAttribute(key, value);
  path.setAttribute("d", PATHS[name]);
  drawn.append(path);
  return drawn;
}

/** A button with an icon; with `quiet` its words are its label alone. */
export function button(name, words, onclick, { quiet = false, kind = "", ...more } = {}) {
  const kinds = `button ${kind} ${quiet ? "quiet" : ""}`.trim();
  return element("button", { type: "button", class: kinds, onclick, "aria-label": quiet ? words : null, title: quiet ? words : null, ...more },
    name && icon(name), quiet ? null : element("span", {}, words));
}

/** Says `text` to a screen reader, without moving anything on the page. */
export function announce(text) {
  document.getElementById("told").textContent = text;
}

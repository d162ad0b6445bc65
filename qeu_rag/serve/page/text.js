// Shows a stretch of a document or of an answer as paragraphs, lists, headings and tables, with marked stretches in their place.
import { element } from "./element.js";

/** Elements for `text`. Places count code points, as the server counts them.
 *
 * `marks`: [[start, end, kind]] stretches to mark; `marker`: number -> element for `[n]`, or null where it is text;
 * `plainRows`: rows of cells without outer bars, as answers have them; `level`: what a heading of level 1 becomes. */
export function blocks(text, { marks = [], marker = null, plainRows = false, level = 3 } = {}) {
  const page = { chars: Array.from(text), marks, marker };
  const made = [];
  const lines = linesOf(page.chars, plainRows);
  for (let at = 0; at < lines.length; ) {
    const { kind } = lines[at];
    let end = at + 1;
    if (kind === "fence") {
      while (end < lines.length && lines[end].kind !== "fence") end += 1;
      made.push(element("pre", {}, runs(lines.slice(at + 1, end), page)));
      end += 1;
    } else {
      // What one source says ends with its marker; what follows is another's.
      while (kind !== "heading" && end < lines.length && lines[end].kind === kind && !(marker && endsSource(page.chars, lines[end - 1]))) end += 1;
      made.push(...blockOf(kind, lines.slice(at, end), page, level));
    }
    at = end;
  }
  return made;
}

const endsSource = (chars, { start, end }) => /\[\d+\]$/.test(chars.slice(Math.max(start, end - 5), end).join(""));

function blockOf(kind, lines, page, level) {
  if (kind === "heading") {
    const { start, end, depth } = lines[0];
    return [element(`h${Math.min(6, depth + level - 1)}`, {}, inline(start + depth + 1, end, page))];
  }
  if (kind === "table" && (lines.length > 1 || lines[0].outer)) return [table(lines, page)];
  if (kind === "item") {
    return [element("ul", {}, lines.map(({ start, end, skip }) => element("li", {}, inline(start + skip, end, page))))];
  }
  if (kind === "number") return [element("div", { class: "numbered" }, lines.map((line) => element("p", {}, inline(line.start, line.end, page))))];
  return kind === "blank" ? [] : [element("p", {}, runs(lines, page))];
}

function linesOf(chars, plainRows) {
  const lines = [];
  for (let start = 0; start <= chars.length; ) {
    let end = chars.indexOf("\n", start);
    if (end < 0) end = chars.length;
    lines.push({ start, end, ...kindOf(chars.slice(start, end).join(""), plainRows) });
    start = end + 1;
  }
  return lines;
}

function kindOf(line, plainRows) {
  const heading = /^(#{1,6}) \S/.exec(line);
  if (heading) return { kind: "heading", depth: heading[1].length };
  if (!line.trim()) return { kind: "blank" };
  if (/^\s*```/.test(line)) return { kind: "fence" };
  if (/^\s*\|.*\|\s*$/.test(line)) return { kind: "table", outer: true, rule: /^[\s|:-]+$/.test(line) && line.includes("--") };
  if (plainRows && / \| /.test(line)) return { kind: "table", outer: false, rule: false };
  const item = /^\s*[-*] +/.exec(line);
  if (item) return { kind: "item", skip: item[0].length };
  return { kind: /^\s*\d+[.)] /.test(line) ? "number" : "text" };
}

function table(lines, page) {
  const rows = lines.filter((line) => !line.rule).map((line) => cells(line, page.chars).map(([from, to]) => inline(from, to, page)));
  const headed = lines.length > 1 && (lines[1].rule || !lines[0].outer);
  const head = headed ? [element("thead", {}, element("tr", {}, rows.shift().map((cell) => element("th", { scope: "col" }, cell))))] : [];
  const body = element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", {}, cell)))));
  return element("div", { class: "scroll", tabindex: "0", role: "group" }, element("table", {}, ...head, body));
}

function cells({ start, end, outer }, chars) {
  const cuts = [];
  for (let at = start; at < end; at += 1) {
    if (chars[at] === "|" && chars[at - 1] !== "\\" && (outer || (chars[at - 1] === " " && chars[at + 1] === " "))) cuts.push(at);
  }
  const edges = outer ? cuts : [start - 1, ...cuts, end];
  return edges.slice(1).map((to, index) => trimmed(edges[index] + 1, to, chars));
}

function trimmed(from, to, chars) {
  while (from < to && chars[from] === " ") from += 1;
  while (to > from && chars[to - 1] === " ") to -= 1;
  return [from, to];
}

function runs(lines, page) {
  return lines.map(({ start, end }, index) => [index ? "\n" : null, inline(start, end, page)]);
}

/** The characters from `from` to `to`: marked stretches as `mark`, `**words**` as strong, `[n]` as markers. */
function inline(from, to, page) {
  const made = [];
  let run = "", marked = null, strong = false;
  const flush = () => {
    if (!run) return;
    const inner = strong ? element("strong", {}, run) : run;
    made.push(marked ? element("mark", { class: marked }, inner) : inner);
    run = "";
  };
  for (let at = from; at < to; at += 1) {
    const kind = page.marks.find(([start, end]) => start <= at && at < end)?.[2] ?? null;
    if (kind !== marked) { flush(); marked = kind; }
    const found = page.marker && page.chars[at] === "[" ? /^\[(\d{1,3})\]/.exec(page.chars.slice(at, Math.min(at + 5, to)).join("")) : null;
    const shown = found && page.marker(Number(found[1]));
    if (shown) { flush(); made.push(shown); at += found[0].length - 1; }
    else if (page.chars[at] === "*" && page.chars[at + 1] === "*" && at + 1 < to && (strong || closes(page.chars, at + 2, to))) { flush(); strong = !strong; at += 1; }
    else if (page.chars[at] === "\\" && "|*_#[]".includes(page.chars[at + 1] ?? " ")) continue;
    else run += page.chars[at];
  }
  flush();
  return made;
}

function closes(chars, from, to) {
  for (let at = from; at + 1 < to; at += 1) if (chars[at] === "*" && chars[at + 1] === "*") return at > from;
  return false;
}

// Keeps the conversations of each collection in this browser, and nowhere else.
const KEPT = 40;
const place = (collection) => `qeu_rag.conversations.${collection}`;

/** The conversations of a collection, newest first: [{id, at, turns: [{asked, answer, helped}]}]. */
export function conversations(collection) {
  try {
    return JSON.parse(localStorage.getItem(place(collection)) ?? "[]");
  } catch {
    return [];
  }
}

/** Keeps `conversation` as the newest; where the browser's room is full the oldest go. */
export function keep(collection, conversation) {
  const { evidence: _, ...bare } = conversation.turns.at(-1).answer;
  conversation.turns.at(-1).answer = bare;
  let kept = [conversation, ...conversations(collection).filter(({ id }) => id !== conversation.id)].slice(0, KEPT);
  for (; kept.length; kept = kept.slice(0, -1)) {
    try {
      return localStorage.setItem(place(collection), JSON.stringify(kept));
    } catch { /* full: one fewer */ }
  }
}

/** Forgets one conversation, or with `id` null all of the collection. */
export function forget(collection, id) {
  const left = id === null ? [] : conversations(collection).filter((one) => one.id !== id);
  localStorage.setItem(place(collection), JSON.stringify(left));
}

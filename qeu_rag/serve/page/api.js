// Talks to the server: JSON, files, pictures and server-sent events, each with the collection, the language and the token.
import { language } from "./words.js";

/** Who asks: `wantToken` is called where the server wants a token, and gives one or null. */
export const session = { collection: "", scopes: ["ask"], documents: null, wantToken: async () => null };

/** What the server refused, in the words that it gave for people. */
export class ApiError extends Error {
  constructor(status, { message, code } = {}, wait = null) {
    super(message || `HTTP ${status}`);
    Object.assign(this, { status, code: code ?? "", wait });
  }
}

const token = () => sessionStorage.getItem("qeu_rag.token");

function headers(accept) {
  const given = { Accept: accept, "Accept-Language": language() };
  return token() ? { ...given, Authorization: `Bearer ${token()}` } : given;
}

function address(path, query) {
  const url = new URL(path, document.baseURI);
  for (const [key, value] of Object.entries({ collection: session.collection, ...query })) {
    if (value !== "" && value !== null && value !== undefined) url.searchParams.set(key, value);
  }
  return url;
}

async function refusal(reply) {
  const body = await reply.json().catch(() => ({}));
  return new ApiError(reply.status, body.error, reply.headers.get("Retry-After"));
}

async function send(path, { query = {}, body, accept = "application/json", ...more } = {}) {
  const json = body === undefined ? {} : { body: JSON.stringify({ ...(session.collection && { collection: session.collection }), ...body }) };
  const type = body === undefined ? {} : { "Content-Type": "application/json" };
  const url = address(path, body === undefined ? query : { ...query, collection: "" });
  const reply = await fetch(url, { ...more, ...json, headers: { ...headers(accept), ...type }, cache: "no-store" });
  if (reply.status === 401 && (await renewedToken())) return send(path, { query, body, accept, ...more });
  if (!reply.ok) throw await refusal(reply);
  return reply;
}

let asking = null;

/** Asks for the token, once however many requests wait for it; whether there is one now. */
async function renewedToken() {
  asking ??= session.wantToken().finally(() => { asking = null; });
  const given = await asking;
  if (given) sessionStorage.setItem("qeu_rag.token", given);
  return Boolean(given);
}

/** The JSON at `path`. */
export const read = async (path, query) => (await send(path, { query })).json();

/** What the server replies to `body`, or null where it replies with nothing. */
export async function post(path, body) {
  const reply = await send(path, { method: "POST", body });
  return reply.status === 204 ? null : reply.json();
}

/** Takes away what is at `path`; the job that does it, or null. */
export async function remove(path, query) {
  const reply = await send(path, { method: "DELETE", query });
  return reply.status === 204 ? null : reply.json();
}

/** A picture or file at `path`: its address in this page, and the reply's headers. Revoke the address when it is shown no more. */
export async function file(path, query) {
  const reply = await send(path, { query, accept: "*/*" });
  return { address: URL.createObjectURL(await reply.blob()), headers: reply.headers };
}

/** Sends files as the parts `field`; `progress` hears the share sent (0 to 1). Gives the job. */
export async function upload(path, field, files, progress = () => {}) {
  const form = new FormData();
  for (const [file, name] of files) form.append(field, file, name);
  const { status, body, wait } = await new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address(path, {}));
    for (const [key, value] of Object.entries(headers("application/json"))) request.setRequestHeader(key, value);
    request.upload.onprogress = (sent) => progress(sent.loaded / Math.max(1, sent.total));
    request.onerror = () => reject(new TypeError("network"));
    request.onload = () => resolve({ status: request.status, body: parsed(request.responseText), wait: request.getResponseHeader("Retry-After") });
    request.send(form);
  });
  if (status === 401 && (await renewedToken())) return upload(path, field, files, progress);
  if (status >= 400) throw new ApiError(status, body.error, wait);
  return body;
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return {}; }
}

/** The server's events at `path`, as [name, data]; with `body` they are asked for by POST. */
export async function* events(path, { body, signal } = {}) {
  const reply = await send(path, { method: body ? "POST" : "GET", body, signal, accept: "text/event-stream" });
  let rest = "";
  for await (const piece of pieces(reply.body)) {
    const blocks = (rest + piece).replace(/\r\n?/g, "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const name = lines.find((line) => line.startsWith("event:"))?.slice(6).trim() ?? "message";
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
      if (data) yield [name, JSON.parse(data)];
    }
  }
}

async function* pieces(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value;
}

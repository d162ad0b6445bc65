// Follows a job of the server (reading files, answering a list) and shows how far it is.
import { events, read } from "./api.js";
import { element } from "./element.js";
import { say } from "./words.js";

/** Whether a job has come to its end. */
export const ended = (job) => ["done", "failed", "interrupted"].includes(job.state);

/** The job at its end; `changed` hears of each step. A broken connection is taken up again. */
export async function follow(job, changed, signal) {
  for (let tries = 0; !ended(job); tries += 1) {
    try {
      for await (const [, now] of events(`api/jobs/${job.id}/events`, { signal })) {
        job = now;
        changed(job);
        tries = 0;
      }
    } catch (error) {
      if (error.name === "AbortError" || tries > 4) throw error;
    }
    if (ended(job)) break;
    await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
    job = await read(`api/jobs/${job.id}`);
  }
  changed(job);
  return job;
}

/** How far a job is: a bar, and in words; `tell(job)` brings it up to date. */
export function progressLine(name) {
  const bar = element("progress", { max: "1", "aria-label": name });
  const words = element("span", { class: "soft" });
  const tell = (job) => {
    if (job.total > 0) bar.value = job.done / job.total;
    else bar.removeAttribute("value");
    words.textContent = [say(`job.${job.state}`), job.total ? `${job.done} / ${job.total}` : "", job.state === "running" ? job.now : ""].filter(Boolean).join(" · ");
    bar.hidden = ended(job);
  };
  return { whole: [bar, words], tell };
}

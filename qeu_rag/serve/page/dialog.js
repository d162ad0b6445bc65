// Asks a person for one thing in a dialog: a yes, or a word such as the token.
import { button, element } from "./element.js";
import { say } from "./words.js";

/** What a person typed, "" for a plain yes, or null where they would rather not. `label` null asks for no word. */
export function wanted({ title, text, label = null, type = "text", value = "", yes }) {
  return new Promise((resolve) => {
    const input = label && element("input", { type, value, required: true, autocomplete: "off" });
    const form = element("form", { method: "dialog", onsubmit: () => { dialog.returnValue = "yes"; } },
      element("h2", { id: "dialog-title" }, title), text && element("p", { class: "soft" }, text),
      label && element("label", {}, label, input),
      element("div", { class: "tools" },
        element("button", { class: "button main", type: "submit", value: "yes" }, yes),
        button("", say("cancel"), () => dialog.close(""))));
    const dialog = element("dialog", { "aria-labelledby": "dialog-title", onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? (input ? input.value.trim() : "") : null);
    } }, form);
    document.body.append(dialog);
    dialog.showModal();
  });
}

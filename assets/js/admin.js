// Keys and questions on the staff pages. Every page works without it.
document.documentElement.classList.add("scripted");

const typing = (e) => e.target.closest("input, select, textarea, [contenteditable]");
const rows = () => [...document.querySelectorAll("tbody tr")].filter((r) => r.querySelector(".row-link"));
const rowOf = (e) => e?.closest?.("tbody tr");

function step(by) {
  const list = rows();
  if (!list.length) return;
  const at = list.indexOf(rowOf(document.activeElement));
  const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))];
  next.querySelector(".row-link").focus();
  next.scrollIntoView({ block: "nearest" });
}

const places = { h: "/admin", p: "/admin/pipeline", l: "/admin/leads", q: "/admin/quarantine", g: "/admin/gates", d: "/admin/documents", m: "/admin/messages" };
let going = 0;

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && event.target.matches("[data-search]")) return event.target.blur();
  if (typing(event) || document.querySelector("dialog[open]")) return;
  const key = event.key;
  if (going && Date.now() - going < 1200 && places[key]) {
    const link = document.querySelector(`.rail a[href="${places[key]}"]`);
    if (link) link.click();
    going = 0;
    return;
  }
  going = key === "g" ? Date.now() : 0;
  if (key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  } else if (key === "j") step(1);
  else if (key === "k") step(-1);
  else if (key === "?") document.getElementById("help")?.showModal();
  else {
    const button = [...(rowOf(event.target)?.querySelectorAll("[data-key]") ?? [])].find((b) => b.dataset.key === key);
    if (button) { event.preventDefault(); button.click(); }
  }
});

// The row that was opened has the focus again when one comes back.
const place = "row:" + location.pathname + location.search;
addEventListener("click", (event) => {
  const link = event.target.closest?.(".row-link");
  if (link) sessionStorage.setItem(place, link.getAttribute("href"));
});
if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
  const href = sessionStorage.getItem(place);
  rows().map((r) => r.querySelector(".row-link")).find((a) => a.getAttribute("href") === href)?.focus();
}

// A choice in the filter row counts at once.
addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// Destructive forms ask first: one with a question in data-confirm, and the folds of class confirm.
function ask(title, node, onYes) {
  const dialog = document.createElement("dialog");
  const home = node?.parentElement;
  if (node) dialog.append(node);
  else {
    const h = document.createElement("h2");
    h.id = "ask-title";
    h.textContent = title;
    dialog.setAttribute("aria-labelledby", h.id);
    const line = document.createElement("form");
    line.method = "dialog";
    line.className = "dialog-buttons";
    for (const [words, value, look] of [["Cancel", "no", "button"], [onYes.words, "yes", "button button-danger"]]) {
      const b = document.createElement("button");
      b.className = look;
      b.value = value;
      b.textContent = words;
      line.append(b);
    }
    dialog.append(h, line);
  }
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    if (node) home.append(node);
    dialog.remove();
    if (dialog.returnValue === "yes") onYes.run();
  });
  dialog.showModal();
  return dialog;
}

document.querySelectorAll("[data-tick]").forEach((tick) => tick.remove());
addEventListener("submit", (event) => {
  const question = event.target.dataset?.confirm;
  if (!question) return;
  event.preventDefault();
  const form = event.target;
  ask(question, null, { words: event.submitter?.textContent.trim() || "Yes", run: () => { delete form.dataset.confirm; form.requestSubmit(); } });
});
document.querySelectorAll("details.confirm > summary").forEach((summary) => {
  summary.addEventListener("click", (event) => {
    event.preventDefault();
    const form = summary.parentElement.querySelector(".confirm-form");
    const dialog = ask("", form);
    dialog.setAttribute("aria-label", form.querySelector("h2").textContent);
    form.querySelector("[data-cancel]").onclick = () => dialog.close();
    form.querySelector("input:not([type=hidden])")?.focus();
  });
});

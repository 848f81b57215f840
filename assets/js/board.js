// The pipeline by mouse and keyboard, and forms in a dialog in place of a page. Every page works without it: cards have a
// link that moves them, and forms have addresses of their own.
const main = () => document.getElementById("main");
const board = () => document.querySelector("[data-board]");
const say = (words) => { const live = document.querySelector("[data-live]"); if (live) live.textContent = words; };
const parse = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");
const cardOf = (node) => node?.closest?.("[data-card]");
let dialog = null;
let dragged = null;
let lost = {}; // where the focus was before the dialog

// show puts the form of another page into a dialog.
function show(page, url) {
  const form = page.querySelector("main .sheet");
  if (!form) { location.href = url; return; }
  if (dialog) dialog.remove();
  else lost = { card: cardOf(document.activeElement)?.dataset.card, node: document.activeElement };
  dialog = document.createElement("dialog");
  const title = document.createElement("h2");
  title.id = "form-title";
  title.textContent = page.querySelector("h1").textContent;
  dialog.setAttribute("aria-labelledby", title.id);
  form.querySelector(".buttons .button-plain")?.remove();
  const cancel = document.createElement("button");
  cancel.type = "button";
  cancel.className = "button";
  cancel.textContent = "Cancel";
  cancel.onclick = () => dialog.close();
  form.querySelector(".buttons").append(cancel);
  dialog.append(title, form);
  dialog.addEventListener("close", (event) => { // it comes late on a busy machine: another one may be open by then
    event.target.remove();
    if (dialog && dialog !== event.target) return;
    dialog = null;
    refocus(lost.card) || lost.node?.focus?.();
  });
  document.body.append(dialog);
  form.addEventListener("submit", (event) => { event.preventDefault(); send(form.action, new FormData(form)); });
  dialog.showModal();
  (form.querySelector("[aria-invalid]") || form.querySelector("[autofocus]") || form.querySelector("input:not([type=hidden]), select"))?.focus();
}

// send posts a form. What was done leads on; what is missing comes back as a form, or is asked for at another address.
async function send(url, data, asked) {
  let answer;
  try {
    answer = await fetch(url, { method: "POST", body: new URLSearchParams(data), headers: { Accept: "text/html" } });
  } catch {
    say("There is no connection. Nothing was changed.");
    return;
  }
  if (answer.status === 401) { // the session is over: what was typed stays, and can be sent again
    if (dialog) over();
    else location.href = "/admin/login?next=" + encodeURIComponent(location.pathname + location.search);
    return;
  }
  const page = await parse(answer);
  if (answer.redirected && answer.ok) {
    const wanted = new URL(answer.url);
    dialog?.close();
    dialog = null; // the next key counts at once
    if (board() && page.querySelector("[data-board]")) {
      const done = page.querySelector(".flash p")?.textContent ?? ""; // before replace takes it out of the page
      replace(page);
      say(done);
    } else if (wanted.pathname === location.pathname) {
      location.reload();
    } else {
      location.href = answer.url;
    }
    return;
  }
  if (asked && answer.status === 422) open(asked);
  else show(page, url);
}

// over says in the dialog that the session has ended.
function over() {
  const form = dialog.querySelector("form");
  form.querySelector("[data-over]")?.remove();
  const words = document.createElement("p");
  words.dataset.over = "";
  words.className = "notice notice-fault";
  words.setAttribute("role", "alert");
  const text = document.createElement("span");
  const link = document.createElement("a");
  link.href = "/admin/login";
  link.target = "_blank";
  link.textContent = "Log in in a new window";
  text.append("Your session has ended, and nothing was changed. ", link, ", then send this again.");
  words.append(text);
  form.prepend(words);
}

async function open(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error();
    show(await parse(answer), url);
  } catch {
    location.href = url;
  }
}

function refocus(id) {
  const again = id && document.querySelector(`[data-card="${id}"] [data-focus]`);
  again?.focus();
  return !!again;
}

// replace puts the board of a page in the place of this one, column by column, and keeps focus and places.
function replace(page) {
  const fresh = page.querySelector("[data-board]"), old = board();
  if (!fresh || !old) return;
  const focused = cardOf(document.activeElement)?.dataset.card;
  for (const column of fresh.querySelectorAll("[data-column]")) {
    const here = old.querySelector(`[data-column="${column.dataset.column}"]`);
    if (!here || here.innerHTML === column.innerHTML) continue;
    const before = new Map([...here.querySelectorAll("[data-card]")].map((c) => [c.dataset.card, c.dataset.version]));
    const top = here.scrollTop;
    here.innerHTML = column.innerHTML;
    here.scrollTop = top;
    for (const card of here.querySelectorAll("[data-card]")) {
      if (before.get(card.dataset.card) !== card.dataset.version) card.classList.add("changed");
    }
  }
  old.dataset.at = fresh.dataset.at;
  old.dataset.waiting = fresh.dataset.waiting;
  const flash = page.querySelector(".flash"), shown = document.querySelector(".flash");
  if (shown) shown.remove();
  if (flash) main().querySelector(".title-row").after(flash);
  document.querySelectorAll("[data-tick]").forEach((tick) => tick.remove());
  refocus(focused);
}

async function refresh() {
  const answer = await fetch(board().dataset.here, { headers: { Accept: "text/html" } });
  if (answer.ok && !answer.redirected) replace(await parse(answer));
}

// Other people's changes: a cheap question every few seconds, rarer while nothing happens or nobody looks.
const told = new Set(); // changes are told again for a while, also those of deals that this view does not show
let wait = 4000;
async function watch() {
  const b = board();
  if (!b) return;
  if (!document.hidden && !dragged && !dialog) {
    try {
      const ask = new URL(b.dataset.changes, location.href); // it names the view that is shown
      ask.searchParams.set("since", b.dataset.at);
      const answer = await fetch(ask, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const news = await answer.json();
        const known = (c) => b.querySelector(`[data-card="${c.deal}"]`)?.dataset.version === String(c.version);
        const fresh = news.changes.filter((c) => !known(c) && !told.has(c.deal + c.version));
        for (const c of fresh) told.add(c.deal + c.version);
        if (!dragged && !dialog && (fresh.length || String(news.waiting) !== b.dataset.waiting)) {
          await refresh();
          say(fresh.map((c) => c.sentence).filter(Boolean).slice(-3).join(". "));
          wait = 4000;
        } else {
          wait = Math.min(wait * 1.3, 30000);
        }
        b.dataset.at = news.at;
      } else {
        wait = Math.min(wait * 2, 60000);
      }
    } catch {
      wait = Math.min(wait * 2, 60000);
    }
  }
  setTimeout(watch, wait);
}
if (board()) setTimeout(watch, wait);
document.addEventListener("visibilitychange", () => { if (!document.hidden) wait = 4000; });

// moveTo moves a card into a column, above another card or on top.
function moveTo(card, column, above) {
  const stage = column.dataset.column;
  if (stage === "waiting" || !card.draggable) return;
  const data = new FormData();
  data.set("version", card.dataset.version);
  data.set("to", stage);
  data.set("back", board().dataset.here);
  if (above) data.set("above", above.dataset.card);
  const url = `/admin/deals/${card.dataset.card}/move`;
  send(url, data, `${url}?to=${encodeURIComponent(stage)}&back=${encodeURIComponent(board().dataset.here)}`);
}

addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.('[data-card][draggable="true"]');
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.querySelector("[data-focus]").textContent);
  dragged.classList.add("dragged");
});
const clean = () => document.querySelectorAll(".drop, .drop-above").forEach((n) => n.classList.remove("drop", "drop-above"));
addEventListener("dragover", (event) => {
  const column = dragged && event.target.closest?.("[data-column]");
  clean();
  if (!column || column.dataset.column === "waiting") return;
  event.preventDefault();
  column.classList.add("drop");
  const over = cardOf(event.target);
  if (over && over !== dragged) over.classList.add("drop-above");
});
addEventListener("drop", (event) => {
  const column = dragged && event.target.closest?.("[data-column]");
  if (!column) return;
  event.preventDefault();
  const over = cardOf(event.target);
  moveTo(dragged, column, over === dragged ? null : over);
});
addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = null; clean(); });

// A link to a form opens it here; a form of one line is sent as it is.
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-form]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link.href);
});

const typing = (node) => node.closest("input, select, textarea, [contenteditable]");
const kinds = { c: "call", m: "mail", n: "note", t: "meeting" };

// On a lead's page the keys go to the line that takes notes.
function noteHere(kind) {
  const line = document.querySelector("[data-note]");
  if (!line) return false;
  document.querySelector("[data-note-kind]").value = kind;
  line.focus();
  return true;
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog || typing(event.target) || document.querySelector("dialog[open]")) return;
  const card = cardOf(event.target), b = board();
  if (kinds[event.key]) {
    const url = card?.querySelector("[data-note-url]")?.href;
    if (url) { event.preventDefault(); open(url + "&kind=" + kinds[event.key]); } else if (!b && noteHere(kinds[event.key])) event.preventDefault();
    return;
  }
  if (event.key === "v") {
    const link = (card ?? document).querySelector('a[data-key="v"]');
    if (link && (card || !b)) { event.preventDefault(); open(link.href); }
    return;
  }
  if (!b) return;
  if (event.key === "j" || event.key === "k") {
    const all = [...b.querySelectorAll("[data-card] [data-focus]")], at = all.findIndex((a) => cardOf(a) === card);
    all[Math.min(all.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))]?.focus();
    return;
  }
  const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!by || !card) return;
  event.preventDefault();
  const columns = [...b.querySelectorAll("[data-column]")], column = card.closest("[data-column]");
  const cards = [...column.querySelectorAll("[data-card]")], row = cards.indexOf(card);
  if (by[0]) {
    for (let i = columns.indexOf(column) + by[0]; columns[i]; i += by[0]) {
      if (event.shiftKey) return moveTo(card, columns[i], null);
      const others = [...columns[i].querySelectorAll("[data-card]")];
      if (others.length) return others[Math.min(row, others.length - 1)].querySelector("[data-focus]").focus();
    }
  } else if (event.shiftKey) {
    const next = cards[row + by[1]];
    if (next && by[1] < 0) moveTo(card, column, next);
    else if (next) moveTo(next, column, card); // the one below goes above this one
  } else {
    cards[row + by[1]]?.querySelector("[data-focus]").focus();
  }
});

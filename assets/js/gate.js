// The form of a landing page. Without this script the form posts as any form does; with it, fields are checked when one
// leaves them, the post keeps the page, and nothing typed is lost while the network or the server is away.
const form = document.querySelector("form[data-gate]");
if (form) start(form);

function start(form) {
  const say = (key, values = {}) => (form.dataset["say" + key] || "").replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  const notice = form.querySelector("[data-notice]");
  const button = form.querySelector("button[type=submit]");
  const label = button.querySelector("[data-label]");
  const hidden = (name) => form.querySelector(`input[type=hidden][name=${name}]`);
  const asTyped = hidden("email_as_typed");
  const idle = label.textContent;
  let busy = false, lastBody = "";

  form.noValidate = true;
  document.documentElement.classList.add("scripted");
  if (form.dataset.start) {
    fetch(form.dataset.start, { cache: "no-store", headers: { Accept: "application/json" } })
      .then((r) => r.ok && r.json()).then((j) => { if (j && j.token) hidden("form_token").value = j.token; })
      .catch(() => {}); // a missing token is only a weak sign
  }
  const first = document.getElementById(form.dataset.first);
  if (first) first.focus();

  // --- one field ---
  const frame = (input) => input.closest(".field") || input.parentElement;
  function tell(input, message) {
    const id = input.id + "-error";
    const line = document.getElementById(id);
    const others = (input.getAttribute("aria-describedby") || "").split(" ").filter((d) => d && d !== id);
    if (message) others.push(id);
    others.length ? input.setAttribute("aria-describedby", others.join(" ")) : input.removeAttribute("aria-describedby");
    message ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
    frame(input).classList.toggle("field-faulty", !!message);
    if (line) {
      (line.querySelector("span") || line).textContent = message;
      line.hidden = !message;
    }
  }
  function fault(input) {
    const value = input.type === "checkbox" ? (input.checked ? "yes" : "") : input.value.trim();
    if (input.required && !value) {
      return say(input.type === "checkbox" ? "Tick" : input.type === "email" ? "RequiredEmail" : input.tagName === "SELECT" ? "Choice" : "Required");
    }
    if (input.type === "email" && value && !/^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>".]{2,}$/.test(value)) return say("Email");
    return "";
  }
  const questions = () => [...form.elements].filter((e) => e.willValidate && e.name && e.id && e.type !== "hidden" && e.type !== "submit" && e.tabIndex >= 0);

  // --- did you mean ---
  function suggest(input, address, told) {
    frame(input).querySelectorAll("[data-suggestion]").forEach((e) => e.remove());
    if (!address) return;
    const box = document.createElement("div");
    box.className = "suggestion";
    box.dataset.suggestion = "";
    box.setAttribute("role", "status");
    const text = document.createElement("p");
    const buttons = document.createElement("p");
    buttons.className = "suggestion-buttons";
    for (const [kind, words] of [["use", say("Use", { address })], ["keep", say("Keep")]]) {
      const b = document.createElement("button");
      b.type = "button";
      b.className = "button button-small";
      b.dataset[kind] = address;
      b.textContent = words;
      buttons.append(b);
    }
    frame(input).append(box);
    if (told) box.append(buttons); // the fault says it already
    else {
      box.append(text, buttons);
      text.textContent = say("Suggest", { address });
    }
  }
  form.addEventListener("click", (event) => {
    const b = event.target.closest("[data-use], [data-keep]");
    if (!b) return;
    const input = frame(b).querySelector("input[type=email]");
    if (!input) return;
    if ("use" in b.dataset) { input.value = b.dataset.use; asTyped.value = ""; } else asTyped.value = input.value.trim();
    suggest(input, "");
    tell(input, fault(input));
    input.focus();
  });

  // A field is checked when one moves on inside the form; its fault goes as soon as it is mended.
  form.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (!questions().includes(target) || (!target.value && !form.contains(relatedTarget))) return;
    if (relatedTarget === button || relatedTarget?.closest?.("[data-suggestion]")) return;
    const message = fault(target);
    tell(target, message);
    if (target.type === "email" && !message && asTyped.value !== target.value.trim()) suggest(target, nearby(target.value.trim()));
  });
  form.addEventListener("input", ({ target }) => {
    if (target.getAttribute("aria-invalid") && questions().includes(target) && !fault(target)) tell(target, "");
    if (target.type === "email") suggest(target, "");
  });

  // --- the post ---
  function show(kind, text, extra) {
    notice.replaceChildren();
    if (!text) return;
    const line = document.createElement("div");
    line.className = "notice" + (kind ? " notice-" + kind : "");
    const p = document.createElement("p");
    p.textContent = text;
    const words = document.createElement("div");
    words.append(p);
    if (extra) words.append(extra);
    line.append(words);
    notice.append(line);
  }
  function working(on, words) {
    busy = on;
    button.setAttribute("aria-disabled", String(on));
    label.textContent = on ? words || say("Sending") : idle;
    button.classList.toggle("sending", on);
  }
  function faults(list) {
    let firstInput;
    const count = list.length;
    const rest = [];
    for (const f of list) {
      const found = form.elements[f.field];
      const input = found instanceof RadioNodeList ? found[0] : found;
      if (!input || !input.id) { rest.push(f.message); continue; }
      tell(input, f.message);
      if (input.type === "email" && f.suggestion) {
        suggest(input, f.suggestion, f.message.includes(f.suggestion));
        asTyped.value = input.value.trim(); // sending it again unchanged means: as typed
      }
      if (!firstInput || input.compareDocumentPosition(firstInput) & Node.DOCUMENT_POSITION_FOLLOWING) firstInput = input;
    }
    show("fault", [count === 1 ? say("One") : say("Many", { n: count }), ...rest].join(" "));
    (firstInput || notice).focus();
  }
  function body() {
    const data = new FormData(form);
    data.delete("attempt");
    const now = new URLSearchParams(data).toString();
    if (now !== lastBody || !hidden("attempt").value) { // another content is another intent
      lastBody = now;
      hidden("attempt").value = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
    }
    data.set("attempt", hidden("attempt").value);
    return new URLSearchParams(data);
  }
  function pause(seconds, why) {
    return new Promise((done) => {
      const line = document.createElement("p");
      line.className = "retry";
      const count = document.createElement("span");
      count.setAttribute("aria-hidden", "true");
      const now = document.createElement("button");
      now.type = "button";
      now.className = "button button-small";
      now.textContent = say("Now");
      line.append(count, now);
      show("wait", say(why), line);
      const tick = () => { count.textContent = say("Retry", { n: seconds }); if (seconds-- <= 0) end(); };
      const timer = setInterval(tick, 1000);
      const end = () => { clearInterval(timer); done(); };
      now.addEventListener("click", end);
      tick();
    });
  }
  const after = (r) => { // delay seconds or a date (RFC 9110, 10.2.3)
    const h = r.headers.get("Retry-After");
    if (!h) return 0;
    return Math.max(0, Math.min(300, /^\d+$/.test(h) ? +h : (Date.parse(h) - Date.now()) / 1000 || 0));
  };

  async function send() {
    const data = body();
    let renewed = false;
    for (let attempt = 0; attempt < 8; attempt++) {
      working(true);
      let r, answer = null;
      try {
        r = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
        answer = await r.json().catch(() => null);
      } catch { /* no answer: the same attempt value makes another try safe */ }
      if (r && r.ok && answer) {
        working(true, say("Done"));
        location.assign(answer.location || `${form.action}/thanks?r=${encodeURIComponent(answer.receipt)}`);
        return;
      }
      if (r && r.status === 422 && answer?.errors) { working(false); faults(answer.errors); return; }
      if (r && r.status === 409 && !r.headers.has("Retry-After") && !renewed) {
        renewed = true;
        lastBody = "";
        data.set("attempt", body().get("attempt"));
        continue;
      }
      if (r && r.status < 500 && r.status !== 429 && r.status !== 409) {
        if (r.status === 404 || r.status === 410 || r.ok) { form.submit(); return; }
        working(false);
        show("fault", answer?.detail || answer?.title || say("GaveUp"));
        notice.focus();
        return;
      }
      await pause(Math.ceil(Math.max(r ? after(r) : 0, Math.min(30, 2 ** attempt) * (0.8 + 0.4 * Math.random()))), r ? "Busy" : "Offline");
      show();
    }
    working(false);
    show("fault", say("GaveUp"));
    notice.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (busy) return;
    // The server knows every rule, this script only some: asking it shows all faults at once.
    questions().forEach((input) => tell(input, ""));
    show();
    send();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) working(false); });
}

// nearby proposes a well-known mailbox whose name is one slip away; real neighbours are left alone.
function nearby(address) {
  const at = address.lastIndexOf("@");
  const domain = address.slice(at + 1).toLowerCase();
  const known = "gmail.com googlemail.com outlook.com hotmail.com yahoo.com icloud.com live.com aol.com gmx.de gmx.net web.de t-online.de proton.me hotmail.co.uk yahoo.co.uk btinternet.com".split(" ");
  if (known.includes(domain) || /^(ymail|mail|email|fmail|hmail|gmx|aim)\.\w+$/.test(domain)) return "";
  const found = known.find((k) => k.length > 6 && oneSlip(domain, k));
  return found ? address.slice(0, at + 1) + found : "";
}

// oneSlip: one letter more, less, other, or two swapped.
function oneSlip(a, b) {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const x = a.slice(i), y = b.slice(i);
  return x.slice(1) === y || x === y.slice(1) || x.slice(1) === y.slice(1) || (x[0] === y[1] && x[1] === y[0] && x.slice(2) === y.slice(2));
}

// What a reader says is posted in place: the page keeps its scroll and its focus, and the news is read out. Without this
// script each button does the same with a page of its own.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const said = form.closest("[data-said]");
  if (!said || said.dataset.busy) {
    if (said) event.preventDefault();
    return;
  }
  event.preventDefault();
  said.dataset.busy = "yes";
  const focus = document.activeElement?.id;
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-said]");
    if (!fresh) throw new Error("no part to show");
    const open = new Set([...said.querySelectorAll("details[open]")].map((d) => d.className));
    said.querySelector("[data-said-body]").replaceWith(fresh.querySelector("[data-said-body]"));
    said.querySelector(".said-news").replaceChildren(...fresh.querySelector(".said-news").childNodes); // the live region stays
    const done = said.querySelector(".said-news .notice-done");
    if (done) setTimeout(() => done.remove(), 8000); // each control says its own state; the news has been read out
    if (!form.querySelector('[name="how"]')) said.querySelectorAll("details").forEach((d) => { d.open ||= open.has(d.className); });
    const fault = said.querySelector('[aria-invalid="true"]');
    (fault ?? document.getElementById(focus) ?? said.querySelector('.said-way[aria-pressed="true"]'))?.focus({ preventScroll: !fault });
    zone();
  } catch {
    form.submit(); // the network or the page is not what we think: let the browser show what there is
  } finally {
    delete said.dataset.busy;
  }
});

// The zone that the reader's own clock is set to, unless another one was chosen.
function zone() {
  const select = document.querySelector("select[data-zone]");
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (select && !("kept" in select.dataset) && [...select.options].some((o) => o.value === own)) select.value = own;
}
zone();

// Rules: the values that a condition can be chosen from, and what is under way in the background, kept true.
const known = document.getElementById("known-values");

// The values offered are those of the name that is asked.
addEventListener("focusin", (event) => {
  const row = known && event.target.matches(".usual-row input[list]") && event.target.closest(".usual-row");
  if (!row) return;
  let list = row.querySelector("datalist");
  if (!list) {
    list = document.createElement("datalist");
    list.id = "of-" + event.target.name;
    row.append(list);
    event.target.setAttribute("list", list.id);
  }
  const name = row.querySelector("[data-asked]").value;
  list.replaceChildren(...[...known.options].filter((o) => o.dataset.of === name).map((o) => new Option(o.dataset.words || o.value, o.value)));
});

// What is under way is asked for again until it is over, and takes the place of what was shown; its end is read out.
const told = document.createElement("p");
told.className = "hidden";
told.setAttribute("role", "status");
document.querySelector("main").append(told);

async function follow(id) {
  for (let pause = 1; ; pause = Math.min(pause + 0.5, 5)) {
    await new Promise((done) => setTimeout(done, pause * 1000));
    if (document.hidden) await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
    try {
      const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
      if (answer.redirected || !answer.ok) return; // logged out, or gone
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
      const here = document.getElementById(id);
      if (!fresh || !here) return;
      const held = here.contains(document.activeElement) && document.activeElement.textContent.trim();
      fresh.querySelectorAll("[data-tick]").forEach((tick) => tick.remove());
      here.replaceWith(fresh);
      if (held) [...fresh.querySelectorAll("a, button")].find((e) => e.textContent.trim() === held)?.focus();
      if (!("running" in fresh.dataset)) {
        told.textContent = fresh.querySelector("[data-found]")?.textContent ?? "";
        return;
      }
    } catch { /* the network is away: the next round asks again */ }
  }
}
document.querySelectorAll("[data-running]").forEach((e) => follow(e.id));

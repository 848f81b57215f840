// Keeps the state of the mail true: asks a few times, with growing pauses, and takes the state block out of the same page.
const settled = ["delivered", "came-back", "cancelled"];
const pauses = [2, 3, 5, 8, 13, 21, 34, 60, 60, 120];

async function watch() {
  for (const seconds of pauses) {
    const here = document.getElementById("state");
    if (!here || settled.includes(here.dataset.state)) return;
    await new Promise((done) => setTimeout(done, seconds * 1000));
    if (document.hidden) await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
    try {
      const answer = await fetch(here.dataset.stateUrl, { cache: "no-store", headers: { Accept: "text/html" } });
      if (!answer.ok) continue;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("state");
      if (fresh && fresh.dataset.state !== here.dataset.state) {
        here.dataset.state = fresh.dataset.state;
        here.replaceChildren(...fresh.childNodes); // the live region stays, so that the change is read out
        const mend = page.querySelector(".mend");
        if (mend && !document.activeElement?.closest(".mend")) document.querySelector(".mend")?.replaceWith(mend);
      }
    } catch { /* the network is away: the next round asks again */ }
  }
}
watch();

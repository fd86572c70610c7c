// Sorting and paging without losing the place: the same links, but only the table is exchanged.
// Without this script, or when anything goes wrong, the browser follows the link as usual.
"use strict";

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-swap] thead a, [data-swap] .pager a");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  const block = link.closest("[data-swap]");
  event.preventDefault();
  block.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(block.id);
    if (!answer.ok || !fresh) throw new Error("no table");
    const column = link.closest("th")?.cellIndex;
    block.replaceWith(fresh);
    history.replaceState(null, "", link.href);
    const next = column === undefined ? ".pager a" : `thead th:nth-child(${column + 1}) a`;
    fresh.querySelector(next)?.focus({ preventScroll: column !== undefined });
  } catch {
    location.assign(link.href);
  }
});

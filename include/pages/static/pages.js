// Sorting and paging without losing the place: the same links, but only the table is exchanged.
// Without this script, or when anything goes wrong, the browser follows the link as usual.
"use strict";

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-swap] thead a, [data-swap] .pager a, [data-swap] .sorts a");
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
    const place = [...block.querySelectorAll(".sorts a")].indexOf(link);
    block.replaceWith(fresh);
    history.replaceState(null, "", link.href);
    const next = column === undefined ? ".pager a" : `thead th:nth-child(${column + 1}) a`;
    const target = place < 0 ? fresh.querySelector(next) : fresh.querySelectorAll(".sorts a")[place];
    target?.focus({ preventScroll: column !== undefined || place >= 0 });
  } catch {
    location.assign(link.href);
  }
});

// Airflow shows these pages in a frame that may neither move the window around it nor open another.
// A link to a page of Airflow's own, or to a post, is therefore clicked in the document around the
// frame, which is of the same origin.

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow], a[target=_blank]");
  if (!link || window.parent === window || event.metaKey || event.ctrlKey || event.button) return;
  event.preventDefault();
  const outside = window.parent.document.createElement("a");
  outside.href = link.href;
  outside.target = link.target;
  outside.rel = link.rel;
  window.parent.document.body.append(outside);
  outside.click();
  outside.remove();
});

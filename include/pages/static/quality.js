// Airflow shows these pages in a frame that may not move the window around it. A link to a page of
// Airflow's own is therefore clicked in the document around the frame, which is of the same origin.
"use strict";

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow]");
  if (!link || window.parent === window || event.metaKey || event.ctrlKey || event.button) return;
  event.preventDefault();
  const outside = window.parent.document.createElement("a");
  outside.href = link.href;
  window.parent.document.body.append(outside);
  outside.click();
  outside.remove();
});

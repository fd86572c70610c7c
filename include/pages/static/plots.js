// Draws the page's figures with Plotly, after the first paint: without this script, or when the
// library does not come, each chart's sentence stays and its figures stand in the table beside it.
"use strict";

(() => {
  const LIBRARY = document.currentScript.dataset.library;
  const PAPER_WIDTH = 1025; // 190 mm, A4 without the margins of @page, over the zoom of .on-paper
  const HINT = "Point at the chart, touch it, or press the arrow keys in it, to read its values. "
    + "Drag to zoom, double-click for the whole; the legend switches series.";
  const NEXT = (at, all) => all.find((n) => n > at);
  const BEFORE = (at, all) => all.findLast((n) => n < at);
  const STEPS = {
    ArrowRight: NEXT, ArrowDown: NEXT, ArrowLeft: BEFORE, ArrowUp: BEFORE,
    Home: (_, all) => all[0], End: (_, all) => all.at(-1),
  };
  // Where Plotly gathers all series of a day or a row in one label; days are counted in UTC.
  const AT = { "x unified": ({ x }) => ({ xval: Date.parse(x) }), "y unified": ({ y }) => ({ yval: y }) };
  const boxes = [...document.querySelectorAll(".plot")];
  if (!boxes.length) return;

  // The figure in the style sheet's colours of now; Plotly writes into what it is given, so it is
  // read anew each time. Only values of colour settings are replaced, never a text.
  const figureOf = (box) => {
    const style = getComputedStyle(box);
    const figure = JSON.parse(box.parentElement.querySelector("script").textContent, (key, value) =>
      /color$/.test(key) && /^var\(/.test(value) ? style.getPropertyValue(value.slice(4, -1)).trim() : value);
    for (const font of [figure.layout.font, figure.layout.hoverlabel.font]) font.family = style.fontFamily;
    // A finger that wants to scroll the page must not zoom.
    if (matchMedia("(pointer: coarse)").matches) figure.layout.dragmode = false;
    return figure;
  };

  let isOnPaper = false;
  const draw = async (box) => {
    box.classList.toggle("on-paper", isOnPaper);
    const { data, layout, config } = figureOf(box);
    if (isOnPaper) layout.width = PAPER_WIDTH;
    box.style.height = `${layout.height}px`;
    // Under another config Plotly begins anew and forgets who listens.
    box.config ??= config;
    await Plotly.react(box, data, layout, box.config);
  };

  const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

  // Of each name's places the first one that is free of dots and of names before it. A name has as
  // many texts as it has places; after a zoom other names have room.
  const placeNames = (box) => {
    const texts = [...box.querySelectorAll(".textpoint text")];
    const others = box.querySelectorAll(".scatterlayer .point, .xtick text, .ytick text, .g-xtitle text, .legendtext");
    const taken = [...others].map((one) => one.getBoundingClientRect());
    const frame = box.getBoundingClientRect();
    const named = new Set();
    for (const text of texts) {
      const ground = text.getBoundingClientRect();
      const { x, y } = text.__data__;
      const isFree = !named.has(`${x} ${y}`) && ground.left >= frame.left && ground.right <= frame.right
        && !taken.some((other) => meets(ground, other));
      text.style.visibility = isFree ? "visible" : "hidden";
      if (!isFree) continue;
      named.add(`${x} ${y}`);
      taken.push(ground);
    }
  };

  const plain = (text) => text.split("<br>")
    .map((part) => new DOMParser().parseFromString(part, "text/html").documentElement.textContent).join(", ");

  // What can be read: the points of every series that is not switched off.
  const pointsOf = (box) => box.data.flatMap((trace, curveNumber) =>
    trace.hoverinfo === "skip" || (trace.visible ?? true) !== true ? [] : [...trace.y.keys()]
      .filter((n) => trace.x[n] != null && trace.y[n] != null)
      .map((n) => ({
        curveNumber, pointNumber: n, x: trace.x[n], y: trace.y[n],
        customdata: trace.customdata[n], hovertext: trace.hovertext[n],
      })));

  // What the pointer is on, or the arrow keys step to, is said below the chart.
  const listen = (box) => {
    const said = box.parentElement.querySelector("[role=status]");
    let at = -1;
    const say = (points) => {
      at = points[0].pointNumber;
      said.classList.remove("note");
      said.textContent = plain(`${points[0].customdata}: ${points.map((point) => point.hovertext).join(", ")}`);
    };
    box.on("plotly_hover", ({ points }) => say(points.sort((a, b) => a.curveNumber - b.curveNumber)));
    box.on("plotly_afterplot", () => placeNames(box));
    box.addEventListener("keydown", (event) => {
      if (event.target !== box || !(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const points = pointsOf(box);
      const numbers = [...new Set(points.map((point) => point.pointNumber))].sort((a, b) => a - b);
      const next = STEPS[event.key](at, numbers);
      const found = points.filter((point) => point.pointNumber === next);
      if (!found.length) return;
      // Draws the label; called like this it tells nobody.
      Plotly.Fx.hover(box, AT[box.layout.hovermode]?.(found[0]) ?? found);
      say(found);
    });
    box.addEventListener("blur", () => Plotly.Fx.unhover(box));
    said.textContent = HINT;
  };

  const start = async () => {
    for (const box of boxes) {
      box.setAttribute("aria-label", box.textContent.trim());
      box.replaceChildren();
      await draw(box);
      // An application, so that a screen reader leaves the arrow keys to it; what is drawn is said
      // by its label and its status line.
      box.setAttribute("role", "application");
      box.setAttribute("aria-roledescription", "chart");
      box.tabIndex = 0;
      for (const svg of box.querySelectorAll(".svg-container svg")) svg.setAttribute("aria-hidden", "true");
      listen(box);
      placeNames(box);
      box.dataset.drawn = "";
    }
    const redraw = () => boxes.forEach(draw);
    const turn = (paper) => { isOnPaper = paper; redraw(); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    addEventListener("beforeprint", () => turn(true));
    addEventListener("afterprint", () => turn(false));
  };

  const giveUp = () => {
    for (const box of boxes) {
      box.querySelector(".room").remove();
      box.append("This chart could not be drawn; its figures stand beside it.");
    }
  };

  const load = () => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.addEventListener("load", () => (window.Plotly ? start() : giveUp()));
    script.addEventListener("error", giveUp);
    document.head.append(script);
  };

  // Not before the page is seen: the browser tells when it was; where it can't, two frames later.
  const PAINT = "first-contentful-paint";
  if (window.PerformanceObserver?.supportedEntryTypes?.includes("paint")) {
    new PerformanceObserver((entries, observer) => {
      if (!entries.getEntriesByName(PAINT).length) return;
      observer.disconnect();
      load();
    }).observe({ type: "paint", buffered: true });
  } else {
    requestAnimationFrame(() => requestAnimationFrame(load));
  }
})();

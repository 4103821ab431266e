// What the page does besides where scripts run: it leaves out levels, reads values off pictures, unfolds everything. All that it shows
// stands on the page without it.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const view = document.getElementById("view");
  view.hidden = false;

  // Levels. Where none is chosen all are shown. The address keeps the choice behind the place: #catch/consumer-lag/full&levels=full
  const state = document.getElementById("view-state");
  const buttons = all("[data-choice]", view);
  const levels = buttons.map(b => b.dataset.choice);
  let chosen = new Set();
  const leavesOut = level => chosen.size > 0 && levels.includes(level) && !chosen.has(level);

  const show = () => {
    for (const e of all("[data-level]")) {
      const out = leavesOut(e.dataset.level);
      if (!e.matches("thead th")) {
        e.toggleAttribute("hidden", out);
        continue;
      }
      for (const row of e.closest("table").rows) row.cells[e.cellIndex]?.toggleAttribute("hidden", out);
    }
    for (const b of buttons) b.setAttribute("aria-pressed", chosen.has(b.dataset.choice));
    const left = levels.filter(leavesOut);
    state.textContent = left.length ? "Left out: " + left.join(", ") : "All are shown";
    view.classList.toggle("some", left.length > 0);
  };

  const decode = text => {
    try { return decodeURIComponent(text); } catch { return text; }
  };
  const place = () => location.hash.slice(1).replace(/&?levels=[^&]*$/, "");
  const keep = () => {
    const list = levels.filter(l => chosen.has(l)).map(encodeURIComponent).join();
    const hash = place() + (list && (place() && "&") + "levels=" + list);
    if (hash === location.hash.slice(1)) return;
    try { history.replaceState(history.state, "", "#" + hash); } catch { /* a page within a page may have no address of its own */ }
  };
  const choose = of => {
    chosen = new Set(of);
    show();
    keep();
  };

  // A place that somebody is led to is shown, whatever was chosen. The browser opens it when the address has nothing but the place.
  const follow = () => {
    const given = location.hash.match(/levels=([^&]*)$/);
    if (given) chosen = new Set(given[1].split(",").map(decode).filter(l => levels.includes(l)));
    const target = document.getElementById(decode(place()));
    const level = target?.closest("[data-level]")?.dataset.level;
    const was = leavesOut(level);
    if (was) chosen.add(level);
    show();
    if (given && target && document.querySelector(":target") !== target) location.replace("#" + place());
    else if (was) target.scrollIntoView();
    keep();
  };

  if (levels.length) {
    for (const b of buttons) {
      b.onclick = () => choose(levels.filter(l => (l === b.dataset.choice) !== chosen.has(l)));
    }
    view.querySelector("[data-all]").onclick = () => choose([]);
    addEventListener("hashchange", follow);
    addEventListener("load", follow); // not before: the browser looks for the place itself until then
  }

  const unfold = document.getElementById("unfold");
  unfold.onclick = () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    unfold.setAttribute("aria-pressed", open);
    for (const d of all("details")) d.open = open;
  };

  // A mark is a line over a picture, at the same place in all that share an axis.
  const across = (svg, event) => {
    const box = svg.getBoundingClientRect();
    return (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
  };
  const mark = (svg, x) => {
    let line = svg.querySelector(".mark");
    if (!line) {
      line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "mark");
      line.setAttribute("y2", svg.viewBox.baseVal.height);
      svg.append(line);
    }
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  };

  // Small plots of arms: one slider, or the pointer over any of them, reads all of them at one place of the axis.
  const values = e => e.dataset.values.split("|");
  for (const figure of all("figure[data-at]")) {
    const at = figure.dataset.at.split(" ").map(Number), names = figure.dataset.of.split("|"), base = values(figure);
    const plots = all(".panel", figure).map(panel => {
      const text = document.createElement("p");
      text.className = "value";
      text.textContent = "\u00a0";
      panel.append(text);
      return {panel, text, svg: panel.querySelector("svg"), name: panel.querySelector("figcaption").firstChild.data.trim(), values: values(panel)};
    });
    const label = document.createElement("label"), slider = document.createElement("input"), said = document.createElement("span");
    Object.assign(slider, {type: "range", min: 0, max: at.length - 1, value: 0});
    label.className = "reader";
    label.append("Read the values at ", slider, said);
    figure.querySelector("figcaption").after(label);
    const read = i => {
      slider.value = i;
      said.textContent = names[i] + ": " + figure.dataset.base + " " + base[i];
      const told = [said.textContent];
      for (const p of plots) {
        p.text.textContent = p.values[i] + " (" + figure.dataset.base + " " + base[i] + ")";
        mark(p.svg, at[i]);
        if (!p.panel.hidden) told.push(p.name + " " + p.values[i]);
      }
      slider.setAttribute("aria-valuetext", told.join(", "));
    };
    slider.oninput = () => read(slider.valueAsNumber);
    figure.addEventListener("pointermove", event => {
      const svg = event.target.closest("svg");
      if (!svg) return;
      const x = across(svg, event);
      read(at.reduce((best, a, i) => Math.abs(a - x) < Math.abs(at[best] - x) ? i : best, 0));
    });
    slider.setAttribute("aria-valuetext", names[0]);
  }

  // The axis of a table: the pointer reads it at any place. The cells have the values of every row.
  for (const scale of all("svg[data-axis]")) {
    const [lo, hi, from, to, decimals, unit] = scale.dataset.axis.split("|").map((x, i) => i < 5 ? Number(x) : x);
    const strips = all("td.strip svg", scale.closest("table")), said = document.createElement("span");
    said.className = "cursor";
    said.setAttribute("aria-hidden", "true");
    scale.before(said);
    for (const strip of strips) {
      strip.onpointermove = event => {
        const x = Math.min(Math.max(across(strip, event), from), to), v = lo + (x - from) / (to - from) * (hi - lo);
        said.textContent = (v < 0 ? "\u2212" : "+") + Math.abs(v).toFixed(decimals) + unit;
        for (const s of strips) mark(s, x);
      };
    }
  }
})();

// How the timeline is moved: mouse, wheel, touch and keys.
const secondsOf = (pixels) => (pixels / Math.max(1, lanes.clientWidth - gutter())) * (zoom.to - zoom.from);
const timeAt = (clientX) => zoom.from + secondsOf(clientX - lanes.getBoundingClientRect().left - gutter());

function rowAt(clientY) {
  const y = clientY - scroller.getBoundingClientRect().top;
  if (y < AXIS) return -1;
  const place = Math.floor((y + scroller.scrollTop - AXIS) / ROW);
  return place >= 0 && place < order.length ? order[place] : -1;
}

function showTip(row, x, y) {
  if (row < 0) { tip.hidden = true; return; }
  const [first, ...rest] = summary(row);
  const bold = document.createElement("b");
  bold.textContent = first;
  tip.replaceChildren(bold, ...rest.map((words) => { const line = document.createElement("div"); line.textContent = words; return line; }));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? Math.max(8, y - box.height - 12) : y + 18}px`;
}

function choose(row, speak) {
  chosen = row;
  if (row >= 0) {
    const place = order.indexOf(row), y = AXIS + place * ROW;
    if (place >= 0) {
      const begin = scroller.scrollTop, end = begin + scroller.clientHeight;
      if (!speak && (y - AXIS < begin || y + ROW > end)) scroller.scrollTop = y - scroller.clientHeight / 2;
      else if (y - AXIS < begin) scroller.scrollTop = y - AXIS;
      else if (y + ROW > end) scroller.scrollTop = y + ROW - scroller.clientHeight;
    }
    if (speak) {
      byId("said").textContent = `${number(place + 1)} of ${number(order.length)}: ${summary(row).join(". ")}`;
      const box = scroller.getBoundingClientRect();
      showTip(row, box.left + gutter(), box.top + y - scroller.scrollTop + 4);
    }
  }
  redraw();
}

function fit(row) {
  const from = T.at[row], to = Math.max(drawn[row], T.alive[row] || 0, T.last[row] || 0);
  if (Number.isNaN(from)) return;
  const room = Math.max(30, (to - from) * .15);
  setZoom(from - room, to + room);
}

function lanesListen(open) {
  const touching = new Map();
  let moved = 0, pinch = 0;
  lanes.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    touching.set(event.pointerId, { x: event.clientX, y: event.clientY });
    lanes.setPointerCapture(event.pointerId);
    moved = 0; pinch = 0;
  });
  lanes.addEventListener("pointermove", (event) => {
    const before = touching.get(event.pointerId);
    if (!before) {
      hovered = rowAt(event.clientY);
      showTip(hovered, event.clientX, event.clientY);
      redraw();
      return;
    }
    touching.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved += Math.abs(event.clientX - before.x) + Math.abs(event.clientY - before.y);
    if (moved < 4) return;
    tip.hidden = true;
    lanes.classList.add("moving");
    if (touching.size === 2) {
      const [one, other] = [...touching.values()];
      const apart = Math.hypot(one.x - other.x, one.y - other.y);
      if (pinch && apart) zoomBy(pinch / apart, timeAt((one.x + other.x) / 2));
      pinch = apart;
      return;
    }
    panBy(-secondsOf(event.clientX - before.x));
    if (event.pointerType === "mouse") scroller.scrollTop -= event.clientY - before.y;
  });
  const done = (event) => {
    if (!touching.delete(event.pointerId)) return;
    lanes.classList.remove("moving");
    if (event.type === "pointerup" && moved < 4) {
      const row = rowAt(event.clientY);
      if (row >= 0) { choose(row, false); open(row); }
    }
  };
  lanes.addEventListener("pointerup", done);
  lanes.addEventListener("pointercancel", done);
  lanes.addEventListener("pointerleave", () => { hovered = -1; tip.hidden = true; redraw(); });
  scroller.addEventListener("scroll", () => { if (hovered >= 0) { hovered = -1; tip.hidden = true; } redraw(); }, { passive: true });
  scroller.addEventListener("blur", () => { tip.hidden = true; });
  scroller.addEventListener("keydown", (event) => laneKeys(event, open));
}

function wheelListen() {
  chart.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (event.ctrlKey || event.metaKey) zoomBy(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * .008), timeAt(event.clientX));
    else if (sideways || event.shiftKey) panBy(secondsOf(sideways ? event.deltaX : event.deltaY));
    else return; // up and down scrolls the rows, then the page
    event.preventDefault();
    tip.hidden = true;
  }, { passive: false });
}

function laneKeys(event, open) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const length = zoom.to - zoom.from, place = order.indexOf(chosen);
  const go = (to) => { if (order.length) choose(order[Math.max(0, Math.min(order.length - 1, to))], true); };
  const deeds = {
    ArrowLeft: () => panBy(-length / 10), ArrowRight: () => panBy(length / 10),
    "+": () => zoomBy(.6), "=": () => zoomBy(.6), "-": () => zoomBy(1 / .6), "_": () => zoomBy(1 / .6),
    0: () => setZoom(whole.from, whole.to),
    ArrowDown: () => go(place + 1), ArrowUp: () => go(place < 0 ? 0 : place - 1),
    PageDown: () => go(place + 10), PageUp: () => go(place - 10), Home: () => go(0), End: () => go(order.length - 1),
    Enter: () => { if (place >= 0) open(chosen); }, " ": () => { if (place >= 0) open(chosen); },
    f: () => { if (place >= 0) fit(chosen); }, F: () => { if (place >= 0) fit(chosen); },
    Escape: () => { tip.hidden = true; chosen = -1; redraw(); },
  };
  if (!Object.hasOwn(deeds, event.key)) return;
  event.preventDefault();
  deeds[event.key]();
}

function overviewListen() {
  let held = null;
  const timeOf = (clientX) => {
    const box = overview.getBoundingClientRect(), left = gutter();
    return whole.from + ((clientX - box.left - left) / Math.max(1, box.width - left)) * (whole.to - whole.from);
  };
  overview.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    const at = timeOf(event.clientX), inside = zoomed() && at > zoom.from && at < zoom.to;
    held = { at, x: event.clientX, inside, from: zoom.from, to: zoom.to };
    overview.setPointerCapture(event.pointerId);
  });
  overview.addEventListener("pointermove", (event) => {
    if (!held || Math.abs(event.clientX - held.x) < 3) return;
    const at = timeOf(event.clientX);
    if (held.inside) setZoom(held.from + at - held.at, held.to + at - held.at);
    else setZoom(Math.min(at, held.at), Math.max(at, held.at));
  });
  const done = (event) => {
    if (held && zoomed() && Math.abs(event.clientX - held.x) < 3) panBy(held.at - (zoom.from + zoom.to) / 2);
    held = null;
  };
  overview.addEventListener("pointerup", done);
  overview.addEventListener("pointercancel", () => { held = null; });
  overview.addEventListener("dblclick", () => setZoom(whole.from, whole.to));
}

function timelineListen(open) {
  lanesListen(open);
  wheelListen();
  overviewListen();
  byId("in").addEventListener("click", () => zoomBy(.6));
  byId("out").addEventListener("click", () => zoomBy(1 / .6));
  byId("whole").addEventListener("click", () => setZoom(whole.from, whole.to));
  byId("order").addEventListener("change", (event) => setOrder(event.target.value));
  new ResizeObserver(redraw).observe(chart);
  setZoom(whole.from, whole.to);
}

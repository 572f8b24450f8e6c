// The timeline: lifetimes against use, on two canvases. It draws only the rows that can be seen.
const ROW = 20, AXIS = 26;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000];
const SHORTEST = 10; // seconds that the view can show at least
const byId = (id) => document.getElementById(id);

const scroller = byId("scroller"), spacer = byId("spacer"), lanes = byId("lanes"), overview = byId("overview"), tip = byId("tip"), chart = scroller.parentElement;
const whole = (() => {
  let from = 0, to = data.end;
  for (let row = 0; row < total; row++) {
    if (T.at[row] < from) from = T.at[row];
    const end = T.alive[row] > drawn[row] ? T.alive[row] : drawn[row];
    if (end > to) to = end;
  }
  const room = Math.max(data.end, 60);
  return { from: Math.max(from, -room / 3), to: Math.min(to, data.end + room / 5) };
})();
const zoom = { from: whole.from, to: whole.to };
let order = new Uint32Array(0);
let chosen = -1, hovered = -1, queued = false, ink = {};
let crowd = null; // how many live and are used, pixel by pixel of the overview

function readInk() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["card", "ink", "quiet", "line", "grid", "accent", "life", "life-edge", "use", "critical", "warning", "denied", "beyond", "late", "chosen", "firm"]) ink[name] = style.getPropertyValue(`--${name}`).trim();
  ink.font = getComputedStyle(document.body).fontFamily;
  ink.hatch = hatch(ink.late, 6, 1);
  ink.stripes = hatch(ink.beyond, 5, 2);
}

function hatch(colour, size, width) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = size * 2;
  const draw = tile.getContext("2d");
  draw.strokeStyle = colour;
  draw.lineWidth = width;
  for (let at = -size * 2; at <= size * 4; at += size) {
    draw.beginPath(); draw.moveTo(at, size * 2); draw.lineTo(at + size * 2, 0); draw.stroke();
  }
  return lanes.getContext("2d").createPattern(tile, "repeat");
}

const gutter = () => (lanes.clientWidth < 560 ? 112 : 220);
const scale = (width, left, { from, to }) => (at) => left + ((at - from) / (to - from)) * (width - left);

function sized(canvas, width, height) {
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  const w = Math.round(width * ratio), h = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  canvas.style.height = `${height}px`;
  const draw = canvas.getContext("2d");
  draw.setTransform(ratio, 0, 0, ratio, 0, 0);
  draw.clearRect(0, 0, width, height);
  draw.direction = "ltr";
  return draw;
}

function redraw() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => { queued = false; drawNow(); });
}

function drawNow() {
  if (!chart.clientWidth) return;
  drawLanes();
  drawOverview();
}

function setOrder(how) {
  const keyOf = { person: personOf, role: roleOf, worst: (row) => -severity[row] }[how];
  order = ordered(view, (row) => T.at[row]);
  if (keyOf) order = ordered(order, keyOf);
  crowd = null;
  const height = Math.min(480, AXIS + Math.max(2, order.length) * ROW);
  scroller.style.height = `${height}px`;
  spacer.style.height = `${AXIS + Math.max(2, order.length) * ROW}px`;
  scroller.scrollTop = 0;
  hovered = -1;
  redraw();
}

function drawLanes() {
  const width = scroller.clientWidth, height = scroller.clientHeight, left = gutter();
  const draw = sized(lanes, width, height);
  const x = scale(width, left, zoom);
  const top = scroller.scrollTop;
  const begin = Math.floor(top / ROW), end = Math.min(order.length, Math.ceil((top + height) / ROW));
  draw.save();
  draw.beginPath(); draw.rect(left, 0, width - left, height); draw.clip();
  drawGround(draw, x, width, height, left);
  draw.restore();
  const seen = byId("order").value;
  let before = null;
  for (let place = begin; place < end; place++) {
    const row = order[place], y = AXIS + place * ROW - top;
    if (row === chosen || row === hovered) { draw.fillStyle = ink.chosen; draw.fillRect(0, y, width, ROW); }
    const name = seen === "role" ? roleOf(row) : personOf(row), other = seen === "role" ? personOf(row) : roleOf(row);
    const nobody = personOf(row) === NOBODY && roleOf(row) === NOBODY;
    if (nobody) drawLabel(draw, row, y, left, "", rows.key[row] || rows.lease[row]);
    else drawLabel(draw, row, y, left, (seen === "person" || seen === "role") && name === before ? "" : name, other);
    if ((seen === "person" || seen === "role") && name !== before && place > begin) { draw.fillStyle = ink.line; draw.fillRect(0, y, width, 1); }
    before = y < AXIS ? null : name; // the first row that is seen whole bears its name
    draw.save();
    draw.beginPath(); draw.rect(left, Math.max(AXIS, y), width - left, ROW); draw.clip();
    drawLife(draw, row, y, x);
    draw.restore();
  }
  drawAxis(draw, x, width, left);
  draw.fillStyle = ink.line;
  draw.fillRect(left - 1, 0, 1, height);
  if (!order.length) {
    draw.fillStyle = ink.quiet; draw.font = `13px ${ink.font}`; draw.textBaseline = "middle";
    draw.fillText("No credential matches.", left + 12, AXIS + ROW);
  }
}

function drawGround(draw, x, width, height, left) {
  for (const at of ticks(width - left)) {
    draw.fillStyle = ink.grid;
    draw.fillRect(Math.round(x(at)), 0, 1, height);
  }
  const late = x(data.watermark), end = x(data.end);
  if (end > late) { draw.globalAlpha = .45; draw.fillStyle = ink.hatch; draw.fillRect(late, AXIS, end - late, height); draw.globalAlpha = 1; }
  draw.fillStyle = ink.firm;
  draw.fillRect(Math.round(end), 0, 1, height);
}

function drawLabel(draw, row, y, left, name, other) {
  draw.save();
  draw.beginPath(); draw.rect(0, Math.max(AXIS, y), left - 8, ROW); draw.clip();
  draw.textBaseline = "middle";
  if (severity[row]) {
    draw.font = `700 12px ${ink.font}`;
    draw.fillStyle = severity[row] === 2 ? ink.critical : ink.warning;
    draw.fillText(severity[row] === 2 ? "!!" : "!", 8, y + ROW / 2 + 1);
  }
  draw.font = `12.5px ${ink.font}`;
  draw.fillStyle = ink.ink;
  const short = name.slice(0, 60);
  if (short) draw.fillText(short, 22, y + ROW / 2 + 1);
  draw.fillStyle = ink.quiet;
  draw.fillText(other.slice(0, 60), 22 + (short ? draw.measureText(short).width + 8 : 0), y + ROW / 2 + 1);
  draw.restore();
}

function drawLife(draw, row, y, x) {
  const at = Number.isNaN(T.at[row]) ? T.first[row] : T.at[row];
  if (Number.isNaN(at)) return;
  const from = x(at), to = Math.max(from + 2, x(drawn[row]));
  draw.fillStyle = ink.life;
  draw.fillRect(from, y + 4, to - from, ROW - 8);
  draw.strokeStyle = ink["life-edge"];
  draw.lineWidth = 1;
  draw.strokeRect(Math.round(from) + .5, y + 4.5, Math.max(1, Math.round(to - from) - 1), ROW - 9);
  if (Number.isNaN(over[row])) { // no end is told: it goes on
    draw.setLineDash([2, 3]);
    draw.beginPath(); draw.moveTo(to, y + ROW / 2); draw.lineTo(to + 22, y + ROW / 2); draw.stroke();
    draw.setLineDash([]);
  }
  if (!Number.isNaN(T.alive[row])) {
    const begins = x(Number.isNaN(T.revoked[row]) ? Math.min(data.end, T.alive[row]) : T.revoked[row]), ends = x(T.alive[row]);
    draw.fillStyle = ink.card; draw.fillRect(begins, y + 4, ends - begins, ROW - 8);
    draw.fillStyle = ink.stripes; draw.fillRect(begins, y + 4, ends - begins, ROW - 8);
    draw.strokeStyle = ink.beyond; draw.strokeRect(Math.round(begins) + .5, y + 4.5, Math.max(1, Math.round(ends - begins) - 1), ROW - 9);
  }
  if (!Number.isNaN(T.revoked[row])) { draw.fillStyle = ink.ink; draw.fillRect(Math.round(x(T.revoked[row])) - 1, y + 3, 2, ROW - 6); }
  if (rows.calls[row]) drawUse(draw, row, y, x);
  if (severity[row]) diamond(draw, from, y + ROW / 2, severity[row] === 2 ? ink.critical : ink.warning);
  for (const mark of marksOf.get(row) || []) diamond(draw, x(mark[2]), y + ROW / 2, severity[row] === 2 ? ink.critical : ink.warning);
}

function drawUse(draw, row, y, x) {
  const from = x(T.first[row]), width = Math.max(3, x(T.last[row]) - from), height = 6;
  draw.fillStyle = ink.use;
  draw.fillRect(from, y + 7, width, height);
  if (!rows.denied[row]) return;
  const part = Math.max(2, Math.round((height * rows.denied[row]) / rows.calls[row]));
  draw.fillStyle = ink.denied;
  draw.fillRect(from, y + 7 + height - part, width, part);
}

function diamond(draw, x, y, colour) {
  draw.beginPath();
  draw.moveTo(x, y - 5); draw.lineTo(x + 5, y); draw.lineTo(x, y + 5); draw.lineTo(x - 5, y); draw.closePath();
  draw.fillStyle = colour; draw.fill();
  draw.strokeStyle = ink.card; draw.lineWidth = 1; draw.stroke();
}

function ticks(width) {
  const length = zoom.to - zoom.from;
  const step = STEPS.find((one) => (one / length) * width >= 84) || Math.ceil(length / 5 / 2592000) * 2592000;
  const offset = Math.floor(startMs / 1000);
  const found = [];
  for (let at = Math.ceil((zoom.from + offset) / step) * step - offset; at <= zoom.to; at += step) found.push(at);
  found.step = step;
  return found;
}

function drawAxis(draw, x, width, left) {
  draw.fillStyle = ink.card;
  draw.fillRect(0, 0, width, AXIS);
  draw.fillStyle = ink.line;
  draw.fillRect(0, AXIS - 1, width, 1);
  draw.font = `12px ${ink.font}`;
  draw.textBaseline = "middle";
  draw.fillStyle = ink.quiet;
  draw.fillText("UTC", 22, AXIS / 2);
  const marks = ticks(width - left);
  let day = "";
  for (const at of marks) {
    const words = clock(at, true), today = words.slice(5, 10), hour = marks.step < 60 ? words.slice(11, 19) : words.slice(11, 16);
    const label = marks.step >= 86400 ? today : today !== day ? `${today} ${hour}` : hour;
    const place = x(at);
    if (place + draw.measureText(label).width + 6 > width) break;
    day = today;
    draw.fillStyle = ink.firm; draw.fillRect(Math.round(place), AXIS - 6, 1, 5);
    draw.fillStyle = ink.quiet; draw.fillText(label, place + 4, AXIS / 2);
  }
}

function drawOverview() {
  const width = chart.clientWidth, height = 64, left = gutter();
  const draw = sized(overview, width, height);
  const x = scale(width, left, whole);
  if (!crowd || crowd.width !== width) crowd = countCrowd(width, x);
  const up = (height - 14) / Math.max(1, crowd.most);
  for (const [name, counts] of [["life", crowd.lives], ["use", crowd.uses]]) {
    draw.fillStyle = ink[name];
    for (let at = left; at < width; at++) if (counts[at]) { const tall = Math.max(1, counts[at] * up); draw.fillRect(at, height - tall, 1, tall); }
  }
  crowd.worst.forEach((worst, at) => { if (worst) { draw.fillStyle = worst === 2 ? ink.critical : ink.warning; draw.fillRect(at - 1, 2, 2, 7); } });
  data.findings.at.forEach((at) => { if (at !== null) { draw.fillStyle = ink.critical; draw.fillRect(x(at) - 1, 2, 2, 7); } });
  const from = x(zoom.from), to = x(zoom.to);
  draw.globalAlpha = .6; draw.fillStyle = ink.card;
  draw.fillRect(left, 0, from - left, height); draw.fillRect(to, 0, width - to, height);
  draw.globalAlpha = 1;
  if (zoomed()) { draw.strokeStyle = ink.accent; draw.lineWidth = 2; draw.strokeRect(from + 1, 1, Math.max(2, to - from - 2), height - 2); }
  draw.font = `12px ${ink.font}`; draw.textBaseline = "middle";
  draw.fillStyle = ink.quiet;
  draw.fillText(`${number(crowd.most)} at once`, 22, 14, left - 26);
  draw.fillText("at most", 22, 30, left - 26);
  draw.fillStyle = ink.line; draw.fillRect(left - 1, 0, 1, height);
}

function countCrowd(width, x) {
  const lives = new Float64Array(width + 2), uses = new Float64Array(width + 2), worst = new Uint8Array(width + 2);
  const add = (counts, from, to) => {
    const a = Math.max(0, Math.floor(x(from))), b = Math.min(width, Math.floor(x(to)));
    if (b < 0 || a > width) return;
    counts[a]++; counts[Math.max(a, b) + 1]--;
  };
  for (const row of order) {
    if (!Number.isNaN(T.at[row])) add(lives, T.at[row], T.alive[row] > drawn[row] ? T.alive[row] : drawn[row]);
    if (rows.calls[row]) add(uses, T.first[row], T.last[row]);
    const at = Math.floor(x(T.at[row]));
    if (severity[row] && at >= 0) worst[at] = Math.max(worst[at], severity[row]);
  }
  let most = 0;
  for (let at = 1; at < width; at++) {
    lives[at] += lives[at - 1]; uses[at] += uses[at - 1];
    most = Math.max(most, lives[at], uses[at]);
  }
  return { width, lives, uses, worst, most };
}

const zoomed = () => zoom.from > whole.from + .5 || zoom.to < whole.to - .5;

function setZoom(from, to) {
  const length = Math.min(whole.to - whole.from, Math.max(SHORTEST, to - from));
  const middle = (from + to) / 2;
  zoom.from = Math.min(Math.max(middle - length / 2, whole.from), whole.to - length);
  zoom.to = zoom.from + length;
  byId("whole").disabled = byId("out").disabled = !zoomed();
  scroller.dataset.from = zoom.from.toFixed(1); scroller.dataset.to = zoom.to.toFixed(1);
  redraw();
}

function zoomBy(factor, around) {
  const at = around === undefined ? (zoom.from + zoom.to) / 2 : around;
  const from = at - (at - zoom.from) * factor, to = at + (zoom.to - at) * factor;
  setZoom(from, to);
}

function panBy(seconds) {
  setZoom(zoom.from + seconds, zoom.to + seconds);
}

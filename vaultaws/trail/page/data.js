// What the page knows, as columns, and which rows of it are shown. Nothing here touches the document.
const data = JSON.parse(document.getElementById("data").textContent);
const rows = data.rows;
const total = rows.key.length;
const startMs = Date.parse(data.start);
const STANDINGS = {
  explained: { symbol: "·", words: "explained", tone: "" },
  descendant: { symbol: "↳", words: "made with another", tone: "" },
  rotation: { symbol: "↻", words: "rotation by Vault", tone: "" },
  static: { symbol: "↻", words: "static role's key", tone: "" },
  rolled_back: { symbol: "↺", words: "taken back by Vault", tone: "" },
  unexplained: { symbol: "!!", words: "unexplained", tone: "bad" },
  uncovered: { symbol: "?", words: "cannot be judged", tone: "odd" },
  pending: { symbol: "…", words: "not yet seen", tone: "" },
  missing: { symbol: "!", words: "missing", tone: "odd" },
};
const NOBODY = "—";

const times = (name) => Float64Array.from(rows[name], (at) => (at === null ? NaN : at));
const T = { at: times("at"), ends: times("ends"), revoked: times("revoked"), alive: times("alive"), cut: times("cut"), first: times("first"), last: times("last") };
const text = (name, row) => data.texts[rows[name][row]] || "";
const standing = (row) => data.standings[rows.standing[row]];
const personOf = (row) => text("person", row) || NOBODY;
const roleOf = (row) => text("role", row) || NOBODY;

const findingsOf = new Map();
data.findings.row.forEach((row, place) => {
  if (row < 0) return;
  if (!findingsOf.has(row)) findingsOf.set(row, []);
  findingsOf.get(row).push(place);
});
const marksOf = new Map();
for (const [row, ...mark] of data.marked) {
  if (!marksOf.has(row)) marksOf.set(row, []);
  marksOf.get(row).push(mark);
}
// 0 nothing, 1 a warning, 2 critical
const severity = new Uint8Array(total);
for (const [row, places] of findingsOf) severity[row] = places.some((place) => data.findings.critical[place]) ? 2 : 1;

// Where a life is over for Vault, for drawing: the earliest of the token's own end, its revocation, and a deny in AWS.
const over = new Float64Array(total);
// What is drawn to: to the end of the window where nothing tells an end.
const drawn = new Float64Array(total);
for (let row = 0; row < total; row++) {
  const told = [T.ends[row], T.revoked[row], T.cut[row]].filter((at) => !Number.isNaN(at));
  over[row] = told.length ? Math.min(...told) : NaN;
  drawn[row] = Number.isNaN(over[row]) ? data.end : over[row];
}

function isAlive(row) {
  if (standing(row) === "rotation") return false;
  return T.alive[row] > data.end || !(over[row] <= data.end);
}

const two = (number) => String(number).padStart(2, "0");
function clock(seconds, precise) {
  const at = new Date(startMs + seconds * 1000);
  const day = `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  return precise ? `${day} ${time}:${two(at.getUTCSeconds())}Z` : `${day} ${time}`;
}
const brief = (seconds) => (Number.isNaN(seconds) ? NOBODY : data.end > 300 * 86400 ? clock(seconds) : clock(seconds).slice(5));
const when = (seconds, precise) => (Number.isNaN(seconds) || seconds === null ? NOBODY : clock(seconds, precise));
const number = (count) => count.toLocaleString("en-US");
const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

// Filters: people and roles by their place in the texts, so that no name can mean another.
const filters = { person: -1, role: -1, standing: -1, text: "", only: false };
let view = new Uint32Array(0);
let haystacks = null;

function haystack(row) {
  const said = [rows.key[row], rows.lease[row], rows.event[row], rows.request[row]];
  for (const name of ["person", "role", "actions", "made", "by", "address", "region", "agent", "account", "entity", "remote", "path", "parent"]) said.push(text(name, row));
  for (const mark of marksOf.get(row) || []) said.push(data.marks[mark[0]], mark[4], mark[5]);
  return said.join("\n").toLowerCase();
}

function applyFilters() {
  const words = filters.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length && !haystacks) haystacks = Array.from({ length: total }, (_, row) => haystack(row));
  const found = new Uint32Array(total);
  let count = 0;
  for (let row = 0; row < total; row++) {
    if (filters.only && !severity[row]) continue;
    if (filters.person >= 0 && rows.person[row] !== filters.person) continue;
    if (filters.role >= 0 && rows.role[row] !== filters.role) continue;
    if (filters.standing >= 0 && rows.standing[row] !== filters.standing) continue;
    if (words.length && !words.every((word) => haystacks[row].includes(word))) continue;
    found[count++] = row;
  }
  view = found.slice(0, count);
}

// Order by keys that are computed once a row; ties stay in the order they came in. What is not known
// comes last, up or down.
function ordered(source, keyOf, descending) {
  const keys = Array.from(source, keyOf), places = Uint32Array.from(source, (_, place) => place);
  const sign = descending ? -1 : 1, unknown = (key) => key !== key || key === NOBODY;
  places.sort((a, b) => {
    const one = keys[a], other = keys[b], none = unknown(one), nothing = unknown(other);
    if (none || nothing) return none && nothing ? a - b : none ? 1 : -1;
    return one === other ? a - b : one < other ? -sign : sign;
  });
  return places.map((place) => source[place]);
}

// A credential in words: what the tip, the details and the table all say.
function facts(row) {
  const said = [];
  const add = (term, words, tone) => { if (words) said.push({ term, words, tone: tone || "" }); };
  const kind = STANDINGS[standing(row)];
  add("Standing", kind.words, kind.tone === "bad" ? "alarm" : kind.tone === "odd" ? "doubtful" : "");
  const next = new Set();
  for (const place of findingsOf.get(row) || []) {
    const reason = data.findings.reasons[data.findings.reason[place]];
    add("Finding", data.findings.what[place], data.findings.critical[place] ? "alarm" : "doubtful");
    add("May be wrong", reason.doubt);
    for (const command of nextOf(reason, row)) next.add(command);
  }
  add("Next", [...next].join(" · "));
  for (const [mark, calls, first, last, detail, event] of marksOf.get(row) || []) {
    add("Mark", `${data.marks[mark]}${detail ? `: ${detail}` : ""}, ${plural(calls, "call", "calls")}, ${when(first, true)} to ${when(last, true)}${event ? `, event ${event}` : ""}`, "doubtful");
  }
  add("Person", `${personOf(row)}${text("entity", row) ? `, entity ${text("entity", row)}` : ""}`);
  add("Role", `${roleOf(row)}${text("path", row) ? `, asked for at ${text("path", row)}` : ""}`);
  add("Issued", when(T.at[row], true));
  add("Lease", rows.lease[row]);
  if (!Number.isNaN(T.revoked[row])) add("Revoked", when(T.revoked[row], true));
  if (!Number.isNaN(T.alive[row])) add("Token lives to", `${when(T.alive[row], true)}, its lease is over`, "doubtful");
  else add("Token ends", Number.isNaN(T.ends[row]) ? (Number.isNaN(T.revoked[row]) ? "not told by a log" : "") : when(T.ends[row], true));
  if (text("stopped", row)) add("Denied in AWS", `${Number.isNaN(T.cut[row]) ? "" : `since ${when(T.cut[row], true)}, `}by ${text("stopped", row)}`);
  add("Use", useWords(row));
  add("Actions", text("actions", row));
  const made = [text("made", row), text("region", row) && `in ${text("region", row)}`, text("by", row) && `by ${text("by", row)}`, text("address", row) && `from ${text("address", row)}`, text("agent", row) && `with ${text("agent", row)}`].filter(Boolean).join(" ");
  add("CloudTrail", rows.event[row] ? `${made} · event ${rows.event[row]}${text("account", row) ? ` · account ${text("account", row)}` : ""}` : "not seen");
  add("Vault's audit log", rows.request[row] ? `request ${rows.request[row]}${text("remote", row) ? ` from ${text("remote", row)}` : ""}` : "no request that explains it");
  add("Made with", text("parent", row));
  return said;
}

// As vaultaws.trail.page.reasons.commands: only a name that is one goes into a command.
function nextOf(reason, row) {
  const names = { key: rows.key[row], lease: rows.lease[row], since: data.start };
  const known = (name) => /^[A-Za-z0-9][A-Za-z0-9_./@+=,:-]*$/.test(names[name]);
  const filled = reason.then.filter((line) => [...line.matchAll(/\{(\w+)\}/g)].every(([, name]) => known(name)));
  const chosen = reason.first ? filled.slice(0, 1) : filled;
  return chosen.map((line) => line.replace(/\{(\w+)\}/g, (_, name) => names[name]));
}

function useWords(row) {
  if (!rows.calls[row]) return "never used";
  const denied = rows.denied[row] ? `, ${number(rows.denied[row])} denied` : "";
  return `${plural(rows.calls[row], "call", "calls")}${denied}, ${when(T.first[row], true)} to ${when(T.last[row], true)}`;
}

function summary(row) {
  const life = Number.isNaN(over[row]) ? "no end told" : `to ${when(over[row])}`;
  const beyond = Number.isNaN(T.alive[row]) ? "" : `; lives to ${when(T.alive[row])}, beyond its lease`;
  const found = (findingsOf.get(row) || []).map((place) => `Finding: ${data.findings.what[place]}.`);
  return [`${rows.key[row] || rows.lease[row]}, ${STANDINGS[standing(row)].words}`, `${personOf(row)} · ${roleOf(row)}`, `${when(T.at[row])} ${life}${beyond}`, useWords(row), ...found];
}

// The tables: who holds what, and the credentials, a page of them at a time. Text is only ever text.
const PAGE = 50, PRINTED = 1000, MOST_HOLDERS = 100;

function element(name, words, className) {
  const made = document.createElement(name);
  if (words !== undefined) made.textContent = words;
  if (className) made.className = className;
  return made;
}

// A name of common length stays on one line.
function isolated(words) {
  return element("bdi", words, words.length <= 24 ? "short" : "");
}

function button(words, label, act) {
  const made = element("button", undefined, "plain");
  made.type = "button";
  made.append(isolated(words));
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function cell(name, content, className) {
  const made = element(name, undefined, className);
  made.append(content);
  return made;
}

function factList(row) {
  const list = element("dl", undefined, "facts");
  for (const { term, words, tone } of facts(row)) {
    const line = element("div", undefined, tone);
    line.append(element("dt", term), cell("dd", isolated(words)));
    list.append(line);
  }
  return list;
}

// Who holds what
let allHolders = false;

function groupHolders(by) {
  const groups = new Map();
  for (const row of view) {
    if (standing(row) === "rotation") continue;
    const person = by === "role" ? -1 : rows.person[row], role = by === "person" ? -1 : rows.role[row];
    const name = `${person} ${role}`;
    let group = groups.get(name);
    if (!group) groups.set(name, (group = { person, role, issued: 0, alive: 0, calls: 0, denied: 0, findings: 0, last: NaN, people: new Set(), roles: new Set() }));
    group.issued++;
    if (isAlive(row)) group.alive++;
    group.calls += rows.calls[row];
    group.denied += rows.denied[row];
    group.findings += (findingsOf.get(row) || []).length;
    if (!(T.last[row] <= group.last)) group.last = Number.isNaN(T.last[row]) ? group.last : T.last[row];
    group.people.add(rows.person[row]);
    group.roles.add(rows.role[row]);
  }
  return [...groups.values()].sort((a, b) => b.findings - a.findings || b.calls - a.calls || b.issued - a.issued);
}

function drawHolders(filterBy) {
  const groups = groupHolders(byId("by").value), shown = allHolders ? groups : groups.slice(0, MOST_HOLDERS);
  const lines = shown.map((group) => {
    const line = element("tr"), person = data.texts[group.person] || NOBODY, role = data.texts[group.role] || NOBODY;
    const head = element("th");
    head.scope = "row";
    head.append(group.person < 0 ? plural(group.people.size, "person", "people") : button(person, `Only person ${person}`, () => filterBy({ person: group.person })));
    line.append(head, cell("td", group.role < 0 ? plural(group.roles.size, "role", "roles") : button(role, `Only role ${role}`, () => filterBy({ role: group.role }))));
    for (const count of [group.issued, group.alive, group.calls, group.denied]) line.append(element("td", number(count), "n"));
    const found = element("td", undefined, "n");
    found.append(group.findings ? button(number(group.findings), `Only the ${plural(group.findings, "finding", "findings")} of ${person}, ${role}`, () => filterBy({ person: group.person, role: group.role, only: true })) : "0");
    line.append(found, element("td", when(group.last), "t"));
    return line;
  });
  if (!lines.length) lines.push(emptyLine(8));
  byId("holders").tBodies[0].replaceChildren(...lines);
  const more = byId("more-holders");
  more.hidden = shown.length === groups.length;
  more.textContent = `Show all ${number(groups.length)} rows`;
}

function emptyLine(columns) {
  const line = element("tr"), only = element("td", "No credential matches.");
  only.colSpan = columns;
  line.append(only);
  return line;
}

// The credentials
const COLUMNS = [
  { words: "Standing", key: (row) => -severity[row] * 100 + rows.standing[row], cell: standingCell },
  { words: "Person", key: personOf, cell: (row) => isolated(personOf(row)) },
  { words: "Role", key: roleOf, cell: (row) => isolated(roleOf(row)) },
  { words: "Key", key: (row) => rows.key[row] || NOBODY, cell: keyCell },
  { words: "Issued", key: (row) => T.at[row], cell: (row) => brief(T.at[row]), className: "t" },
  { words: "Ends", key: (row) => over[row], cell: endWords, className: "t" },
  { words: "Calls", key: (row) => rows.calls[row], cell: (row) => number(rows.calls[row]), className: "n" },
  { words: "Denied", key: (row) => rows.denied[row], cell: (row) => number(rows.denied[row]), className: "n" },
  { words: "Last used", key: (row) => T.last[row], cell: (row) => brief(T.last[row]), className: "t" },
  { words: "From", key: (row) => text("address", row) || text("remote", row) || NOBODY, cell: (row) => isolated(text("address", row) || text("remote", row) || NOBODY) },
];
let sorting = { column: 4, descending: false }, sorted = new Uint32Array(0), page = 0, opened = -1, printing = false;

function standingCell(row) {
  const kind = STANDINGS[standing(row)], tone = severity[row] === 2 ? "bad" : severity[row] === 1 ? "odd" : kind.tone;
  const made = element("span", undefined, `stand ${tone}`);
  const beyond = Number.isNaN(T.alive[row]) ? "" : ", outlives its lease";
  const marked = marksOf.has(row) ? ", marked" : "";
  made.append(`${severity[row] === 2 ? "!!" : severity[row] === 1 ? "!" : kind.symbol} ${kind.words}${beyond}${marked}`);
  return made;
}

function keyCell(row) {
  const code = element("code"), name = rows.key[row] || "not told";
  const made = button(name, `Details of ${rows.key[row] || rows.lease[row] || "this credential"}`, () => { opened = opened === row ? -1 : row; drawTable(); focusRow(row); });
  made.setAttribute("aria-expanded", String(opened === row));
  code.append(made);
  return code;
}

function endWords(row) {
  if (!Number.isNaN(T.alive[row])) return brief(T.alive[row]);
  return Number.isNaN(over[row]) ? "not told" : brief(over[row]);
}

function focusRow(row) {
  const line = byId("table").querySelector(`tr[data-row="${row}"] button`);
  if (line) line.focus();
}

function sortTable() {
  const column = COLUMNS[sorting.column];
  sorted = ordered(view, column.key, sorting.descending);
  page = 0;
  drawTable();
}

function drawHead() {
  const line = byId("table").tHead.rows[0];
  line.replaceChildren(...COLUMNS.map((column, place) => {
    const head = element("th", undefined, column.className);
    head.scope = "col";
    const active = sorting.column === place;
    if (active) head.setAttribute("aria-sort", sorting.descending ? "descending" : "ascending");
    const made = element("button", `${column.words}${active ? (sorting.descending ? " ↓" : " ↑") : ""}`, "plain");
    made.type = "button";
    made.addEventListener("click", () => {
      const falling = column.className === "n"; // numbers: the most first
      sorting = { column: place, descending: active ? !sorting.descending : falling };
      drawHead();
      sortTable();
      line.cells[place].firstElementChild.focus();
    });
    head.append(made);
    return head;
  }));
}

function drawTable() {
  const size = printing ? PRINTED : PAGE, pages = Math.max(1, Math.ceil(sorted.length / PAGE));
  page = Math.max(0, Math.min(page, pages - 1));
  const begin = printing ? 0 : page * PAGE, lines = [];
  for (const row of sorted.subarray(begin, begin + size)) {
    const line = element("tr", undefined, row === opened ? "open" : "");
    line.dataset.row = row;
    for (const column of COLUMNS) line.append(cell("td", column.cell(row), column.className));
    lines.push(line);
    if (row === opened) {
      const more = element("tr", undefined, "opened"), only = element("td");
      only.colSpan = COLUMNS.length;
      only.append(factList(row));
      more.append(only);
      lines.push(more);
    }
  }
  if (printing && sorted.length > size) {
    const line = element("tr"), only = element("td", `and ${number(sorted.length - size)} more`);
    only.colSpan = COLUMNS.length;
    line.append(only);
    lines.push(line);
  }
  byId("table").tBodies[0].replaceChildren(...(lines.length ? lines : [emptyLine(COLUMNS.length)]));
  const last = Math.min(sorted.length, begin + PAGE);
  byId("pages").textContent = sorted.length ? `${number(begin + 1)} – ${number(last)} of ${number(sorted.length)}` : "none";
  byId("first").disabled = byId("previous").disabled = page === 0;
  byId("next").disabled = byId("last").disabled = page >= pages - 1;
}

function turn(to) {
  page = to;
  opened = -1;
  drawTable();
}

function tablesListen(filterBy) {
  byId("first").addEventListener("click", () => turn(0));
  byId("previous").addEventListener("click", () => turn(page - 1));
  byId("next").addEventListener("click", () => turn(page + 1));
  byId("last").addEventListener("click", () => turn(Infinity));
  byId("by").addEventListener("change", () => drawHolders(filterBy));
  byId("more-holders").addEventListener("click", () => { allHolders = true; drawHolders(filterBy); byId("holders").querySelector("button")?.focus(); });
  drawHead();
}

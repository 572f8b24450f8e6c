// What ties the parts together: filters, the address's fragment, the details, the theme, printing.
const root = document.documentElement;
const controls = { person: byId("person"), role: byId("role"), standing: byId("standing"), text: byId("text"), only: byId("only") };

function fillSelect(select, name, all, wordsOf) {
  const counts = new Map();
  for (const place of rows[name]) counts.set(place, (counts.get(place) || 0) + 1);
  const options = [...counts].map(([place, count]) => ({ place, count, words: wordsOf(place) }));
  options.sort((a, b) => (name === "standing" ? a.place - b.place : a.words < b.words ? -1 : a.words > b.words ? 1 : 0));
  const option = (value, words) => { const made = element("option", words); made.value = value; return made; };
  select.replaceChildren(option(-1, all), ...options.map(({ place, count, words }) => option(place, `${words.slice(0, 80)} (${number(count)})`)));
}

function update() {
  applyFilters();
  byId("matched").textContent = `${number(view.length)} of ${number(total)}`;
  setOrder(byId("order").value);
  allHolders = false;
  drawHolders(filterBy);
  opened = -1;
  sortTable();
  remember();
}

function readControls() {
  for (const name of ["person", "role", "standing"]) filters[name] = Number(controls[name].value);
  filters.text = controls.text.value.trim();
  filters.only = controls.only.checked;
}

// Filter as a link in a table says; what it does not say stays.
function filterBy(wanted) {
  for (const name of ["person", "role"]) if (wanted[name] >= 0) controls[name].value = String(wanted[name]);
  if (wanted.only) controls.only.checked = true;
  readControls();
  update();
  byId("filters").scrollIntoView({ block: "nearest" });
}

// The filters stand in the fragment, so that a report is opened where it was left.
function remember() {
  const said = new URLSearchParams();
  for (const name of ["person", "role"]) if (filters[name] >= 0) said.set(name, data.texts[filters[name]]);
  if (filters.standing >= 0) said.set("standing", data.standings[filters.standing]);
  if (filters.text) said.set("text", filters.text);
  if (filters.only) said.set("only", "findings");
  const fragment = said.toString();
  if (fragment === location.hash.slice(1) || (!fragment && !location.hash.includes("="))) return;
  try { history.replaceState(null, "", `#${fragment}`); } catch { /* a page within a page may not */ }
}

function recall() {
  if (!location.hash.includes("=")) return;
  const said = new URLSearchParams(location.hash.slice(1));
  for (const name of ["person", "role"]) {
    const place = said.has(name) ? data.texts.indexOf(said.get(name)) : -1;
    if (place >= 0) controls[name].value = String(place);
  }
  const place = data.standings.indexOf(said.get("standing"));
  if (place >= 0) controls.standing.value = String(place);
  for (const name of ["person", "role", "standing"]) if (controls[name].selectedIndex < 0) controls[name].value = "-1";
  controls.text.value = said.get("text") || "";
  controls.only.checked = said.get("only") === "findings";
}

function openDetails(row) {
  const panel = byId("details"), head = element("div", undefined, "head"), title = element("h3");
  title.id = "details-title";
  const code = element("code");
  code.append(isolated(rows.key[row] || rows.lease[row] || "A credential"));
  title.append(code);
  const tools = element("div", undefined, "tools");
  const tool = (words, act) => { const made = element("button", words); made.type = "button"; made.addEventListener("click", act); tools.append(made); };
  tool("Fit", () => fit(row));
  tool("Only this person", () => filterBy({ person: rows.person[row] }));
  tool("Only this role", () => filterBy({ role: rows.role[row] }));
  tool("Close", () => { panel.hidden = true; scroller.focus({ preventScroll: true }); });
  head.append(title, tools);
  panel.replaceChildren(head, factList(row));
  panel.hidden = false;
  panel.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
}

function findingsListen() {
  for (const item of document.querySelectorAll("#findings li[data-row]")) {
    const row = Number(item.dataset.row), made = element("button", "Show on the timeline");
    made.type = "button";
    made.addEventListener("click", () => {
      if (!view.includes(row)) { byId("filters").reset(); readControls(); update(); }
      choose(row, false);
      fit(row);
      openDetails(row);
      byId("timeline").scrollIntoView({ block: "start" });
    });
    item.querySelector(".next").append(made);
  }
}

function themeListen() {
  const names = ["system", "light", "dark"];
  const set = (name) => {
    if (name === "system") delete root.dataset.theme; else root.dataset.theme = name;
    byId("theme").textContent = `Theme: ${name}`;
    readInk();
    redraw();
    try { localStorage.setItem("vaultaws-theme", name); } catch { /* not kept, then */ }
  };
  let kept = "system";
  try { kept = localStorage.getItem("vaultaws-theme") || "system"; } catch { /* none is kept */ }
  set(names.includes(kept) ? kept : "system");
  byId("theme").addEventListener("click", () => set(names[(names.indexOf(root.dataset.theme || "system") + 1) % names.length]));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readInk(); redraw(); });
}

// A canvas within what scrolls is not printed by every browser: its picture stands beside it.
function still(canvas) {
  const copy = element("canvas");
  copy.id = "paper";
  copy.width = canvas.width;
  copy.height = canvas.height;
  if (canvas.width && canvas.height) copy.getContext("2d").drawImage(canvas, 0, 0);
  return copy;
}

// Paper is light, and has all that matches, up to a thousand lines of it.
function printListen() {
  let theme, scrolled = 0;
  const paper = (on) => {
    if (on === printing) return;
    printing = on;
    if (on) { theme = root.dataset.theme; root.dataset.theme = "light"; }
    else if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    tip.hidden = true;
    byId("paper")?.remove();
    if (on) scrolled = scroller.scrollTop;
    else { scroller.hidden = false; scroller.scrollTop = scrolled; }
    readInk();
    drawNow();
    drawTable();
    if (on) { scroller.after(still(lanes)); scroller.hidden = true; }
  };
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
  matchMedia("print").addEventListener("change", (event) => paper(event.matches));
}

function begin() {
  for (const hidden of document.querySelectorAll(".js")) hidden.hidden = false;
  byId("unscripted").hidden = true;
  const named = (place) => data.texts[place] || NOBODY;
  fillSelect(controls.person, "person", "everyone", named);
  fillSelect(controls.role, "role", "every role", named);
  fillSelect(controls.standing, "standing", "any", (place) => STANDINGS[data.standings[place]].words);
  recall();
  readControls();
  readInk();
  tablesListen(filterBy);
  timelineListen(openDetails);
  themeListen();
  printListen();
  findingsListen();
  let waiting = 0;
  byId("filters").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { readControls(); update(); }, 90); });
  byId("filters").addEventListener("reset", () => setTimeout(() => { readControls(); update(); }, 0));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  update();
  root.dataset.ready = "yes";
}

begin();

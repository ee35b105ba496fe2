// What stands around the rows of a table: boxes, buttons, the line that tells what is shown.

const PAUSE_MS = 120; // in typing, before it is looked for what was typed

function controls(table) {
  const { rows, layout } = table;
  let waiting;
  const soon = (action) => {
    clearTimeout(waiting);
    waiting = setTimeout(action, PAUSE_MS);
  };
  const filterBox = box("Filter rows", () => soon(() => {
    table.filter = finderOf(filterBox.value);
    table.lookAgain();
  }));
  const findBox = box("Find", () => soon(() => {
    table.finder = finderOf(findBox.value);
    table.lookAgain();
    step(table, 1, true);
  }));
  table.lookAgain = () => {
    table.has = table.filter && rowsWith(rows, table.shown, table.filter);
    table.hits = table.finder && rowsWith(rows, table.shown, table.finder);
    reorder(table);
  };
  table.findBox = findBox;
  findBox.addEventListener("keydown", ({ key, shiftKey }) => {
    if (key === "Enter") step(table, shiftKey ? -1 : 1);
    if (key === "Escape") table.scroller.focus();
  });
  table.found = element("span", "cwnb-soft", [], { role: "status" });
  const wrap = element("button", "cwnb-button", ["Wrap"], {
    "aria-pressed": `${layout.isWrapped}`, title: "show long values on several lines",
    onclick: () => {
      layout.isWrapped = !layout.isWrapped;
      wrap.setAttribute("aria-pressed", layout.isWrapped);
      arrange(table);
    },
  });
  const toStep = (sign, by, what) => element("button", "cwnb-button", [sign], {
    "aria-label": what, title: what, onclick: () => step(table, by),
  });
  const toCopy = ["text", "csv", "json"].map((form) =>
    element("button", "cwnb-button", [form === "text" ? form : form.toUpperCase()], {
      title: `copy the selected cells as ${form}`, onclick: () => copyCells(table, form),
    }));
  table.shownLine = element("span");
  table.said = element("span");
  table.status = element("div", "cwnb-status", [table.shownLine, table.said], { role: "status" });
  table.say = (sentence) => { table.said.textContent = sentence; };
  table.tell = () => {
    table.shownLine.textContent = shownSentences(table).join("; ");
    tellFound(table);
  };
  return [element("div", "cwnb-controls", [
    filterBox, findBox, toStep("‹", -1, "the row before that has it"),
    toStep("›", 1, "the next row that has it"), table.found,
    element("span", "cwnb-apart"), wrap, columnsMenu(table),
    element("span", "cwnb-group", ["Copy", ...toCopy], { role: "group", "aria-label": "copy" }),
  ])];
}

function box(label, oninput) {
  return element("input", "cwnb-box", [], {
    type: "search", placeholder: label, "aria-label": label, oninput, spellcheck: "false",
  });
}

// Move the cursor to the next row that has what is looked for, or the one before.
function step(table, by, isHere = false) {
  const { hits, order, rows, finder, cursor, shown } = table;
  const count = order.length;
  if (!hits || !count) return;
  let at = Math.max(0, cursor.at) + (isHere || cursor.at < 0 ? 0 : by);
  for (let tries = 0; tries < count; tries++, at += by) {
    at = (at + count) % count;
    const row = order[at];
    if (!hits[row]) continue;
    const isIn = (place) => rows.text(row, place)?.search(finder) >= 0;
    table.moveTo({ at, index: shown.findIndex(isIn) });
    break;
  }
  tellFound(table);
}

function tellFound({ hits, order, cursor, found }) {
  if (!hits) return found.replaceChildren();
  let [all, before] = [0, 0];
  for (let at = 0; at < order.length; at++) {
    all += hits[order[at]];
    if (at === cursor.at && hits[order[at]]) before = all;
  }
  found.textContent = before ? `${before} of ${counted(all, "row")}` : counted(all, "row");
}

// What is shown, and what was not looked at.
function shownSentences({ rows, order, has, filter, finder, sorts }) {
  const { loaded, count, isDone, ranked, columnsLeft } = rows;
  const number = (value) => value.toLocaleString("en");
  const held = `${loaded < count ? `${number(loaded)} of ` : ""}${counted(count, "row")}`;
  const said = [has ? `${number(order.length)} of the ${number(loaded)} rows here have it` : held];
  if (loaded < count) {
    said.push(isDone ? "sort, filter and find see only these" : "more are coming");
  }
  if (sorts.length && ranked < loaded) said.push(`the first ${number(ranked)} are sorted so far`);
  if ((filter || finder) && rows.hasCut) {
    said.push(`of long values the first ${number(CUT_AFTER)} letters are looked at`);
  }
  if (columnsLeft) said.push(`${counted(columnsLeft, "more column")} in .df`);
  return said;
}

// Show the buttons for a value beside its cell.
function showTools(table, at, index) {
  const { tools, order, shown, drawn, scroller, rows } = table;
  const row = order[at];
  const cell = [...(drawn.get(row)?.children ?? [])].find((child) => child.index === index);
  if (tools.contains(document.activeElement)) return;
  tools.hidden = !cell;
  if (!cell) return;
  const place = shown[index];
  const isLong = rows.isCut(row, place) || cell.scrollWidth > cell.clientWidth;
  const button = (sign, what, onclick) =>
    element("button", "cwnb-tool", [sign], { "aria-label": what, title: what, onclick });
  tools.replaceChildren(...[
    table.toolsOf?.(row, place),
    button("copy", "copy the value", () =>
      copyCells(table, "text", { top: at, bottom: at, left: index, right: index })),
    isLong && button("whole", "show the whole value", () => showWhole(table, row, place)),
  ].filter(Boolean));
  // Beside a narrow value, and over the end of a wide one.
  const [inside, outside] = [cell.getBoundingClientRect(), scroller.getBoundingClientRect()];
  const wide = tools.offsetWidth;
  const end = Math.min(inside.right - outside.left, scroller.clientWidth);
  const isNarrow = inside.width < 2 * wide;
  const left = !isNarrow ? end - wide
    : end + wide < scroller.clientWidth ? end : inside.left - outside.left - wide;
  tools.style.left = `${left}px`;
  tools.style.top = `${inside.top - outside.top}px`;
}

function toggle(table, row) {
  if (table.opened.has(row)) close(table, row);
  else if (table.onOpen) openInset(table, row, table.onOpen(row));
}

// Show a node, or what a promise gives, under a row.
async function openInset(table, row, content) {
  const inside = element("div", "cwnb-inside", ["…"]);
  const cell = element("div", "", [inside], { role: "gridcell" });
  const node = element("div", "cwnb-inset", [cell], { role: "row" });
  const inset = table.opened.get(row) ?? { node, inside, at: -1, height: 0 };
  table.opened.set(row, inset);
  inset.inside.style.width = `${table.scroller.clientWidth}px`;
  table.watch.observe(inset.node);
  table.body.append(inset.node);
  redraw(table);
  try {
    inset.inside.replaceChildren(await content);
  } catch (error) {
    inset.inside.replaceChildren(error.message);
  }
}

function close(table, row) {
  table.watch.unobserve(table.opened.get(row).node);
  table.opened.delete(row);
  redraw(table);
}

function showWhole(table, row, place) {
  const { title } = table.rows.columns[place];
  const shown = async () => {
    const text = await table.rows.whole(row, place);
    return element("div", "", [
      element("div", "cwnb-soft", [
        ...visibleNodes(title), ` of row ${row}: ${counted(text.length, "letter")} `,
        element("button", "cwnb-button", ["Close"], { onclick: () => close(table, row) }),
      ]),
      element("pre", "cwnb-whole", visibleNodes(text, { lines: true }), { tabindex: 0 }),
    ]);
  };
  openInset(table, row, shown());
}

// What stands around the rows of a table: boxes, buttons, the line that tells what is shown.

const PAUSE_MS = 120; // in typing, before it is looked for what was typed
const SHOW_TOOLS = "what to do with the value";

function button(text, what, onclick, attributes = {}) {
  return element("button", "cwnb-button", [text], {
    title: what, "aria-label": text.length === 1 && what, onclick, ...attributes,
  });
}

function tableControls(table, before) {
  const { layout } = table;
  const box = (label, value, use) => {
    let waiting;
    const input = element("input", "cwnb-box", [], {
      type: "search", placeholder: label, "aria-label": label, spellcheck: "false",
      oninput: ({ target }) => {
        clearTimeout(waiting);
        waiting = setTimeout(() => use(finderOf(target.value)), PAUSE_MS);
      },
      // A browser empties the box at the first Escape.
      onkeydown: ({ key, shiftKey, target }) => {
        if (key === "Enter") findRow(table, shiftKey ? -1 : 1);
        if (key === "Escape" && !target.value) table.scroller.focus();
      },
    });
    input.value = value;
    return input;
  };
  table.filterBox = box("Filter rows", before?.filterBox.value ?? "", (finder) => {
    table.filter = finder;
    lookAgain(table);
  });
  table.findBox = box("Find", before?.findBox.value ?? "", (finder) => {
    table.finder = finder;
    lookAgain(table);
    findRow(table, 0);
  });
  const wrap = button("Wrap", "show long values on several lines", () => {
    layout.isWrapped = !layout.isWrapped;
    wrap.setAttribute("aria-pressed", layout.isWrapped);
    arrangeColumns(table);
  }, { "aria-pressed": `${layout.isWrapped}` });
  const copies = ["text", "CSV", "JSON"].map((form) =>
    button(form, `copy what is selected, or all rows, as ${form}`, () => copyCells(table, form, copiedArea(table))));
  const line = element("span");
  const said = element("span");
  const found = element("span", "cwnb-soft", [], { role: "status" });
  table.status = element("div", "cwnb-status", [line, said], { role: "status" });
  table.say = (sentence) => { said.textContent = sentence; };
  table.tell = () => {
    line.textContent = shownSentences(table).join("; ");
    found.textContent = foundSentence(table);
  };
  return element("div", "cwnb-controls", [
    table.filterBox, table.findBox,
    button("‹", "the row before that has it", () => findRow(table, -1)),
    button("›", "the next row that has it", () => findRow(table, 1)), found,
    element("span", "cwnb-apart"), wrap, columnsMenu(table),
    element("span", "cwnb-group", ["Copy", ...copies], { role: "group", "aria-label": "copy" }),
  ]);
}

// Move the cursor to the next row (`by` 1) that has what is looked for, or the one before (-1).
function findRow(table, by) {
  const { hits, order, rows, finder, cursor, shown } = table;
  const count = order.length;
  let at = Math.max(0, cursor.at) + (cursor.at < 0 ? 0 : by);
  for (let tries = hits ? 0 : count; tries < count; tries++, at += by || 1) {
    at = (at + count) % count;
    if (!hits[order[at]]) continue;
    moveTo(table, at, shown.findIndex((place) => rows.text(order[at], place)?.search(finder) >= 0));
    return table.tell();
  }
}

function foundSentence({ hits, order, cursor }) {
  if (!hits) return "";
  const number = (rows) => rows.reduce((sum, row) => sum + hits[row], 0);
  const all = counted(number(order), "row");
  return hits[order[cursor.at]] ? `${number(order.slice(0, cursor.at + 1))} of ${all}` : all;
}

// What is shown, and what was not looked at.
function shownSentences({ rows, order, has, hits, sorts }) {
  const { loaded, count, isDone, ranked, columnsLeft } = rows;
  const held = `${loaded < count ? `${written(loaded)} of ` : ""}${counted(count, "row")}`;
  const said = [has ? `${written(order.length)} of the ${written(loaded)} rows here have it` : held];
  if (loaded < count && !isDone) said.push(`more are coming${has ? ` of ${written(count)}` : ""}`);
  if (loaded < count && isDone) said.push("sort, filter and find see only these, .df has all");
  if (sorts.length && ranked < loaded) said.push(`the first ${written(ranked)} are sorted so far`);
  if ((has || hits) && rows.hasCut) {
    const first = counted(rows.charactersHeld, "character");
    said.push(`of long values the first ${first} are looked at`);
  }
  if (columnsLeft) said.push(`${counted(columnsLeft, "more column")} in .df`);
  return said;
}

// Show the buttons for a value where they hide no other value: over the end of a long text, or in
// the room that the value leaves. Where its cell has no such room, one button there shows them.
function showBar(table, at, index) {
  const { bar, order, shown, widths, letter, drawn, scroller, rows } = table;
  if (bar.contains(document.activeElement)) return;
  bar.hidden = true;
  if (table.isPressed) return;
  const row = order[at];
  const cell = [...(drawn.get(row)?.children ?? [])].find((child) => child.index === index);
  if (!cell) return;
  bar.hidden = false;
  const place = shown[index];
  const letters = rows.text(row, place)?.length ?? 0;
  const isLong = letters * letter > widths[index] - PADDING || cell.scrollWidth > cell.clientWidth;
  bar.replaceChildren(...[
    table.tools?.(row, place),
    button("copy", "copy the value", () =>
      copyCells(table, "text", { top: at, bottom: at, left: index, right: index })),
    isLong && button("whole", "show the whole value", () => showWhole(table, row, place)),
  ].filter(Boolean));
  const [inside, outside] = [cell.getBoundingClientRect(), scroller.getBoundingClientRect()];
  const [left, wide, space] = [inside.left - outside.left, bar.offsetWidth, scroller.clientWidth];
  const end = Math.min(left + inside.width, space);
  const isText = rows.columns[place].kind === "text";
  const room = inside.width - letters * letter - PADDING;
  // The middle of a cell is left free, where people click to choose it.
  const isInside = inside.width >= 2 * wide && (isText || room >= wide);
  const key = `${row}-${place}`;
  if (table.barOpenAt !== key) table.barOpenAt = "";
  if (!isInside && !table.barOpenAt) {
    bar.replaceChildren(button("⋯", SHOW_TOOLS, () => {
      table.barOpenAt = key;
      document.activeElement.blur();
      showBar(table, at, index);
      bar.querySelector("button").focus();
    }));
  }
  const isBeside = !isInside && table.barOpenAt;
  bar.style.left = `${isBeside ? (end + wide < space ? end : left - wide)
    : isText ? end - bar.offsetWidth : left}px`;
  const top = inside.top - outside.top;
  bar.style.top = `${top}px`;
  bar.hidden = top < HEAD_PIXELS - ROW_PIXELS / 2 || top > scroller.clientHeight - ROW_PIXELS / 2;
}

function toggleRow(table, row) {
  if (table.opened.has(row)) closeRow(table, row);
  else if (table.onOpen) openRow(table, row, table.onOpen(row));
}

// Show a node, or what a promise gives, under a row.
async function openRow(table, row, content) {
  const inside = element("div", "cwnb-inside", ["…"], { role: "gridcell" });
  const node = element("div", "cwnb-inset", [inside], { role: "row" });
  table.opened.get(row)?.node.remove();
  table.opened.set(row, { node, height: 0 });
  inside.style.width = `${table.scroller.clientWidth}px`;
  table.insets.append(node);
  table.watch.observe(node);
  table.drawn.clear();
  resizeTable(table);
  try {
    inside.replaceChildren(await content);
  } catch (error) {
    inside.replaceChildren(error.message);
  }
  resizeTable(table);
}

function closeRow(table, row) {
  table.opened.get(row).node.remove();
  table.opened.delete(row);
  redraw(table);
  table.scroller.focus({ preventScroll: true });
}

function showWhole(table, row, place) {
  const shown = async () => {
    const text = await table.rows.whole(row, place);
    return element("div", "", [
      ...visibleNodes(table.rows.columns[place].title),
      ` of row ${row}: ${counted(charactersIn(text), "character")} `,
      button("Close", "close the value", () => closeRow(table, row)),
      element("pre", "cwnb-whole", visibleNodes(text, { lines: true }), { tabindex: 0 }),
    ]);
  };
  openRow(table, row, shown());
}

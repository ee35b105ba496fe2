// The table of an answer. Only the rows and columns in sight are in the page, and they are drawn
// anew as it scrolls. `at` is a place in the order shown, `row` one in the order of the answer;
// `index` counts the columns shown, `place` those of the answer.
const ROW_PIXELS = 22;
const HEAD_PIXELS = 26;
const ROWS_HIGH = 20; // before it scrolls
const ROWS_FROM_0 = "rows are numbered from 0, as result.df and result.event(row) count them";
const BEYOND_PIXELS = 250; // drawn on each side of what is in sight

// `onOpen(row)` gives a node, or a promise of one, to show under a row, and `tools(row, place)`
// buttons for a value, or null. `before` is the node of the table that this one replaces: where it
// has the same columns its order stays, and what was typed into its boxes.
function drawTable({ rows, onOpen, tools, before }) {
  if (!rows.count || !rows.columns.length) return element("div", "cwnb-empty", ["no rows"]);
  const namesOf = ({ columns }) => JSON.stringify(columns.map(({ name }) => name));
  const kept = before && namesOf(before.table.rows) === namesOf(rows) ? before.table : undefined;
  const id = `cwnb-${Math.random().toString(36).slice(2)}`;
  const group = (name, children = []) => element("div", name, children, { role: "rowgroup" });
  const table = {
    rows, onOpen, tools, layout: rememberedColumns(rows.columns),
    gutter: 34 + 8 * String(rows.count).length,
    head: element("div", "cwnb-row cwnb-head", [], { role: "row", "aria-rowindex": 1 }),
    body: group("cwnb-body"), insets: group("cwnb-insets"),
    drop: element("div", "cwnb-drop", [], { hidden: true }),
    bar: element("div", "cwnb-bar", [], { role: "toolbar", "aria-label": "this value" }),
    sorts: kept?.sorts ?? [], order: new Uint32Array(), tops: new Float64Array(1), scrolledTo: 0,
    heights: new Uint16Array(rows.count), // of wrapped rows that have been drawn
    opened: new Map(), drawn: new Map(),
    cursor: { at: -1, index: 0 }, anchor: { at: -1, index: 0 },
    idOf: (row, place) => `${id}-${row}-${place}`,
  };
  table.scroller = element("div", "cwnb-scroller", [
    group("cwnb-column-heads", [table.head, table.drop]), table.body, table.insets,
  ], {
    role: "grid", tabindex: 0, "aria-label": "rows", "aria-multiselectable": "true",
    onscroll: () => requestAnimationFrame(() => drawRows(table)),
    onkeydown: (event) => {
      if (event.target === table.scroller && pressKey(table, event)) event.preventDefault();
    },
    onpointerover: ({ target }) => {
      const cell = target.closest(".cwnb-body .cwnb-cell");
      if (cell) showBar(table, cell.parentNode.at, cell.index);
    },
  });
  table.head.addEventListener("pointerdown", (event) => pressHead(table, event));
  table.body.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".cwnb-open")) pressRows(table, event);
  });
  table.bar.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    table.scroller.focus();
    table.barOpenAt = "";
    showBar(table, table.cursor.at, table.cursor.index);
  });
  table.watch = new ResizeObserver(() => resizeTable(table));
  table.watch.observe(table.scroller);
  const node = element("div", "cwnb-table", [
    tableControls(table, kept),
    element("div", "cwnb-rows", [table.scroller, table.bar], {
      onpointerleave: () => showBar(table, table.cursor.at, table.cursor.index),
    }),
    table.status,
  ]);
  rows.onMore((error) => {
    if (error) table.say(error);
    if (rows.isDone) {
      table.natural = null;
      arrangeColumns(table);
    }
    lookAgain(table, false);
  });
  table.filter = finderOf(table.filterBox.value);
  table.finder = finderOf(table.findBox.value);
  node.table = table;
  arrangeColumns(table);
  lookAgain(table, false);
  return node;
}

// The table has another size, or is in the page again: a notebook takes what is out of sight out
// of the page, where nothing keeps how far it was scrolled.
function resizeTable(table) {
  const { scroller, opened } = table;
  if (!scroller.clientHeight) return;
  if (scroller.clientWidth !== table.fittedTo) arrangeColumns(table);
  for (const inset of opened.values()) {
    inset.node.firstChild.style.width = `${scroller.clientWidth}px`;
    inset.height = inset.node.offsetHeight;
  }
  stackRows(table);
  scroller.scrollTop = table.scrolledTo;
  drawRows(table);
}

// Give the columns that are shown their places and widths.
function arrangeColumns(table) {
  const { layout, scroller, cursor } = table;
  table.fittedTo = scroller.clientWidth;
  if (table.fittedTo) table.natural ??= naturalWidths(table);
  table.shown = layout.order.filter((place) => !layout.hidden.has(place));
  table.widths = table.natural
    ? fittedWidths(table, table.fittedTo - table.gutter) : table.shown.map(() => LONG);
  let left = 0;
  table.lefts = table.widths.map((width) => (left += width) - width);
  table.heights.fill(0);
  cursor.index = Math.min(cursor.index, table.shown.length - 1);
  scroller.classList.toggle("cwnb-wrapped", layout.isWrapped);
  scroller.setAttribute("aria-colcount", table.shown.length + 1);
  for (const group of [table.body, table.insets]) group.style.width = `${left + table.gutter}px`;
  redraw(table);
}

// Look anew for what the boxes have: they have changed, or the rows or columns have.
function lookAgain(table, isSeen = true) {
  const { rows, shown, filter, finder } = table;
  table.has = filter && rowsWith(rows, shown, filter);
  table.hits = finder && rowsWith(rows, shown, finder);
  orderRows(table, isSeen);
}

function sortBy(table, index, isAdded) {
  table.sorts = nextSorts(table.sorts, table.shown[index], isAdded);
  table.scroller.scrollTop = 0;
  orderRows(table, false);
}

// Sort and filter; the cursor stays with its row, and is brought into sight if it `isSeen`.
function orderRows(table, isSeen) {
  const { at, index } = table.cursor;
  const row = table.order[at];
  table.order = orderOf(table.rows, table.sorts, table.has);
  table.scroller.setAttribute("aria-rowcount", table.order.length + 1);
  redraw(table);
  if (at >= 0) moveTo(table, table.order.indexOf(row), index, { isSeen });
  table.tell();
}

function redraw(table) {
  table.drawn.clear();
  stackRows(table);
  drawRows(table);
}

function rowHeight({ heights, layout }, row) {
  return (layout.isWrapped && heights[row]) || ROW_PIXELS;
}

// Work out where each row begins, and how high the table is.
function stackRows(table) {
  const { order, opened, scroller, body } = table;
  const tops = new Float64Array(order.length + 1);
  for (const { node } of opened.values()) node.hidden = true;
  for (let at = 0; at < order.length; at++) {
    const row = order[at];
    const below = tops[at] + rowHeight(table, row);
    const inset = opened.size && opened.get(row);
    tops[at + 1] = below + (inset ? inset.height : 0);
    if (!inset) continue;
    inset.node.style.top = `${below}px`;
    inset.node.hidden = false;
  }
  table.tops = tops;
  const high = tops[order.length];
  body.style.height = `${high}px`;
  // As high as its rows, until somebody has pulled at its corner.
  if (table.height && scroller.style.height !== table.height) return;
  const most = ROW_PIXELS * ROWS_HIGH + (opened.size ? 160 : 0);
  const scrollbar = scroller.offsetHeight - scroller.clientHeight;
  table.height = `${Math.min(most, high) + HEAD_PIXELS + scrollbar}px`;
  scroller.style.height = table.height;
}

// The place of the last of these rising numbers that is at most `value`.
function lastUpTo(numbers, value) {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numbers[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function drawRows(table) {
  const { scroller, body, order, tops, drawn, lefts } = table;
  const { scrollTop, scrollLeft, clientHeight, clientWidth } = scroller;
  if (!clientHeight) return;
  table.scrolledTo = scrollTop;
  const from = lastUpTo(lefts, scrollLeft - BEYOND_PIXELS);
  const to = lastUpTo(lefts, scrollLeft + clientWidth + BEYOND_PIXELS) + 1;
  if (table.from !== from || table.to !== to) drawn.clear();
  [table.from, table.to] = [from, to];
  if (!drawn.size) {
    const corner = element("div", "cwnb-gutter", ["row"], { role: "columnheader", title: ROWS_FROM_0 });
    fillRow(table, table.head, corner, (index) => headCell(table, index));
  }
  const begin = lastUpTo(tops, scrollTop - BEYOND_PIXELS);
  const end = Math.min(order.length, lastUpTo(tops, scrollTop + clientHeight + BEYOND_PIXELS) + 1);
  const nodes = [...order.slice(begin, end)].map((row, i) => {
    const node = drawn.get(row) ?? rowNode(table, row);
    node.at = begin + i;
    node.style.top = `${tops[node.at]}px`;
    node.setAttribute("aria-rowindex", node.at + 2);
    return node;
  });
  drawn.clear();
  for (const node of nodes) drawn.set(node.row, node);
  putChildren(body, nodes);
  if (table.layout.isWrapped && measureRows(table)) drawRows(table);
  else markSelected(table);
}

// Take the heights of wrapped rows as they are in the page; what is in sight stays where it is.
function measureRows(table) {
  const { tops, scrolledTo, drawn, heights, scroller } = table;
  const at = lastUpTo(tops, scrolledTo);
  let isChanged = false;
  for (const [row, { offsetHeight }] of drawn) {
    isChanged ||= heights[row] !== offsetHeight;
    heights[row] = offsetHeight;
  }
  if (!isChanged) return false;
  stackRows(table);
  scroller.scrollTop = scrolledTo - tops[at] + table.tops[at];
  return true;
}

function rowNode(table, row) {
  const opener = element("button", "cwnb-open", [], {
    tabindex: -1, "aria-label": `all of row ${row}`, "aria-expanded": `${table.opened.has(row)}`,
    onclick: () => toggleRow(table, row),
  });
  const gutter = element("div", "cwnb-gutter", [opener, String(row)], {
    role: "rowheader", "aria-label": row,
  });
  const node = element("div", "cwnb-row", [], { role: "row" });
  node.row = row;
  fillRow(table, node, gutter, (index) => bodyCell(table, row, index));
  return node;
}

function fillRow({ from, to, widths, lefts, gutter }, node, first, cellAt) {
  first.setAttribute("aria-colindex", 1);
  first.style.width = `${gutter}px`;
  first.style.marginRight = `${lefts[from]}px`;
  const cells = widths.slice(from, to).map((width, i) => {
    const cell = cellAt(from + i);
    cell.index = from + i;
    cell.style.width = `${width}px`;
    return cell;
  });
  node.replaceChildren(first, ...cells);
}

function bodyCell({ rows, shown, widths, letter, layout, finder, filter, idOf }, row, index) {
  const place = shown[index];
  const looked = finder ?? filter;
  let text = rows.text(row, place) ?? "";
  if (!layout.isWrapped) {
    // What was found is brought into sight. More letters than fit are not drawn, for each mark in
    // them would be a node, and paint over what a browser writes where it cuts a text.
    const fit = Math.floor((widths[index] - PADDING) / letter);
    const found = looked ? text.search(looked) : 0;
    if (found > fit * 0.7) text = `…${text.slice(found - Math.floor(fit / 3))}`;
    if (text.length > fit && looked) text = `${text.slice(0, fit - 1)}…`;
    text = text.slice(0, 3 * fit);
  }
  const nodes = markedNodes(text, looked, layout.isWrapped);
  return element("div", `cwnb-cell cwnb-kind-${rows.columns[place].kind}`,
    layout.isWrapped ? [element("span", "cwnb-wrap", nodes)] : nodes,
    { role: "gridcell", id: idOf(row, place), "aria-colindex": index + 2 });
}

// Scroll so that the cursor is in sight. What wrapped rows need is known once they are drawn.
function reveal(table) {
  const { scroller, cursor: { at, index }, lefts, widths, gutter, order } = table;
  const seen = (now, begin, end, space) => Math.min(begin, Math.max(now, end - space));
  for (let tries = table.layout.isWrapped ? 3 : 1; tries > 0; tries--) {
    if (at >= 0) {
      const top = table.tops[at];
      const space = scroller.clientHeight - HEAD_PIXELS;
      scroller.scrollTop = seen(scroller.scrollTop, top, top + rowHeight(table, order[at]), space);
    }
    const [left, space] = [lefts[index], scroller.clientWidth - gutter];
    scroller.scrollLeft = seen(scroller.scrollLeft, left, left + widths[index], space);
    drawRows(table);
  }
  // The table may be taller than the page.
  table.body.querySelector(".cwnb-cursor")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function markSelected(table) {
  const { cursor, shown, head, drawn, order, scroller, idOf } = table;
  const { top, bottom, left, right } = selectedArea(table);
  for (const node of [head, ...drawn.values()]) {
    const { at = -1, children } = node;
    for (const cell of children) {
      const { index } = cell;
      const isSelected = at >= top && at <= bottom && index >= left && index <= right;
      if (at >= 0 && index >= 0) cell.setAttribute("aria-selected", isSelected);
      cell.classList.toggle("cwnb-cursor", at === cursor.at && index === cursor.index);
    }
    node.classList.toggle("cwnb-current", at >= 0 && at === cursor.at);
  }
  const row = cursor.at < 0 ? -1 : order[cursor.at];
  scroller.setAttribute("aria-activedescendant", idOf(row, shown[cursor.index]));
  showBar(table, cursor.at, cursor.index);
}

// The table of an answer. Only the rows and columns in sight are in the page, and they are drawn
// anew as it scrolls. `at` is a place in the order shown, `row` one in the order of the answer;
// `index` counts the columns shown, `place` those of the answer.
const ROW_PIXELS = 22;
const ROWS_HIGH = 20; // before it scrolls
const BEYOND_PIXELS = 250; // drawn on each side of what is in sight

// `onOpen(row)` gives a node, or a promise of one, to show under a row, and `tools(row, place)`
// buttons for a value, or null.
function drawTable({ rows, onOpen, tools }) {
  if (!rows.count || !rows.columns.length) return element("div", "cwnb-empty", ["no rows"]);
  const id = `cwnb-${Math.random().toString(36).slice(2)}`;
  const table = {
    rows, onOpen, toolsOf: tools, layout: rememberedColumns(rows.columns),
    head: element("div", "cwnb-row cwnb-head", [], { role: "row", "aria-rowindex": 1 }),
    body: element("div", "cwnb-body", [], { role: "rowgroup" }),
    drop: element("div", "cwnb-drop"),
    tools: element("div", "cwnb-bar", [], { role: "toolbar", "aria-label": "this value" }),
    sorts: [], order: new Uint32Array(), tops: new Float64Array(1),
    heights: new Uint16Array(rows.count), // of wrapped rows that have been drawn
    opened: new Map(), drawn: new Map(), scrolledTo: 0,
    cursor: { at: -1, index: 0 }, anchor: { at: -1, index: 0 },
    idOf: (row, place) => `${id}-${row}-${place}`,
    moveTo: (cell, options) => moveTo(table, cell, options),
    toggle: (row) => toggle(table, row),
    sort: (index, isAdded) => {
      table.sorts = nextSorts(table.sorts, table.shown[index], isAdded);
      reorder(table);
    },
    changeColumns: () => {
      arrange(table);
      table.lookAgain();
    },
    indexAt: (x) => {
      const { left } = table.scroller.getBoundingClientRect();
      const inside = x - left + table.scroller.scrollLeft - table.gutter;
      const beyond = table.lefts.findIndex((begin) => begin > inside);
      return beyond < 0 ? table.shown.length - 1 : Math.max(0, beyond - 1);
    },
    showDrop: (index, isAfter) => {
      table.drop.hidden = index < 0;
      if (index < 0) return;
      const left = table.lefts[index] + (isAfter ? table.widths[index] : 0);
      table.drop.style.left = `${table.gutter + left}px`;
    },
  };
  table.scroller = element("div", "cwnb-scroller", [
    element("div", "cwnb-column-heads", [table.head, table.drop], { role: "rowgroup" }), table.body,
  ], {
    role: "grid", tabindex: 0, "aria-label": "rows", "aria-multiselectable": "true",
    "aria-colcount": rows.columns.length + 1,
    onscroll: () => requestAnimationFrame(() => draw(table)),
    onkeydown: (event) => {
      if (event.target !== table.scroller || !pressKey(table, event)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    onpointerover: ({ target }) => {
      const cell = target.closest(".cwnb-body .cwnb-cell");
      if (cell) showTools(table, cell.parentNode.at, cell.index);
    },
  });
  table.head.addEventListener("pointerdown", (event) => pressHead(table, event));
  table.body.addEventListener("pointerdown", (event) => {
    const opener = event.target.closest(".cwnb-open");
    if (opener) table.toggle(opener.closest(".cwnb-row").row);
    else if (!event.target.closest(".cwnb-inset")) pressRows(table, event);
  });
  table.head.style.height = `${ROW_PIXELS + 4}px`;
  table.gutter = 34 + 8 * String(rows.count).length;
  table.drop.hidden = true;
  const node = element("div", "cwnb-table", [
    ...controls(table), element("div", "cwnb-frame", [table.scroller, table.tools], {
      onpointerleave: () => showTools(table, table.cursor.at, table.cursor.index),
    }), table.status,
  ]);
  table.watch = new ResizeObserver(() => resized(table));
  table.watch.observe(table.scroller);
  rows.onMore((error) => {
    if (error) table.say(error);
    table.lookAgain();
  });
  arrange(table);
  reorder(table);
  return node;
}

// The table has another size, or is in the page again: a notebook takes what is out of sight out
// of the page, where nothing keeps how far it was scrolled.
function resized(table) {
  const { scroller } = table;
  if (!scroller.clientHeight) return;
  if (scroller.clientWidth !== table.fittedTo) arrange(table);
  for (const inset of table.opened.values()) inset.height = inset.node.offsetHeight;
  stack(table);
  scroller.scrollTop = table.scrolledTo;
  draw(table);
}

// Give the columns that are shown their places and widths.
function arrange(table) {
  const { layout, scroller, rows } = table;
  table.fittedTo = scroller.clientWidth;
  if (table.fittedTo) table.natural ??= naturalWidths(table);
  table.shown = layout.order.filter((place) => !layout.hidden.has(place));
  table.widths = table.natural
    ? fittedWidths(table, table.shown, table.fittedTo - table.gutter)
    : rows.columns.map(() => LONG);
  let left = 0;
  table.lefts = table.widths.map((width) => (left += width) - width);
  table.wide = left + table.gutter;
  table.heights.fill(0);
  table.cursor.index = Math.min(table.cursor.index, table.shown.length - 1);
  scroller.classList.toggle("cwnb-wrapped", layout.isWrapped);
  redraw(table);
}

// Sort and filter again; the cursor stays with its row.
function reorder(table) {
  const { cursor } = table;
  const row = table.order[cursor.at];
  table.order = orderOf(table.rows, table.sorts, table.has);
  const at = row === undefined ? cursor.at : table.order.indexOf(row);
  table.cursor = table.anchor = { at, index: cursor.index };
  table.scroller.setAttribute("aria-rowcount", table.order.length + 1);
  redraw(table);
  if (at >= 0) reveal(table);
  table.tell();
}

function redraw(table) {
  for (const node of table.drawn.values()) node.remove();
  table.drawn.clear();
  stack(table);
  draw(table);
}

// Work out where each row begins, and how high the table is.
function stack(table) {
  const { order, opened, heights, layout, scroller, body } = table;
  const tops = new Float64Array(order.length + 1);
  for (const inset of opened.values()) inset.at = -1;
  for (let at = 0; at < order.length; at++) {
    const inset = opened.size && opened.get(order[at]);
    if (inset) inset.at = at;
    tops[at + 1] = tops[at] + rowHeight(table, order[at]) + (inset ? inset.height : 0);
  }
  table.tops = tops;
  body.style.height = `${tops[order.length]}px`;
  body.style.width = `max(100%, ${table.wide}px)`;
  // As high as its rows, until somebody has pulled at its corner.
  if (table.height && scroller.style.height !== table.height) return;
  const most = ROW_PIXELS * ROWS_HIGH + (opened.size ? 160 : 0);
  const bar = scroller.offsetHeight - scroller.clientHeight;
  table.height = `${Math.min(most, tops[order.length]) + ROW_PIXELS + 4 + bar}px`;
  scroller.style.height = table.height;
}

function rowHeight({ heights, layout }, row) {
  return (layout.isWrapped && heights[row]) || ROW_PIXELS;
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

function draw(table) {
  const { scroller, body, order, tops, drawn, lefts } = table;
  const { scrollTop, scrollLeft, clientHeight, clientWidth } = scroller;
  if (!clientHeight) return;
  table.scrolledTo = scrollTop;
  const from = lastUpTo(lefts, scrollLeft - BEYOND_PIXELS);
  const to = lastUpTo(lefts, scrollLeft + clientWidth + BEYOND_PIXELS) + 1;
  if (table.from !== from || table.to !== to || !drawn.size) drawHead(table, from, to);
  const begin = lastUpTo(tops, scrollTop - BEYOND_PIXELS);
  const end = Math.min(order.length, lastUpTo(tops, scrollTop + clientHeight + BEYOND_PIXELS) + 1);
  const wanted = new Map();
  const insets = [...table.opened.values()].filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at);
  const takeInsets = (before) => {
    while (insets.length && insets[0].at < before) wanted.set(insets[0].node, insets.shift());
  };
  takeInsets(begin);
  for (let at = begin; at < end; at++) {
    const row = order[at];
    if (!drawn.has(row)) drawn.set(row, rowNode(table, row));
    wanted.set(drawn.get(row), { at });
    takeInsets(at + 1);
  }
  takeInsets(Infinity);
  for (const node of [...body.children]) if (!wanted.has(node)) node.remove();
  for (const [row, node] of drawn) if (!wanted.has(node)) drawn.delete(row);
  let next = body.firstChild;
  for (const [node, { at, height }] of wanted) {
    if (node === next) next = next.nextSibling;
    else body.insertBefore(node, next);
    node.at = at;
    const top = tops[at] + (height === undefined ? 0 : rowHeight(table, order[at]));
    node.style.top = `${top}px`;
    if (height === undefined) node.setAttribute("aria-rowindex", at + 2);
  }
  if (table.layout.isWrapped && measure(table, scrollTop)) draw(table);
  markSelected(table);
}

// Take the heights of wrapped rows as they are in the page; what is in sight stays where it is.
function measure(table, scrollTop) {
  const at = lastUpTo(table.tops, scrollTop);
  const inside = scrollTop - table.tops[at];
  let isChanged = false;
  for (const [row, node] of table.drawn) {
    isChanged ||= table.heights[row] !== node.offsetHeight;
    table.heights[row] = node.offsetHeight;
  }
  if (!isChanged) return false;
  stack(table);
  table.scroller.scrollTop = table.tops[at] + inside;
  return true;
}

function drawHead(table, from, to) {
  [table.from, table.to] = [from, to];
  for (const node of table.drawn.values()) node.remove();
  table.drawn.clear();
  fillRow(table, table.head, element("div", "cwnb-gutter", ["#"], { role: "columnheader" }),
    (index) => headCell(table, index));
}

function rowNode(table, row) {
  const opener = element("button", "cwnb-open", [], {
    tabindex: -1, "aria-label": `all of row ${row}`, "aria-expanded": `${table.opened.has(row)}`,
  });
  const gutter = element("div", "cwnb-gutter", [opener, String(row)], { role: "rowheader" });
  const node = element("div", "cwnb-row", [], { role: "row" });
  node.row = row;
  fillRow(table, node, gutter, (index) => bodyCell(table, row, index));
  return node;
}

function fillRow({ from, to, widths, lefts, gutter }, node, first, cellAt) {
  first.setAttribute("aria-colindex", 1);
  first.style.width = `${gutter}px`;
  const cells = [first];
  for (let index = from; index < to; index++) {
    const cell = cellAt(index);
    cell.index = index;
    cell.style.width = `${widths[index]}px`;
    cells.push(cell);
  }
  if (cells[1]) cells[1].style.marginLeft = `${lefts[from]}px`;
  node.replaceChildren(...cells);
}

function bodyCell(table, row, index) {
  const place = table.shown[index];
  const { isWrapped } = table.layout;
  const finder = table.finder ?? table.filter;
  let text = table.rows.text(row, place) ?? "";
  // On one line, what was found is brought into sight.
  const letters = table.widths[index] / 8;
  const found = finder && !isWrapped ? text.search(finder) : 0;
  if (found > letters * 0.7) text = `…${text.slice(found - Math.floor(letters / 3))}`;
  const nodes = markedNodes(text, finder, isWrapped);
  return element("div", `cwnb-cell cwnb-${table.rows.columns[place].kind}`,
    isWrapped ? [element("span", "cwnb-lines", nodes)] : nodes,
    { role: "gridcell", id: table.idOf(row, place), "aria-colindex": index + 2 });
}

// Move the cursor, as far as the table goes. With `isMore` the selection reaches to it.
function moveTo(table, { at, index }, { isMore = false, isSeen = true } = {}) {
  table.cursor = {
    at: Math.max(-1, Math.min(at, table.order.length - 1)),
    index: Math.max(0, Math.min(index, table.shown.length - 1)),
  };
  if (!isMore) table.anchor = table.cursor;
  if (isSeen) reveal(table);
  markSelected(table);
}

// Scroll so that the cursor is in sight. What wrapped rows need is known once they are drawn.
function reveal(table) {
  const { scroller, head, cursor: { at, index }, lefts, widths, gutter } = table;
  for (let tries = 0; tries < 3; tries++) {
    if (at >= 0) {
      const top = table.tops[at];
      const below = top + rowHeight(table, table.order[at]);
      const space = scroller.clientHeight - head.offsetHeight;
      scroller.scrollTop = Math.min(top, Math.max(scroller.scrollTop, below - space));
    }
    const past = lefts[index] + widths[index] - (scroller.clientWidth - gutter);
    scroller.scrollLeft = Math.min(lefts[index], Math.max(scroller.scrollLeft, past));
    draw(table);
  }
}

function markSelected(table) {
  const { cursor, shown, head, drawn, order, scroller } = table;
  const { top, bottom, left, right } = selectedArea(table);
  for (const node of [head, ...drawn.values()]) {
    const at = node.at ?? -1;
    const isIn = at >= top && at <= bottom;
    for (const cell of node.children) {
      const isSelected = isIn && cell.index >= left && cell.index <= right;
      if (node !== head && cell.index >= 0) cell.setAttribute("aria-selected", isSelected);
      cell.classList.toggle("cwnb-cursor", at === cursor.at && cell.index === cursor.index);
    }
    node.classList.toggle("cwnb-current", at >= 0 && at === cursor.at);
  }
  const row = cursor.at < 0 ? -1 : order[cursor.at];
  scroller.setAttribute("aria-activedescendant", table.idOf(row, shown[cursor.index]));
  showTools(table, cursor.at, cursor.index);
}

// The columns of a table: their order, which are hidden, how wide they are.

// In pixels: the least width by hand; a text column that is wider gives way; what a cell adds to
// its text; what a head has beside its title.
const NARROWEST = 44;
const LONG = 200;
const SHORT = 260; // a text column gives nothing away of these first pixels
const PADDING = 18;
const SORT_MARK = 22;
const SHOW_TOOLS_PIXELS = 18; // what a cell keeps free for the button that shows what it can do
const ROWS_MEASURED = 200;
const LETTERS_MEASURED = 300;

// Remembered for answers with columns of the same names, as long as the page lives. Each view has
// a scope of its own, so the page keeps it.
const REMEMBERED = (globalThis[Symbol.for("cwnb.columns")] ??= new Map());

function rememberedColumns(columns) {
  const key = JSON.stringify(columns.map(({ name }) => name));
  if (!REMEMBERED.has(key)) {
    const order = columns.map((_, place) => place);
    REMEMBERED.set(key, { order, hidden: new Set(), widths: new Map(), isWrapped: false });
  }
  return REMEMBERED.get(key);
}

// The width that each column would need to show its title, its first values and its longest one
// whole. Learns how wide a letter is.
function naturalWidths(table) {
  const { rows, scroller } = table;
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = getComputedStyle(scroller).font;
  const wide = (text) => pen.measureText((text ?? "").slice(0, LETTERS_MEASURED)).width;
  table.letter = wide("0");
  return rows.columns.map(({ title }, place) => {
    const texts = rows.textsOf(place);
    const longest = texts.reduce((a, b) => (b?.length > a.length ? b : a), "");
    const widths = [longest, ...texts.slice(0, ROWS_MEASURED)].map(wide);
    const head = wide(title) * 1.1 + SORT_MARK;
    return Math.ceil(Math.max(head, Math.max(...widths) + SHOW_TOOLS_PIXELS)) + PADDING;
  });
}

// The widths of the columns shown. Times and numbers are whole. Of the texts, the longest takes
// what is left; where that is too little, the others give way down to SHORT, so that addresses and
// names of events stay whole, and then it does. Where all this does not suffice, the table scrolls.
function fittedWidths({ rows, natural, layout, shown }, space) {
  const widths = shown.map((place) => layout.widths.get(place) ?? natural[place]);
  const texts = [...shown.keys()].filter((index) =>
    rows.columns[shown[index]].kind === "text" && !layout.widths.has(shown[index]));
  const longest = texts.reduce((a, b) => (widths[b] > (widths[a] ?? LONG) ? b : a), -1);
  const over = () => widths.reduce((sum, width) => sum + width, 0) - space;
  if (longest < 0) return widths;
  for (const least of [2 * LONG, 1.2 * LONG]) {
    widths[longest] = Math.min(least, natural[shown[longest]]);
    for (let wide = 2 * LONG; wide >= SHORT && over() > 0; wide -= 10) {
      for (const index of texts) {
        if (index !== longest) widths[index] = Math.min(widths[index], wide);
      }
    }
  }
  if (over() > 0) {
    for (const index of texts) widths[index] = Math.min(natural[shown[index]], SHORT);
    const most = Math.max(1.2 * LONG, Math.min(2 * LONG, space / 2)); // so that it can be seen whole
    widths[longest] = Math.min(natural[shown[longest]], most);
  }
  widths[longest] -= Math.min(0, over());
  return widths;
}

function headCell(table, index) {
  const place = table.shown[index];
  const { title, kind } = table.rows.columns[place];
  const at = table.sorts.findIndex((sort) => sort.place === place);
  const isDown = table.sorts[at]?.isDown;
  const mark = at < 0 ? "" : (isDown ? "▼" : "▲") + (table.sorts.length > 1 ? at + 1 : "");
  return element("div", `cwnb-cell cwnb-kind-${kind}`, [
    element("span", "cwnb-title", visibleNodes(title)),
    element("span", "cwnb-sorted", [mark], { "aria-hidden": "true" }),
    element("span", "cwnb-grip"),
  ], {
    id: table.idOf(-1, place), role: "columnheader", "aria-colindex": index + 2,
    "aria-sort": at < 0 ? "none" : isDown ? "descending" : "ascending",
    title: "click or Enter: sort; with Shift: sort by several columns; " +
      "drag or Alt-arrows: move; edge or Alt-Shift-arrows: width",
  });
}

function moveColumn(table, from, to) {
  const { shown, layout: { order } } = table;
  if (from === to || shown[to] === undefined) return;
  order.splice(order.indexOf(shown[from]), 1);
  order.splice(order.indexOf(shown[to]) + (to > from ? 1 : 0), 0, shown[from]);
  arrangeColumns(table);
}

function widenColumn(table, index, width) {
  table.layout.widths.set(table.shown[index], Math.max(NARROWEST, width));
  arrangeColumns(table);
}

// Call `move` while the pointer moves, and `end` when it is let go.
function followPointer(move, end = () => {}) {
  const stop = (event) => {
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", stop);
    document.removeEventListener("pointercancel", stop);
    end(event);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", stop);
  document.addEventListener("pointercancel", stop);
}

// A press on the head of a column sorts by it, moves it, or, at its right edge, changes its width.
function pressHead(table, event) {
  const { clientX: x, target } = event;
  const index = target.closest(".cwnb-cell")?.index;
  if (index === undefined) return;
  const { widths, lefts, gutter, drop } = table;
  const isGrip = target.className === "cwnb-grip";
  const width = widths[index];
  let to = index;
  let isDragged = false;
  event.preventDefault();
  table.scroller.focus({ preventScroll: true });
  followPointer(({ clientX }) => {
    isDragged ||= Math.abs(clientX - x) > 4;
    if (!isDragged) return;
    if (isGrip) return widenColumn(table, index, width + clientX - x);
    to = columnAt(table, clientX);
    drop.hidden = false;
    drop.style.left = `${gutter + lefts[to] + (to > index ? widths[to] : 0)}px`;
  }, ({ type, shiftKey }) => {
    drop.hidden = true;
    if (type !== "pointerup" || isGrip) return;
    if (isDragged) moveColumn(table, index, to);
    else sortBy(table, index, shiftKey);
  });
}

function columnAt({ scroller, lefts, gutter }, x) {
  const inside = x - scroller.getBoundingClientRect().left + scroller.scrollLeft - gutter;
  return lastUpTo(lefts, inside);
}

// The list of columns, with a box for each to hide and show it.
function columnsMenu(table) {
  const { rows: { columns }, layout } = table;
  const { order, hidden, widths } = layout;
  const list = element("div", "cwnb-columns-menu", [], { tabindex: -1 });
  const summary = element("summary", "cwnb-button");
  const menu = element("details", "cwnb-menu", [summary, list], {
    ontoggle: () => fill(),
    onfocusout: ({ relatedTarget }) => {
      if (!isFilling) menu.open &&= menu.contains(relatedTarget);
    },
    onkeydown: ({ key }) => {
      if (key !== "Escape") return;
      summary.focus();
      menu.open = false;
    },
  });
  // A control that is drawn anew loses the focus, and the new one gets it.
  let isFilling = false;
  const controls = () => [...list.querySelectorAll("button, input")];
  const fill = () => {
    const focused = controls().indexOf(document.activeElement);
    isFilling = true;
    summary.textContent = hidden.size ? `Columns (${hidden.size} hidden)` : "Columns";
    list.replaceChildren(button("As the answer has them", "", () => {
      order.sort((a, b) => a - b);
      hidden.clear();
      widths.clear();
      change();
    }), ...order.map((place) => element("label", "", [
      element("input", "", [], {
        type: "checkbox", checked: !hidden.has(place),
        disabled: `${table.shown}` === `${place}`,
        onchange: () => {
          if (!hidden.delete(place)) hidden.add(place);
          change();
        },
      }),
      ...visibleNodes(columns[place].title),
    ])));
    controls()[focused]?.focus();
    isFilling = false;
  };
  const change = () => {
    arrangeColumns(table);
    lookAgain(table);
    fill();
  };
  fill();
  return menu;
}

// The columns of a table: their order, which are hidden, how wide they are.

const NARROWEST = 44; // pixels, for a column that is made narrower by hand
const LONG = 200; // pixels; text columns wider than this give way to others
const PADDING = 18;
const SORT_MARK = 22;
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

// The width that each column would need to show its title and the first rows whole.
function naturalWidths({ rows, scroller }) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = getComputedStyle(scroller).font;
  const wide = (text) => pen.measureText(text.slice(0, LETTERS_MEASURED)).width;
  return rows.columns.map(({ title }, place) => {
    let most = wide(title) * 1.1 + SORT_MARK;
    for (const text of rows.textsOf(place).slice(0, ROWS_MEASURED)) {
      most = Math.max(most, wide(text ?? ""));
    }
    return Math.ceil(most) + PADDING;
  });
}

// The widths of these columns. Times and numbers are whole, long texts share what is left, and
// the longest takes the rest, but has a least width.
function fittedWidths({ rows, natural, layout }, places, space) {
  const widths = places.map((place) => layout.widths.get(place) ?? natural[place]);
  const texts = [...places.keys()].filter((index) =>
    rows.columns[places[index]].kind === "text" && !layout.widths.has(places[index]));
  const longest = texts.reduce((a, b) => (widths[b] > (widths[a] ?? LONG) ? b : a), -1);
  const over = () => widths.reduce((sum, width) => sum + width, 0) - space;
  if (longest < 0) return widths;
  for (const [least, most] of [[2 * LONG, LONG], [1.2 * LONG, LONG / 2]]) {
    widths[longest] = least;
    for (let wide = 2 * LONG; wide >= most && over() > 0; wide -= 10) {
      for (const index of texts) {
        if (index !== longest) widths[index] = Math.min(widths[index], wide);
      }
    }
  }
  widths[longest] -= Math.min(0, over());
  return widths;
}

function headCell(table, index) {
  const place = table.shown[index];
  const { name, title, kind } = table.rows.columns[place];
  const at = table.sorts.findIndex((sort) => sort.place === place);
  const isDown = table.sorts[at]?.isDown;
  const mark = at < 0 ? "" : (isDown ? "▼" : "▲") + (table.sorts.length > 1 ? at + 1 : "");
  return element("div", `cwnb-cell cwnb-${kind}`, [
    element("span", "cwnb-title", visibleNodes(title)),
    element("span", "cwnb-sorted", [mark], { "aria-hidden": "true" }),
    element("span", "cwnb-grip", [], { "aria-hidden": "true" }),
  ], {
    id: table.idOf(-1, place), role: "columnheader", "aria-colindex": index + 2,
    "aria-sort": at < 0 ? "none" : isDown ? "descending" : "ascending",
    title: `${name}: click or Enter sorts, with Shift by several columns; ` +
      "drag or Alt-arrows move it, Alt-Shift-arrows change its width",
  });
}

function moveColumn(table, index, to) {
  const { order } = table.layout;
  const place = table.shown[index];
  const other = table.shown[to];
  if (other === undefined || index === to) return;
  order.splice(order.indexOf(place), 1);
  order.splice(order.indexOf(other) + (to > index ? 1 : 0), 0, place);
  table.changeColumns();
}

function widenColumn(table, index, width) {
  table.layout.widths.set(table.shown[index], Math.max(NARROWEST, width));
  table.changeColumns();
}

// A press on the head of a column sorts by it, moves it, or, at its right edge, changes its width.
function pressHead(table, event) {
  const index = table.indexAt(event.clientX);
  const isGrip = event.target.className === "cwnb-grip";
  const [x, width] = [event.clientX, table.widths[index]];
  let to = index;
  let isDragged = false;
  const move = ({ clientX }) => {
    isDragged ||= Math.abs(clientX - x) > 4;
    if (!isDragged) return;
    if (isGrip) return widenColumn(table, index, width + clientX - x);
    to = table.indexAt(clientX);
    table.showDrop(to, to > index);
  };
  const end = ({ type, shiftKey }) => {
    for (const name of ["pointermove", "pointerup", "pointercancel"]) {
      document.removeEventListener(name, name === "pointermove" ? move : end);
    }
    table.showDrop(-1);
    if (type !== "pointerup" || isGrip) return;
    if (isDragged) moveColumn(table, index, to);
    else table.sort(index, shiftKey);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
  event.preventDefault();
}

// The list of columns, with a box for each to hide and show it.
function columnsMenu(table) {
  const { rows: { columns }, layout } = table;
  const list = element("div", "cwnb-columns-menu", [], { tabindex: -1 });
  const summary = element("summary", "cwnb-button");
  const menu = element("details", "cwnb-menu", [summary, list], {
    onfocusout: ({ relatedTarget }) => {
      if (!menu.contains(relatedTarget)) menu.open = false;
    },
    onkeydown: ({ key }) => {
      if (key !== "Escape") return;
      menu.open = false;
      summary.focus();
    },
  });
  const name = () => {
    summary.textContent = layout.hidden.size ? `Columns (${layout.hidden.size} hidden)` : "Columns";
  };
  const fill = () => {
    name();
    list.replaceChildren(
      element("button", "cwnb-button", ["As the answer has them"], { onclick: () => {
        layout.order.sort((a, b) => a - b);
        layout.hidden.clear();
        layout.widths.clear();
        change();
      } }),
      ...layout.order.map((place) => element("label", "", [
        element("input", "", [], {
          type: "checkbox", checked: !layout.hidden.has(place),
          disabled: table.shown.length === 1 && table.shown[0] === place,
          onchange: ({ target }) => {
            layout.hidden[target.checked ? "delete" : "add"](place);
            change();
          },
        }),
        ...visibleNodes(columns[place].title),
      ])));
  };
  const change = () => {
    table.changeColumns();
    fill();
  };
  menu.addEventListener("toggle", fill);
  name();
  return menu;
}

// The table: only the rows in sight are in the page.
const ROW_PIXELS = 22;
const ROWS_BEYOND = 12; // drawn above and below those in sight

function drawTable({ rows: { columns, count: rows, text: textAt } }) {
  const head = element("div", "cwnb-row cwnb-head", columns.map((column) =>
    element("div", `cwnb-cell cwnb-${column.kind}`, [column.title], { role: "columnheader" })));
  const body = element("div", "cwnb-body");
  const room = element("div", "cwnb-rows", [], { tabindex: 0 });
  room.append(head, body);
  body.style.height = `${rows * ROW_PIXELS}px`;
  const draw = () => {
    const from = Math.max(0, Math.floor(room.scrollTop / ROW_PIXELS) - ROWS_BEYOND);
    const count = Math.ceil(room.clientHeight / ROW_PIXELS) + 2 * ROWS_BEYOND;
    const to = Math.min(rows, from + count);
    body.replaceChildren(...Array.from({ length: to - from }, (_, i) => rowAt(from + i)));
  };
  const rowAt = (row) => {
    const made = element("div", "cwnb-row", columns.map((column, place) =>
      element("div", `cwnb-cell cwnb-${column.kind}`, [textAt(row, place) ?? ""])));
    made.style.top = `${row * ROW_PIXELS}px`;
    return made;
  };
  room.addEventListener("scroll", () => requestAnimationFrame(draw));
  new ResizeObserver(draw).observe(room);
  return room;
}

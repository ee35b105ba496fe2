// The cells of a table: the one with the cursor, those that are selected, and copies of them.

// The rectangle between the cursor and the cell where the selection began.
function selectedArea({ cursor, anchor }) {
  const [top, bottom] = [anchor.at, cursor.at].sort((a, b) => a - b);
  const [left, right] = [anchor.index, cursor.index].sort((a, b) => a - b);
  return { top: Math.max(0, top), bottom, left, right };
}

// What the buttons copy: what is selected, or all while nothing is.
function copiedArea(table) {
  const { cursor: { at }, order, shown } = table;
  return at >= 0 ? selectedArea(table)
    : { top: 0, bottom: order.length - 1, left: 0, right: shown.length - 1, isAll: true };
}

async function copyCells(table, form, { top, bottom, left, right, isAll } = selectedArea(table)) {
  const rows = [...table.order.slice(top, bottom + 1)];
  const places = table.shown.slice(left, right + 1);
  if (!rows.length) return table.say("choose cells or rows first: click, or drag over several");
  const what = rows.length * places.length === 1 ? "the value"
    : `${isAll && rows.length > 1 ? "all " : ""}${counted(rows.length, "row")} of ${counted(places.length, "column")}`;
  try {
    await writeClipboard(table.rows.copied(rows, places, form));
    table.say(`copied ${what} as ${form}`);
  } catch (error) {
    table.say(error.message);
  }
}

// Move the cursor, as far as the table goes. With `isMore` the selection reaches to it.
function moveTo(table, at, index, { isMore = false, isSeen = true } = {}) {
  table.cursor = {
    at: Math.max(-1, Math.min(at, table.order.length - 1)),
    index: Math.max(0, Math.min(index, table.shown.length - 1)),
  };
  if (!isMore) table.anchor = table.cursor;
  if (isSeen) reveal(table);
  else markSelected(table);
}

// What a press in the rows selects: a cell, or a row by its number; more with Shift or by drag.
function pressRows(table, event) {
  const cellAt = ({ target }) => {
    const cell = target.closest?.(".cwnb-cell, .cwnb-gutter");
    return table.body.contains(cell) ? { at: cell.parentNode.at, index: cell.index } : null;
  };
  const pressed = cellAt(event);
  if (!pressed || event.button !== 0) return;
  const isRow = pressed.index === undefined;
  const isMore = event.shiftKey || isRow;
  const select = ({ at, index }, options) => {
    moveTo(table, at, isRow ? Infinity : index ?? 0, { isSeen: false, ...options });
  };
  table.isPressed = true; // no buttons under the pointer until it is let go
  if (isRow && !event.shiftKey) table.anchor = { at: pressed.at, index: 0 };
  select(pressed, { isMore });
  if (isMore) event.preventDefault();
  table.scroller.focus({ preventScroll: true });
  let before = pressed;
  followPointer((moved) => {
    const over = cellAt(moved);
    if (!over || (over.at === before.at && over.index === before.index)) return;
    before = over;
    window.getSelection().removeAllRanges();
    select(over, { isMore: true, isSeen: !isRow });
  }, () => {
    table.isPressed = false;
    showBar(table, table.cursor.at, table.cursor.index);
  });
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// What a key does in the rows or the heads, which are above row 0; true if it does something.
function pressKey(table, { key, altKey, shiftKey: isMore, ctrlKey, metaKey }) {
  const { at, index } = table.cursor;
  const isControl = ctrlKey || metaKey;
  const [down, right] = STEPS[key] ?? [];
  const page = Math.max(1, Math.floor(table.scroller.clientHeight / ROW_PIXELS) - 2);
  const far = { Home: -Infinity, End: Infinity, PageUp: -page, PageDown: page }[key];
  const { scroller } = table;
  if (altKey && down) scroller.style.height = `${scroller.offsetHeight + 2 * ROW_PIXELS * down}px`;
  else if (altKey && (!right || at >= 0)) return false;
  else if (altKey && isMore) widenColumn(table, index, table.widths[index] + 20 * right);
  else if (altKey) {
    moveColumn(table, index, index + right);
    moveTo(table, at, index + right);
  } else if (STEPS[key]) moveTo(table, at + down, index + right, { isMore });
  else if (far) {
    const isEnd = Math.abs(far) === Infinity;
    // Home and End go along the heads, and up and down the rows; with Ctrl they do both.
    if (at < 0 && isEnd && !isControl) moveTo(table, at, far);
    else moveTo(table, Math.max(0, at + far), isControl && isEnd ? far : index, { isMore });
  } else if (key === "Enter" && at < 0) sortBy(table, index, isMore);
  else if (key === "Enter") toggleRow(table, table.order[at]);
  else if (key === " " || (isControl && key === "a")) {
    table.anchor = { at: isControl ? 0 : at, index: 0 };
    moveTo(table, isControl ? Infinity : at, Infinity, { isMore: true, isSeen: false });
  } else if (isControl && key === "c") {
    // Letters that are marked with the pointer are copied by the browser.
    if (!window.getSelection().isCollapsed) return false;
    copyCells(table, "text");
  } else if (isControl && key === "f") table.findBox.focus();
  else if (key === "F2") focusBar(table);
  else if (key === "Escape") moveTo(table, at, index);
  else return false;
  return true;
}

// Go to the buttons of the value with the cursor, wherever the pointer is.
function focusBar(table) {
  const { bar, cursor } = table;
  showBar(table, cursor.at, cursor.index);
  const first = () => bar.querySelector("button");
  if (first()?.ariaLabel === SHOW_TOOLS) first().click();
  else first()?.focus();
}

// The nodes of a text in which what was found is marked.
function markedNodes(text, finder, lines) {
  const nodes = [];
  let from = 0;
  for (const { 0: found, index } of finder ? text.matchAll(finder) : []) {
    nodes.push(...visibleNodes(text.slice(from, index), { lines }));
    nodes.push(element("mark", "", visibleNodes(found, { lines })));
    from = index + found.length;
  }
  return [...nodes, ...visibleNodes(text.slice(from), { lines })];
}

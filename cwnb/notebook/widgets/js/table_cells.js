// The cells of a table: the one with the cursor, those that are selected, and copies of them.

// The rectangle between the cursor and the cell where the selection began.
function selectedArea({ cursor, anchor }) {
  const [top, bottom] = [anchor.at, cursor.at].sort((a, b) => a - b);
  const [left, right] = [anchor.index, cursor.index].sort((a, b) => a - b);
  return { top: Math.max(0, top), bottom, left, right };
}

async function copyCells(table, form, area = selectedArea(table)) {
  const { top, bottom, left, right } = area;
  const rows = [...table.order.slice(top, bottom + 1)];
  const places = table.shown.slice(left, right + 1);
  if (!rows.length) return table.say("choose cells or rows first: click, or drag over several");
  const cells = rows.length * places.length;
  try {
    await writeClipboard(table.rows.copied(rows, places, form));
    const what = cells === 1 ? "the value" : `${counted(rows.length, "row")} of ` +
      counted(places.length, "column");
    table.say(`copied ${what} as ${form === "text" ? form : form.toUpperCase()}`);
  } catch (error) {
    table.say(error.message);
  }
}

function counted(count, what) {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

// The nodes of a text in which what was found is marked.
function markedNodes(text, finder, lines) {
  if (!finder) return visibleNodes(text, { lines });
  const nodes = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(finder)) {
    nodes.push(...visibleNodes(text.slice(from, index), { lines }));
    nodes.push(element("mark", "", visibleNodes(found, { lines })));
    from = index + found.length;
  }
  return [...nodes, ...visibleNodes(text.slice(from), { lines })];
}

// What a press in the rows selects: a cell, or a row by its number; more with Shift or by drag.
function pressRows(table, event) {
  const cellAt = ({ target }) => {
    const cell = target.closest?.(".cwnb-cell, .cwnb-gutter");
    const at = cell?.parentNode.at;
    return at === undefined || !table.body.contains(cell) ? null
      : { at, index: cell.index ?? -1 };
  };
  const pressed = cellAt(event);
  if (!pressed || event.button !== 0) return;
  const isRow = pressed.index < 0;
  const last = table.shown.length - 1;
  const select = ({ at, index }, isMore) => {
    if (isMore) window.getSelection().removeAllRanges();
    table.moveTo({ at, index: isRow ? last : Math.max(0, index) }, { isMore, isSeen: false });
  };
  if (isRow && !event.shiftKey) table.anchor = { at: pressed.at, index: 0 };
  select(pressed, isRow || event.shiftKey);
  if (event.shiftKey || isRow) event.preventDefault();
  table.scroller.focus({ preventScroll: true });
  let before = pressed;
  const move = (moved) => {
    const over = cellAt(moved);
    if (!over || (over.at === before.at && (isRow || over.index === before.index))) return;
    before = over;
    select(over, true);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", () => {
    document.removeEventListener("pointermove", move);
  }, { once: true });
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// What a key does in the rows or the heads, which are above row 0; true if it does something.
function pressKey(table, event) {
  const { key, altKey, shiftKey } = event;
  const { at, index } = table.cursor;
  const isControl = event.ctrlKey || event.metaKey;
  const [down, right] = STEPS[key] ?? [];
  const page = Math.max(1, Math.floor(table.scroller.clientHeight / ROW_PIXELS) - 2);
  const far = { Home: -Infinity, End: Infinity, PageUp: -page, PageDown: page }[key];
  if (altKey && right && at < 0) {
    if (shiftKey) widenColumn(table, index, table.widths[index] + 20 * right);
    else moveColumn(table, index, index + right);
    if (!shiftKey) table.moveTo({ at, index: index + right });
  } else if (altKey) {
    return false;
  } else if (STEPS[key]) {
    table.moveTo({ at: at + down, index: index + right }, { isMore: shiftKey });
  } else if (far) {
    const across = isControl && key === "Home" ? 0 : isControl && key === "End" ? Infinity : index;
    table.moveTo({ at: Math.max(0, at + far), index: across }, { isMore: shiftKey });
  } else if (key === "Enter" && at < 0) {
    table.sort(index, shiftKey);
  } else if (key === "Enter") {
    table.toggle(table.order[at]);
  } else if (key === " " && at >= 0) {
    table.anchor = { at, index: 0 };
    table.moveTo({ at, index: Infinity }, { isMore: true });
  } else if (isControl && key === "a") {
    table.anchor = { at: 0, index: 0 };
    table.moveTo({ at: Infinity, index: Infinity }, { isMore: true, isSeen: false });
  } else if (isControl && key === "c" && window.getSelection().isCollapsed) {
    copyCells(table, "text");
  } else if (isControl && key === "f") {
    table.findBox.focus();
  } else if (key === "F2" || key === "ContextMenu" || (shiftKey && key === "F10")) {
    table.tools.querySelector("button")?.focus();
  } else if (key === "Escape") {
    table.moveTo(table.cursor);
  } else {
    return false;
  }
  return true;
}

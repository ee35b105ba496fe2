// Which rows a table shows, and in which order.

// A regular expression that finds a text in upper or lower case; null for no text.
function finderOf(text) {
  return text ? new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"), "giu") : null;
}

// For each row that is here, whether one of its texts in these columns has what is looked for.
function rowsWith(rows, places, finder) {
  const pattern = new RegExp(finder.source, "iu");
  const has = new Uint8Array(rows.loaded);
  for (const texts of places.map(rows.textsOf)) {
    for (let row = 0; row < has.length; row++) {
      if (!has[row] && texts[row] !== null && pattern.test(texts[row])) has[row] = 1;
    }
  }
  return has;
}

// The rows in the order of `sorts`, the first of which counts most; equal rows keep the order of
// the answer. `has` leaves rows out.
function orderOf(rows, sorts, has) {
  let order = new Uint32Array(rows.loaded).map((_, row) => row);
  for (const { place, isDown } of [...sorts].reverse()) {
    order = sortedBy(order, rows.ranksOf(place), isDown);
  }
  return has ? order.filter((row) => has[row]) : order;
}

// Sort rows by counting those of each rank, which takes a tenth of the time of comparing them.
// Rows whose ranks are still to come stand last.
function sortedBy(order, ranks, isDown) {
  const most = ranks.reduce((a, b) => Math.max(a, b), 0);
  const keyOf = (row) =>
    row >= ranks.length ? most + 1 : isDown ? most - ranks[row] : ranks[row];
  const begins = new Uint32Array(most + 3);
  for (const row of order) begins[keyOf(row) + 1]++;
  for (let key = 1; key < begins.length; key++) begins[key] += begins[key - 1];
  const sorted = new Uint32Array(order.length);
  for (const row of order) sorted[begins[keyOf(row)]++] = row;
  return sorted;
}

// What a click on the head of a column makes of the sorts: ascending, descending, not by it.
function nextSorts(sorts, place, isAdded) {
  const before = sorts.find((sort) => sort.place === place);
  if (!before) return [...(isAdded ? sorts : []), { place, isDown: false }];
  const after = before.isDown ? [] : [{ place, isDown: true }];
  return isAdded ? sorts.flatMap((sort) => (sort === before ? after : [sort])) : after;
}

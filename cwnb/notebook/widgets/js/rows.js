// The rows of an answer that this page holds: the first came with the view, the others are asked
// for. Rows and columns are numbered as the answer has them. A missing value has no text.
const CUT_AFTER = 2000;

function heldRows(model) {
  const { number, columns, rows, first, all_columns: allColumns } = model.get("answer");
  const texts = unpacked(model.get("first"));
  const isLong = (text) => text?.length > CUT_AFTER && text.endsWith("…");
  let ranks = columns.map((_, at) => int32s(model.get("first_ranks"), at * first, first));
  let onMore = () => {};
  const copied = async (chosen, places, form) => {
    const parts = [];
    const wanted = { of: number, rows: chosen, columns: places, form };
    await ask(model, "copy", wanted, (_, buffers) => parts.push(...buffers));
    return new Blob(parts).text();
  };
  const held = {
    columns,
    count: rows,
    loaded: first,
    // Rows up to here can be sorted: ranks come after texts.
    ranked: first,
    isDone: first === rows,
    columnsLeft: allColumns - columns.length,
    text: (row, place) => texts[place][row],
    textsOf: (place) => texts[place],
    ranksOf: (place) => ranks[place],
    isCut: (row, place) => isLong(texts[place][row]),
    hasCut: texts.some((column) => column.some(isLong)),
    copied,
    whole: (row, place) => copied([row], [place], "text"),
    // Call this each time that rows or ranks have come.
    onMore: (callback) => { onMore = callback; },
  };
  const take = ({ end, ranks_of: from }, buffers) => {
    if (end) {
      for (const [at, part] of unpacked(buffers[0]).entries()) {
        for (const text of part) texts[at].push(text);
        held.hasCut ||= part.some(isLong);
      }
      held.loaded = end;
      onMore();
    } else {
      buffers.forEach((buffer, at) => { coming[from + at] = int32s(buffer, 0, held.loaded); });
    }
  };
  const coming = [];
  if (!held.isDone) {
    ask(model, "rest", { of: number, begin: first }, take).then(() => {
      [ranks, held.ranked, held.isDone] = [coming, held.loaded, true];
      onMore();
    }, (error) => onMore(error.message));
  }
  return held;
}

function int32s(buffer, from, count) {
  const begin = buffer.byteOffset + 4 * from;
  return new Int32Array(buffer.buffer.slice(begin, begin + 4 * count));
}

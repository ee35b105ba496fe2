// The rows of an answer that this page holds: the first came with the view, the others are asked
// for. Rows and columns are numbered as the answer has them. A missing value has no text.

function heldRows(model) {
  const { number, columns, rows, first, all_columns: allColumns, has_cut: hasCut,
    characters_held: charactersHeld } = model.get("answer");
  const texts = unpacked(model.get("first"));
  let ranks = columns.map((_, place) => int32s(model.get("first_ranks"), place * first, first));
  let onMore = () => {};
  const copied = async (wanted, places, form) => {
    const parts = [];
    const question = { of: number, rows: wanted, columns: places, form };
    await ask(model, "copy", question, (_, buffers) => parts.push(...buffers));
    return new Blob(parts).text();
  };
  const held = {
    columns, count: rows, loaded: first, isDone: first === rows,
    // Ranks come after texts: rows up to here can be sorted.
    ranked: first,
    columnsLeft: allColumns - columns.length,
    text: (row, place) => texts[place][row],
    textsOf: (place) => texts[place],
    ranksOf: (place) => ranks[place],
    hasCut, // whether a value is shown up to its first `charactersHeld`
    charactersHeld,
    copied,
    whole: (row, place) => copied([row], [place], "text"),
    // Call this each time that rows or ranks have come, with a sentence if no more will come.
    onMore: (callback) => { onMore = callback; },
  };
  const coming = [];
  const take = ({ end, has_cut: cuts, ranks_of: from }, buffers) => {
    if (!end) return buffers.forEach((buffer) => coming.push(int32s(buffer, 0, held.loaded)));
    for (const [place, part] of unpacked(buffers[0]).entries()) {
      for (const text of part) texts[place].push(text);
    }
    held.hasCut ||= cuts;
    held.loaded = end;
    onMore();
  };
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

// The rows that the kernel has sent: the first came with the view, the others are asked for.
function heldRows(model) {
  const { number, columns, rows, first } = model.get("answer");
  const texts = unpacked(model.get("first"));
  const held = { columns, count: rows, loaded: first, text: (row, at) => texts[at][row] };
  if (rows > first) {
    ask(model, "rest", { of: number, begin: first }, ({ ranks, end }, buffers) => {
      if (ranks) return;
      for (const [at, part] of unpacked(buffers[0]).entries()) {
        for (const text of part) texts[at].push(text);
      }
      held.loaded = end;
    }).catch(() => {});
  }
  return held;
}

// An answer: its rows, of which the first came with the view and the rest are asked for.
function drawAnswer({ model, el }) {
  const root = element("div", "cwnb-answer");
  el.append(root);
  const show = () => {
    const about = model.get("answer");
    const texts = unpacked(model.get("first"));
    root.replaceChildren(drawTable({
      columns: about.columns,
      rows: about.rows,
      textAt: (row, place) => texts[place][row],
    }));
    if (about.rows > about.first) {
      ask(model, "rest", { begin: about.first }, (content, buffers) => {
        if (content.ranks) return;
        for (const [place, part] of unpacked(buffers[0]).entries()) {
          for (const text of part) texts[place].push(text);
        }
      });
    }
  };
  model.on("change:answer", show);
  show();
  return () => model.off("change:answer", show);
}

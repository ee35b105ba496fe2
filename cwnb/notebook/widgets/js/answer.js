// An answer: what was asked and scanned, a place for the histogram, and the rows.
function drawAnswer({ model, el }) {
  const followed = [];
  const follow = (names, draw) => {
    const events = names.split(" ").map((name) => `change:${name}`).join(" ");
    model.on(events, draw);
    followed.push(() => model.off(events, draw));
    draw();
  };
  const place = (name, attributes) => element("div", name, [], attributes);
  const query = place("cwnb-changed");
  const summary = place("cwnb-summary", { role: "status" });
  const notes = place("cwnb-notes", { role: "alert" });
  const histogram = place("cwnb-histogram-place");
  const table = place("cwnb-table-place");
  el.append(element("div", "cwnb-answer tex2jax_ignore mathjax_ignore", [
    query, summary, notes, histogram, table,
  ]));
  // What fails is said above the rows.
  const attempt = (what, data) => ask(model, what, data).catch((error) => {
    model.set("failed", error.message);
  });
  follow("about", () => query.replaceChildren(...changedQuery(model, attempt)));
  follow("about progress", () => summary.replaceChildren(...summaryLine(model, attempt)));
  follow("about error failed is_stale busy", () => notes.replaceChildren(...noteLines(model)));
  follow("answer", () => {
    const answer = model.get("answer");
    model.set("failed", "");
    if (!answer.columns) return table.replaceChildren();
    table.replaceChildren(drawTable({
      model,
      rows: heldRows(model),
      onOpen: (row) => openedRow(model, row, attempt),
      tools: (row, column) => valueTools(model, { row, column }, attempt),
    }));
  });
  histogram.append(drawHistogram({ model }));
  return () => followed.forEach((stop) => stop());
}

// The query as gestures in a cell have changed it.
function changedQuery(model, attempt) {
  const { query } = model.get("about");
  if (!query || !model.get("in_cell")) return [];
  const copied = element("span", "cwnb-soft", [], { role: "status" });
  const copy = async () => {
    await navigator.clipboard.writeText(query);
    copied.textContent = "copied";
  };
  return [
    element("pre", "", [query]),
    element("button", "cwnb-button", ["Copy as cell"], { onclick: copy }),
    element("button", "cwnb-button", ["Undo"], {
      onclick: () => attempt("gesture", { do: "undo" }),
    }),
    copied,
  ];
}

function summaryLine(model, attempt) {
  const { text } = model.get("progress");
  if (!text) return [model.get("about").summary?.join(" · ") ?? ""];
  const stop = element("button", "cwnb-button", ["Stop"], { onclick: () => attempt("stop") });
  return [`running: ${text} `, stop];
}

function noteLines(model) {
  const lines = [...(model.get("about").warnings ?? []).map((text) => `warning: ${text}`)];
  if (model.get("busy") > 0) lines.push("the kernel is busy with a cell; interrupt it");
  if (model.get("failed")) lines.push(model.get("failed"));
  if (model.get("is_stale")) lines.push("the rows below are those of the query before it");
  const made = lines.map((text) => element("div", "cwnb-note", [text]));
  if (model.get("error")) made.unshift(element("pre", "cwnb-error", [model.get("error")]));
  return made;
}

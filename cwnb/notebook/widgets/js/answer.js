// An answer: what was asked and scanned, a place for the histogram, and the rows.
function drawAnswer({ model, el }) {
  const stops = [hideStatic(model), followKernel(model)];
  const follow = (names, draw) => {
    const events = names.split(" ").map((name) => `change:${name}`).join(" ");
    model.on(events, draw);
    stops.push(() => model.off(events, draw));
    draw();
  };
  const place = (name, attributes) => element("div", name, [], attributes);
  const query = place("cwnb-changed");
  const summary = place("cwnb-summary", { role: "status" });
  const notes = place("cwnb-notes", { role: "alert" });
  const histogram = place("cwnb-histogram-place");
  const table = place("cwnb-table-place");
  const root = element("div", "cwnb-answer tex2jax_ignore mathjax_ignore", [
    query, summary, notes, histogram, table,
  ]);
  el.append(root);
  // What fails is said above the rows.
  const attempt = (what, data) => {
    model.set("failed", "");
    return ask(model, what, data).catch((error) => { model.set("failed", error.message); });
  };
  follow("about", () => query.replaceChildren(...changedQuery(model, attempt)));
  follow("about progress", () => summary.replaceChildren(...summaryLine(model, attempt)));
  follow("about error failed is_stale busy is_gone", () =>
    notes.replaceChildren(...noteLines(model)));
  follow("is_stale progress", () => root.classList.toggle("cwnb-old",
    model.get("is_stale") || Boolean(model.get("progress").text)));
  follow("answer", () => {
    const before = table.querySelector(".cwnb-table");
    const focused = table.contains(document.activeElement) ? document.activeElement : null;
    model.set("failed", "");
    if (!model.get("answer").columns) return table.replaceChildren();
    table.replaceChildren(drawTable({
      model,
      rows: heldRows(model),
      onOpen: (row) => openedRow(model, row, attempt),
      tools: (row, column) => valueTools(model, { row, column }, attempt),
      before,
    }));
    // Keys that were pressed in the table before this one go on in this one.
    if (!focused) return;
    const box = focused.matches(".cwnb-box")
      ? table.querySelector(`.cwnb-box[aria-label="${focused.ariaLabel}"]`) : null;
    (box ?? table.querySelector(".cwnb-scroller"))?.focus({ preventScroll: true });
    box?.setSelectionRange(focused.selectionStart, focused.selectionEnd);
  });
  histogram.append(drawHistogram({ model }));
  return () => stops.forEach((stop) => stop());
}

// Hide the HTML that stands for the answer in files, also where outputs have other classes than in
// JupyterLab; gives what shows it again. Views of one answer share it.
function hideStatic(model) {
  const html = document.getElementById(model.get("static") || "none");
  if (!html) return () => {};
  const output = html.closest(".jp-OutputArea-child") ?? html;
  const count = (by) => {
    output.cwnbViews = (output.cwnbViews ?? 0) + by;
    output.style.display = output.cwnbViews ? "none" : "";
  };
  count(1);
  return () => count(-1);
}

// The query as gestures in a cell have changed it.
function changedQuery(model, attempt) {
  const { query } = model.get("about");
  if (!query || !model.get("in_cell")) return [];
  const said = element("span", "cwnb-soft", [], { role: "status" });
  const copy = () => writeClipboard(query).then(
    () => { said.textContent = "copied; paste it into a cell"; },
    (error) => { said.textContent = error.message; });
  const undo = () => attempt("gesture", { do: "undo" });
  return [
    element("pre", "", visibleNodes(query, { lines: true }), {
      tabindex: 0, role: "group", "aria-label": "the query of the rows below",
    }),
    element("div", "cwnb-group", [
      element("button", "cwnb-button", ["Copy as cell"], { onclick: copy }),
      element("button", "cwnb-button", ["Undo"], { onclick: undo }), said,
    ]),
  ];
}

function summaryLine(model, attempt) {
  const { text, share } = model.get("progress");
  const [first, ...rest] = model.get("about").summary ?? [];
  if (!text) return first ? [element("span", "cwnb-row-count", [first]), ...rest.map((part) => ` · ${part}`)] : [];
  return [
    element("progress", "", [], { max: 1, value: share, "aria-label": "scanned" }), ` ${text} `,
    element("button", "cwnb-button", ["Stop"], { onclick: () => attempt("stop") }),
  ];
}

function noteLines(model) {
  const { warnings = [], reasons = [] } = model.get("about");
  const lines = [];
  if (model.get("error")) lines.push(["cwnb-error", model.get("error")]);
  if (model.get("failed") && !model.get("is_gone")) lines.push(["cwnb-error", model.get("failed")]);
  if (kernelSentence(model)) lines.push(["cwnb-note", kernelSentence(model)]);
  if (model.get("is_stale") && model.get("answer").columns) {
    lines.push(["cwnb-note", "the rows below are those of the query before it"]);
  }
  // They are about the rows, so they stand below what says of which query these are.
  lines.push(...warnings.map((text) => ["cwnb-warning", `warning: ${text}`]));
  lines.push(...reasons.map((text) => ["cwnb-note", text]));
  return lines.map(([name, text]) => element("div", name, visibleNodes(text, { lines: true })));
}

// A live tail: the newest lines, with a filter pattern, and buttons that pause and stop it.
function drawTail({ model, el }) {
  const said = element("span", "cwnb-error", [], { role: "alert", hidden: true });
  const attempt = (what, data) => {
    said.hidden = true;
    return ask(model, what, data).catch((error) => {
      said.hidden = false;
      said.replaceChildren(...visibleNodes(error.message, { lines: true }));
    });
  };
  const pattern = element("input", "cwnb-box cwnb-tail-pattern", [], {
    type: "text", "aria-label": "filter pattern", placeholder: "filter pattern", spellcheck: "false",
    onkeydown: (event) => {
      if (event.key === "Enter") attempt("search", { pattern: pattern.value });
    },
  });
  const pause = element("button", "cwnb-button", [], {
    onclick: () => attempt(model.get("paused") ? "go_on" : "pause"),
  });
  const stop = element("button", "cwnb-button", ["Stop"], { onclick: () => attempt("stop") });
  const state = element("span", "cwnb-soft", [], { role: "status" });
  const notes = element("div", "cwnb-notes", [], { role: "alert" });
  const rows = element("tbody", "");
  const box = element("div", "cwnb-tail-lines", [
    element("table", "", [rows], { "aria-label": "newest events" }),
  ], { tabindex: 0, role: "region", "aria-label": "newest events" });
  el.append(element("div", "cwnb-tail tex2jax_ignore mathjax_ignore", [
    element("div", "cwnb-controls", [pattern, pause, stop, state]), said, notes, box,
  ]));
  const made = new Map();
  const showLines = () => {
    // Whoever has scrolled up reads there; else the newest line stays in sight.
    const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
    const lines = model.get("lines");
    const there = new Set(lines.map(({ number }) => number));
    for (const number of [...made.keys()]) if (!there.has(number)) made.delete(number);
    putChildren(rows, lines.map((line) => {
      if (!made.has(line.number)) made.set(line.number, tailLine(line));
      return made.get(line.number);
    }));
    if (atEnd) box.scrollTop = box.scrollHeight;
  };
  const showState = () => {
    const [events, left] = [model.get("events"), model.get("left_out")];
    const isOver = model.get("ended") || model.get("is_gone");
    pause.textContent = model.get("paused") ? "Go on" : "Pause";
    for (const control of [pause, stop, pattern]) control.disabled = isOver;
    const word = isOver ? "ended" : model.get("paused") ? "paused" : "follows";
    const rest = left ? `, of which ${left.toLocaleString("en")} are not shown` : "";
    state.textContent =
      `${word} ${model.get("about")} · ${events.toLocaleString("en")} ${events === 1 ? "event" : "events"}${rest} · times in UTC`;
    const lines = [...model.get("notes"), ...[kernelSentence(model)].filter(Boolean)];
    notes.replaceChildren(...lines.map((text) =>
      element("div", "cwnb-note", visibleNodes(text, { lines: true }))));
  };
  const showPattern = () => { pattern.value = model.get("pattern"); };
  const followed = [
    ["change:lines", showLines],
    ["change:events change:left_out change:paused change:ended change:notes change:busy change:is_gone", showState],
    ["change:pattern", showPattern],
  ];
  for (const [events, show] of followed) {
    model.on(events, show);
    show();
  }
  const stopFollowing = followKernel(model);
  ask(model, "appeared").catch(() => {});
  return () => {
    stopFollowing();
    for (const [events, show] of followed) model.off(events, show);
    ask(model, "went").catch(() => {});
  };
}

function tailLine({ time, place, text }) {
  const cell = (name, children) => element("td", name, children);
  return element("tr", "", [
    cell("cwnb-tail-time", [time]), cell("cwnb-tail-place", [element("bdi", "", [place])]),
    cell("cwnb-tail-text", [element("bdi", "", visibleNodes(text))]),
  ]);
}

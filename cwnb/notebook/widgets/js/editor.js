// A field for the text of a query. Its letters are transparent; they are seen in a copy of the text
// below it, which has the colours of the tokens and the underline of an error.
const MOST_COLOURED = 50_000; // characters; a longer text is plain, so that typing stays quick
const TYPING_MS = 200;

function drawEditor({ model, el }) {
  const ids = `cwnb-${Math.random().toString(36).slice(2)}`;
  const field = element("textarea", "cwnb-editor-field", [], {
    spellcheck: "false", autocomplete: "off", autocapitalize: "off", rows: 1,
    "aria-label": model.get("label"), "aria-describedby": `${ids}-keys ${ids}-fault`,
  });
  const mirror = element("pre", "cwnb-editor-copy", [], { "aria-hidden": "true" });
  const fault = element("div", "cwnb-editor-fault", [], { id: `${ids}-fault`, role: "alert" });
  const keys = element("div", "cwnb-editor-keys", ["Ctrl-Enter runs, Ctrl-Space completes"],
    { id: `${ids}-keys` });
  const unseen = element("div", "cwnb-editor-unseen", [], { role: "status" });
  const sheet = element("div", "cwnb-editor-sheet", [mirror, field]);
  const root = element("div", "cwnb-editor", [
    element("div", "cwnb-editor-paper", [sheet]), keys, fault, unseen, busyNote(model),
  ], { tabindex: -1 });
  const offers = drawOffers({ field, mirror, id: `${ids}-offers`, model });
  root.append(offers.node);
  el.append(root);

  const show = linePainter(mirror);
  const paint = () => {
    const text = field.value;
    const { from = Infinity, to = Infinity } = model.get("error");
    const { words } = model.get("vocabulary");
    const tokens = words && text.length <= MOST_COLOURED ? tokensOf(text, words) : [];
    const range = { from: unitsOf(text, from), to: unitsOf(text, to) };
    show(paintedLines(text, tokens, range));
    const odd = new Set((text.match(ODD) ?? []).filter((one) => one !== "\n" && one !== "\t"));
    unseen.textContent = odd.size
      ? `the text has characters that are not seen: ${[...odd].map(markOf).join(" ")}` : "";
  };
  const showError = () => {
    const { message = "", from } = model.get("error");
    const text = model.get("text");
    const line = text.slice(0, unitsOf(text, from ?? 0)).split("\n").length;
    const isPlaced = from !== undefined && text.includes("\n");
    const shown = isPlaced ? `line ${line}: ${message}` : message;
    fault.replaceChildren(...visibleNodes(shown, { lines: true }));
    field.setAttribute("aria-invalid", String(message !== ""));
    paint();
  };
  let isComposing = false;
  let waiting = 0;
  const send = () => {
    clearTimeout(waiting);
    if (model.get("text") === field.value) return;
    write(model, { text: field.value });
  };
  const typed = (event) => {
    if (model.get("error").message !== undefined && field.value !== model.get("text")) {
      write(model, { error: {} });
    }
    paint();
    clearTimeout(waiting);
    waiting = setTimeout(send, TYPING_MS);
    if (!isComposing) offers.follow(event);
  };
  const showText = () => {
    if (!isComposing && model.get("text") !== field.value) replaceText(field, model.get("text"));
    paint();
  };
  const run = () => {
    send();
    offers.close();
    ask(model, "run").catch(({ message }) => write(model, { error: { message } }));
  };
  const pressed = (event) => {
    if (event.isComposing || offers.takes(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
    else if (event.key === " " && event.ctrlKey) offers.open();
    else if (event.key === "Escape") root.focus();
    else if (!changedByKey(event)) return;
    event.preventDefault();
  };
  // Escape has left the field for the box around it.
  root.addEventListener("keydown", (event) => {
    if (event.target !== root || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    run();
    event.preventDefault();
  });
  field.addEventListener("input", typed);
  field.addEventListener("keydown", pressed);
  field.addEventListener("blur", () => {
    send();
    offers.close();
  });
  field.addEventListener("pointerdown", offers.close);
  field.addEventListener("compositionstart", () => { isComposing = true; });
  field.addEventListener("compositionend", () => {
    isComposing = false;
    typed({ inputType: "insertText" });
  });
  model.on("change:text", showText);
  model.on("change:error", showError);
  model.on("change:vocabulary", paint);
  showText();
  showError();
}

// Does what a key does in any field of text. JupyterLab takes line ends and undo from all fields
// that stand in a cell, but not what a script does.
function changedByKey({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  const isControl = ctrlKey || metaKey;
  const letter = key.toLowerCase();
  if (altKey) return false;
  if (key === "Enter" && !isControl) return document.execCommand("insertText", false, "\n");
  if (isControl && letter === "z") return document.execCommand(shiftKey ? "redo" : "undo") || true;
  return isControl && letter === "y" && (document.execCommand("redo") || true);
}

// Puts another text into a field. Where the cursor is in it, that can be undone as typing can.
function replaceText(field, text) {
  const { selectionStart } = field;
  if (field.matches(":focus")) {
    field.select();
    document.execCommand(text ? "insertText" : "delete", false, text);
  }
  if (field.value !== text) field.value = text;
  field.setSelectionRange(selectionStart, selectionStart);
}

// How many UTF-16 units these first characters of a text take.
function unitsOf(text, characters) {
  return Number.isFinite(characters) ? Array.from(text).slice(0, characters).join("").length : Infinity;
}

// The lines of a text, each a list of parts with their classes, cut at tokens and at the fault.
function paintedLines(text, tokens, fault) {
  const lines = [[]];
  let at = 0;
  const add = (to, name) => {
    for (const border of [fault.from, fault.to, to]) {
      if (border <= at || border > to) continue;
      const isFaulty = fault.from <= at && at < fault.to;
      const names = isFaulty ? `${name} cwnb-editor-faulty` : name;
      text.slice(at, border).split("\n").forEach((part, place) => {
        if (place) lines.push([]);
        if (part) lines.at(-1).push([part, names]);
      });
      at = border;
    }
  };
  for (const { from, to, kind } of tokens) {
    add(from, "");
    add(to, `cwnb-${kind}-token`);
  }
  add(text.length, "");
  // What is missing at the end has a place too.
  if (fault.from >= text.length && fault.from < Infinity) lines.at(-1).push([" ", "cwnb-editor-faulty"]);
  return lines;
}

// Gives a function that shows lines in a node, and leaves those that are as before.
function linePainter(node) {
  let before = [];
  return (lines) => {
    const now = lines.map((line) => JSON.stringify(line));
    const most = Math.min(before.length, now.length);
    let same = 0;
    while (same < most && before[same] === now[same]) same += 1;
    let after = 0;
    while (after < most - same && before.at(-1 - after) === now.at(-1 - after)) after += 1;
    const old = [...node.children].slice(same, before.length - after);
    const made = lines.slice(same, lines.length - after).map((line) =>
      element("div", "", [...line.map(([part, names]) => element("span", names, [part])), "\n"]));
    const next = node.children[same + old.length];
    if (next) next.before(...made);
    else node.append(...made);
    old.forEach((line) => line.remove());
    before = now;
  };
}

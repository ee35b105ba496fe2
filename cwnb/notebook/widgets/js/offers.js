// The list of what may stand at the cursor of a field. Tab takes the marked one, and so does Enter
// once an arrow key was pressed or the list was asked for; else Enter is a line end, as always.
const MOST_OFFERED = 200;

function drawOffers({ field, mirror, id, model }) {
  const list = element("ul", "cwnb-offer-list", [], { id, role: "listbox", "aria-label": "suggestions" });
  const about = element("div", "cwnb-offer-about");
  const said = element("div", "cwnb-offers-said", [], { role: "status" });
  const node = element("div", "cwnb-offers", [list, about], { popover: "manual", hidden: true });
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", id);
  let offered = [];
  let fragment = "";
  let marked = 0;
  let isChosen = false;

  const put = () => place(node, placeOf(mirror, field.selectionEnd - fragment.length)
    ?? field.getBoundingClientRect());
  // The list stays at its place in the text; what is scrolled may be any node around it.
  const scrolled = ({ target }) => { if (target !== list) put(); };
  const close = () => {
    if (!offered.length) return;
    offered = [];
    node.hidden = true;
    node.hidePopover?.();
    document.removeEventListener("scroll", scrolled, true);
    said.textContent = "";
    field.removeAttribute("aria-activedescendant");
  };
  const mark = (place) => {
    marked = (place + offered.length) % offered.length;
    for (const [row, item] of [...list.children].entries()) {
      item.setAttribute("aria-selected", String(row === marked));
    }
    const chosen = list.children[marked];
    chosen.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", chosen.id);
    about.textContent = offered[marked].about ?? "";
  };
  const take = (candidate) => {
    const { selectionEnd: to } = field;
    const isCalled = candidate.kind === "function" && field.value[to] !== "(";
    close();
    field.setSelectionRange(to - fragment.length, to);
    // Only so can what is inserted be undone as typing can.
    document.execCommand("insertText", false, candidate.text + (isCalled ? "(" : ""));
  };
  const rowOf = (candidate, row) =>
    element("li", "cwnb-offer", [
      element("span", `cwnb-${candidate.kind}-token`, visibleNodes(candidate.text)),
      element("span", "cwnb-offer-signature", visibleNodes(candidate.signature ?? candidate.kind)),
    ], {
      id: `${id}-${row}`, role: "option",
      // The field keeps the focus.
      onpointerdown: (event) => event.preventDefault(),
      onclick: () => take(candidate),
    });
  // Shows what may stand at the cursor; only what is likely, unless it was asked for.
  const open = (isAsked = true) => {
    const { selectionStart: at, selectionEnd, value } = field;
    const vocabulary = model.get("vocabulary");
    close();
    if (at !== selectionEnd || !vocabulary.words) return;
    const found = completionAt(value, at, vocabulary);
    const candidates = found.candidates.slice(0, MOST_OFFERED);
    const isLikely = found.fragment || ["command", "period", "stream", "value", "variable"]
      .includes(candidates[0]?.kind);
    const isDone = candidates.length === 1 && candidates[0].text === found.fragment;
    if (!candidates.length || isDone || !(isAsked || isLikely)) return;
    [offered, fragment, isChosen] = [candidates, found.fragment, isAsked];
    list.replaceChildren(...candidates.map(rowOf));
    node.hidden = false;
    node.showPopover?.();
    mark(0);
    said.textContent = `${candidates.length} suggestions; Tab takes ${candidates[0].text}`;
    document.addEventListener("scroll", scrolled, true);
    put();
  };
  // What a key does while the list is open; true if that was all.
  const takes = (event) => {
    const { key } = event;
    if (!offered.length || event.ctrlKey || event.metaKey || event.altKey) return false;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (key in steps) {
      isChosen = true;
      mark(Math.abs(steps[key]) === 1 ? marked + steps[key]
        : Math.min(Math.max(0, marked + steps[key]), offered.length - 1));
    } else if ((key === "Tab" && !event.shiftKey) || (key === "Enter" && isChosen)) {
      take(offered[marked]);
    } else if (key === "Escape") {
      close();
    } else {
      if (["ArrowLeft", "ArrowRight", "Home", "End", "Enter"].includes(key)) close();
      return false;
    }
    event.preventDefault();
    return true;
  };
  const follow = ({ inputType = "" }) => {
    const isTyped = inputType === "insertText" || inputType === "deleteContentBackward";
    if (isTyped && (inputType === "insertText" || offered.length)) open(false);
    else close();
  };
  return { node: element("div", "", [node, said]), open: () => open(), close, takes, follow };
}

// The box of a place in the text of a node.
function placeOf(node, at) {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let left = at; walker.nextNode(); left -= walker.currentNode.length) {
    if (left > walker.currentNode.length) continue;
    const range = document.createRange();
    range.setStart(walker.currentNode, left);
    return range.getBoundingClientRect();
  }
  return undefined;
}

// Puts a box below another one, or above it where there is more room.
function place(box, { left, top, bottom }) {
  const { offsetWidth, offsetHeight } = box;
  const isBelow = bottom + offsetHeight < window.innerHeight || top < offsetHeight;
  box.style.left = `${Math.max(4, Math.min(left, window.innerWidth - offsetWidth - 8))}px`;
  box.style.top = `${isBelow ? bottom + 2 : top - offsetHeight - 2}px`;
}

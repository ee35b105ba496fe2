// A list of names to choose from: thousands of them, of which only those in sight are in the page.
const LETTER_PIXELS = 7.4;
const NAME_LETTERS = 22; // a list that leaves less for names shows the texts below them
const ROWS_SHOWN = 9;
const DETAIL_PIXELS = 16; // of each line below a name

function drawList({ model, el }) {
  const id = `cwnb-${Math.random().toString(36).slice(2)}`;
  const [title, isMultiple] = [model.get("title"), model.get("multiple")];
  const count = element("button", "cwnb-list-count", [], { type: "button", "aria-pressed": "false" });
  const search = element("input", "cwnb-list-search", [], {
    type: "search", placeholder: "search", "aria-label": `search in ${title}`,
  });
  const these = element("button", "cwnb-small-button", [], { type: "button" });
  const none = element("button", "cwnb-small-button", ["choose none"], { type: "button" });
  const heads = element("div", "cwnb-list-row cwnb-list-heads", [], { "aria-hidden": "true" });
  const body = element("div", "cwnb-list-body", [], { role: "presentation" });
  const box = element("div", "cwnb-list-box", [body], {
    role: "listbox", tabindex: 0, "aria-label": title, "aria-multiselectable": String(isMultiple),
  });
  const empty = element("div", "cwnb-list-empty", [], { role: "status" });
  const root = element("div", "cwnb-list tex2jax_ignore mathjax_ignore", [
    element("div", "cwnb-list-head", [element("strong", "", [title]), none]),
    element("div", "cwnb-list-search-line", [search, these, count]), heads, box, empty,
  ]);
  el.append(root);
  let items = []; // those that are shown
  let marked = 0;
  let width = 0;
  let isFirst = true; // those chosen are in sight when the list is first shown
  let details = 0; // lines of the item that has most of them
  let columns = []; // letters of each text, empty where the texts stand below the names

  const chosen = () => new Set(model.get("chosen"));
  const rowHeight = () =>
    (model.get("heads").length && !columns.length ? 40 : 24) + DETAIL_PIXELS * details;
  const set = (names) => {
    const order = new Map(model.get("items").map(({ name }, place) => [name, place]));
    const sorted = [...new Set(names)].sort((a, b) => (order.get(a) ?? -1) - (order.get(b) ?? -1));
    write(model, { chosen: sorted });
  };
  const toggle = (name) => {
    const names = isMultiple ? chosen() : new Set([name].filter((n) => chosen().has(n)));
    if (!names.delete(name)) names.add(name);
    set(names);
  };
  // Rows that stay in sight stay in the page, for a click whose row is replaced while it is pressed
  // goes nowhere. So what is in a row takes no presses of its own (see choices.css).
  let drawn = new Map();
  const rowOf = (item, place, isChosen) => {
    const headed = model.get("heads").map((head, column) => `${head}: ${item.texts?.[column]}`);
    const texts = (item.texts ?? []).map((text) =>
      element("span", "cwnb-list-text", visibleNodes(text)));
    const row = drawn.get(item.name) ?? element("div", "cwnb-list-row", [], {
      role: "option",
      onclick: () => {
        marked = row.place;
        toggle(item.name);
      },
    });
    row.place = place;
    row.id = `${id}-${place}`;
    row.title = [item.hint || item.name, ...item.texts ? headed : []].join("\n");
    row.setAttribute("aria-selected", isChosen);
    row.setAttribute("aria-setsize", items.length);
    row.setAttribute("aria-posinset", place + 1);
    row.style.cssText = `top: ${place * rowHeight()}px; height: ${rowHeight()}px`;
    row.classList.toggle("cwnb-list-marked", place === marked);
    row.replaceChildren(
      element("span", "cwnb-list-tick", [isChosen ? "✓" : ""], { "aria-hidden": "true" }),
      element("bdi", "cwnb-list-name", visibleNodes(item.name)),
      columns.length || !texts.length ? "" : element("span", "cwnb-list-texts", texts),
      ...columns.length ? texts : [],
      ...(item.details ?? []).map((text) => element("bdi", "cwnb-list-detail", visibleNodes(text))),
    );
    return row;
  };
  const draw = () => {
    const height = rowHeight();
    const from = Math.max(0, Math.floor(box.scrollTop / height) - 4);
    const to = Math.min(items.length, from + Math.ceil(box.clientHeight / height) + 8);
    const names = chosen();
    const rows = items.slice(from, to).map((item, i) => rowOf(item, from + i, names.has(item.name)));
    drawn = new Map(rows.map((row, i) => [items[from + i].name, row]));
    putChildren(body, rows);
    const isThere = from <= marked && marked < to;
    if (isThere) box.setAttribute("aria-activedescendant", `${id}-${marked}`);
    else box.removeAttribute("aria-activedescendant");
  };
  const measure = () => {
    width = root.clientWidth;
    const texts = model.get("heads").map((head, column) => Math.max(head.length,
      ...model.get("items").map((item) => item.texts?.[column]?.length ?? 0)) + 2);
    const isWide = width / LETTER_PIXELS - sumOf(texts) - 4 >= NAME_LETTERS;
    columns = isWide ? texts : [];
    details = Math.max(0, ...model.get("items").map((item) => item.details?.length ?? 0));
    root.style.setProperty("--cwnb-list-columns", columns.map((one) => `${one}ch`).join(" "));
    root.style.setProperty("--cwnb-list-below", texts.map((one) => `${0.9 * one - 1.2}ch`).join(" "));
    heads.hidden = !texts.length || !items.length;
    const names = model.get("heads").map((head) => element("span", "", [head]));
    const cells = [element("span"), ...names];
    heads.replaceChildren(
      element("span"), ...columns.length ? cells : [element("span", "cwnb-list-texts", names)],
    );
  };
  const show = () => {
    const all = model.get("items");
    const names = chosen();
    const known = new Set(all.map(({ name }) => name));
    const others = [...names].filter((name) => !known.has(name));
    const isOnly = count.getAttribute("aria-pressed") === "true" && names.size > 0;
    const words = search.value.toLowerCase().split(/[\s*]+/).filter(Boolean);
    items = [...others.map((name) => ({ name, hint: "it is not in the list" })), ...all]
      .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
      .filter(({ name }) => !isOnly || names.has(name));
    marked = clamped(marked, 0, Math.max(0, items.length - 1));
    const [shown, size] = [written(items.length), written(all.length)];
    const chosenOf = names.size ? `${written(names.size)} of ${size} chosen` : "";
    const shownOf = items.length < all.length ? chosenOf ? `${shown} shown` : `${shown} of ${size}` : "";
    count.textContent = [chosenOf, shownOf].filter(Boolean).join(", ") || size;
    count.setAttribute("aria-pressed", String(isOnly));
    count.disabled = !names.size;
    count.title = isOnly ? "show all" : "show those chosen alone";
    search.hidden = all.length < 2 && !others.length;
    count.hidden = search.hidden && !isMultiple && !names.size;
    // It keeps its room, so that the first choice moves no row.
    none.hidden = !isMultiple;
    none.style.visibility = names.size ? "" : "hidden";
    these.hidden = !isMultiple || !words.length || !items.length;
    these.textContent = `choose these ${written(items.length)}`;
    measure();
    body.style.height = `${items.length * rowHeight()}px`;
    box.style.height = `${Math.min(items.length, ROWS_SHOWN) * rowHeight() + 2}px`;
    box.hidden = !items.length;
    empty.hidden = items.length > 0;
    empty.textContent = all.length || others.length
      ? `nothing here has ${JSON.stringify(search.value)} in its name` : model.get("empty");
    // The borders of the box, of which the right one counts here, and its scroll bar.
    const beside = box.offsetWidth - box.clientWidth;
    heads.style.paddingRight = `${5 + beside}px`;
    const first = items.findIndex(({ name }) => names.has(name));
    if (isFirst && first >= 0) mark(first);
    isFirst &&= !all.length;
    draw();
  };
  const mark = (place) => {
    marked = clamped(place, 0, Math.max(0, items.length - 1));
    const top = marked * rowHeight();
    if (top < box.scrollTop) box.scrollTop = top;
    const bottom = top + rowHeight() - box.clientHeight;
    if (bottom > box.scrollTop) box.scrollTop = bottom;
    draw();
  };
  const pressed = (event) => {
    const { key } = event;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };
    if (key in steps) {
      mark(marked + steps[key]);
    } else if ((key === " " || key === "Enter") && items[marked]) {
      toggle(items[marked].name);
    } else if (key === "a" && (event.ctrlKey || event.metaKey)) {
      if (isMultiple) these.click();
    } else {
      // A letter is looked for; the box of the search takes it.
      if (key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) search.focus();
      return;
    }
    event.preventDefault();
  };
  const searched = (event) => {
    if (event.key === "ArrowDown") box.focus();
    else if (event.key === "Enter" && items[marked]) toggle(items[marked].name);
    else if (event.key === "Escape" && search.value) search.value = "";
    else return;
    event.preventDefault();
    show();
  };
  search.addEventListener("input", () => {
    marked = 0;
    box.scrollTop = 0;
    show();
  });
  search.addEventListener("keydown", searched);
  box.addEventListener("keydown", pressed);
  box.addEventListener("scroll", () => requestAnimationFrame(draw));
  these.addEventListener("click", () => set([...chosen(), ...items.map(({ name }) => name)]));
  none.addEventListener("click", () => set([]));
  count.addEventListener("click", () => {
    count.setAttribute("aria-pressed", String(count.getAttribute("aria-pressed") !== "true"));
    show();
  });
  new ResizeObserver(() => { if (root.clientWidth !== width) show(); }).observe(root);
  model.on("change:items change:chosen change:empty", show);
  show();
}

// The fields of events: each opens to its most frequent values, which can be clicked into the query.
const MOST_FIELDS = 300; // in the page at once; a search finds the others

function drawFields({ model, el }) {
  const title = model.get("title");
  const count = element("span", "cwnb-list-count");
  const search = element("input", "cwnb-list-search", [], {
    type: "search", placeholder: "search", "aria-label": `search in ${title}`, oninput: () => show(),
  });
  const rows = element("ul", "cwnb-fields");
  const note = element("div", "cwnb-list-empty", [], { role: "status" });
  el.append(element("div", "cwnb-list tex2jax_ignore mathjax_ignore", [
    element("div", "cwnb-list-head", [element("strong", "", [title])]),
    element("div", "cwnb-list-search-line", [search, count]), rows, note, busyNote(model),
  ]));
  const opened = new Set();

  // Buttons of fields that stay are not made anew, as in a list of names.
  let drawn = new Map();
  const made = (name) => {
    const values = element("div", "cwnb-field-values");
    const button = element("button", "cwnb-field", [], {
      type: "button",
      onclick: () => {
        const isOpen = !opened.delete(name);
        if (isOpen) opened.add(name);
        button.setAttribute("aria-expanded", isOpen);
        if (!isOpen) {
          values.of = null;
          return values.replaceChildren();
        }
        showValues(model, row.item, values).then(() => bringIntoSight(rows, button, values));
      },
    });
    const row = { node: element("li", "", [button, values]), button, values };
    return row;
  };
  const rowOf = (item) => {
    const { name, share = 0, types = [], has_conflict: hasConflict } = item;
    const row = drawn.get(name) ?? made(name);
    row.item = item;
    row.button.setAttribute("aria-expanded", opened.has(name));
    row.button.title = `${name}: ${types.join(", ")}`;
    row.button.replaceChildren(
      element("bdi", "cwnb-list-name", visibleNodes(name)),
      element("span", hasConflict ? "cwnb-field-types cwnb-field-differ" : "cwnb-field-types", [
        hasConflict ? "types differ" : types.join(", "),
      ]),
      shareBar(share),
    );
    if (opened.has(name)) showValues(model, item, row.values);
    return [name, row];
  };
  const show = () => {
    const items = model.get("items");
    const wanted = search.value.toLowerCase();
    const found = items.filter(({ name }) => name.toLowerCase().includes(wanted));
    drawn = new Map(found.slice(0, MOST_FIELDS).map(rowOf));
    putChildren(rows, [...drawn.values()].map(({ node }) => node));
    count.textContent = found.length < items.length
      ? `${written(found.length)} of ${written(items.length)}` : written(items.length);
    search.hidden = items.length < 2;
    const left = found.length - MOST_FIELDS;
    if (left > 0) note.textContent = `${written(left)} more fields; search for them`;
    else if (found.length) note.textContent = "";
    else note.textContent = items.length
      ? `no field has ${JSON.stringify(search.value)} in its name` : model.get("empty");
  };
  model.on("change:items change:empty change:about", show);
  show();
}

// Scrolls the list alone, as far as the button stays in sight.
function bringIntoSight(list, button, values) {
  const box = list.getBoundingClientRect();
  const below = values.getBoundingClientRect().bottom - box.bottom;
  list.scrollTop += clamped(below + 4, 0, Math.max(0, button.getBoundingClientRect().top - box.top));
}

// How many of all events have something, as a bar and a number.
function shareBar(share) {
  const percent = 100 * share;
  const text = percent > 0 && percent < 1 ? "<1" : percent > 99 && percent < 100 ? ">99"
    : Math.round(percent);
  return element("span", "cwnb-field-share", [
    element("span", "cwnb-field-share-bar", [], { style: `width: ${percent}%` }),
    element("span", "cwnb-field-share-text", [`${text} %`]),
  ]);
}

// Asks for the most frequent values of a field, and shows them if they are the newest that were asked.
async function showValues(model, { name, types = [], has_conflict: hasConflict }, place) {
  const say = (text) => place.replaceChildren(element("div", "cwnb-list-empty", [text], { role: "status" }));
  const act = (what, data) => ask(model, "gesture", { ...data, do: what, field: name })
    .catch(({ message }) => say(message));
  const of = String(Math.random());
  place.of = of;
  say("counting …");
  try {
    await ask(model, "values", { name, of }, ({ values }) => {
      if (place.of !== of) return;
      if (!values.length) return say("no event has it");
      const most = Math.max(...values.map((value) => value.count));
      place.replaceChildren(
        element("div", "cwnb-field-values-head", [
          `most frequent values, ${model.get("about")}`,
          element("button", "cwnb-small-button", ["count by it"], {
            type: "button", onclick: () => act("count_by", {}),
          }),
        ]),
        hasConflict ? element("div", "cwnb-field-differ", [`its types differ: ${types.join(", ")}`]) : "",
        ...values.map((value, at) => valueRow(name, value, most, (what) => act(what, { place: at, of }))),
      );
    });
  } catch (error) {
    if (place.of === of) say(error.message);
  }
}

function valueRow(name, { text, count, is_missing: isMissing }, most, act) {
  const button = (sign, what, label) => element("button", "cwnb-small-button", [sign], {
    type: "button", title: label, "aria-label": label, onclick: () => act(what),
  });
  const shown = isMissing ? [element("i", "", ["no value"])] : visibleNodes(text);
  const short = isMissing ? "no value" : text.slice(0, 80);
  return element("div", "cwnb-field-value", [
    element("span", "cwnb-field-value-bar", [], { style: `width: ${100 * count / most}%` }),
    element("bdi", "cwnb-list-name", shown, { title: text }),
    element("span", "cwnb-field-value-count", [written(count)]),
    button("+", "keep_only", `keep only events whose ${name} is ${short}`),
    button("−", "leave_out", `leave out events whose ${name} is ${short}`),
  ]);
}

// Names to choose from.
function drawList({ model, el }) {
  const rows = element("div", "cwnb-choices", [], { role: "listbox", tabindex: 0 });
  const search = element("input", "cwnb-search", [], {
    type: "search", placeholder: "search", "aria-label": `search ${model.get("title")}`,
    oninput: () => show(),
  });
  const choose = (name) => {
    const others = model.get("chosen").filter((other) => other !== name);
    const isChosen = others.length < model.get("chosen").length;
    const now = model.get("multiple") ? others : [];
    model.set("chosen", isChosen ? now : [...now, name]);
    model.save_changes();
  };
  const rowOf = ({ name, texts = [], hint }) =>
    element("div", "cwnb-choice", [name, ...texts.map((text) => element("span", "", [text]))], {
      role: "option", title: hint, onclick: () => choose(name),
      "aria-selected": String(model.get("chosen").includes(name)),
    });
  const show = () => {
    const wanted = search.value.toLowerCase();
    const found = model.get("items").filter(({ name }) => name.toLowerCase().includes(wanted));
    rows.replaceChildren(...(found.length ? found.map(rowOf) : [model.get("empty")]));
  };
  el.append(element("div", "cwnb-list", [model.get("title"), search, rows]));
  model.on("change:items change:chosen change:empty", show);
  show();
  return () => model.off("change:items change:chosen change:empty", show);
}

// The fields of events.
function drawFields({ model, el }) {
  const rows = element("div", "cwnb-choices");
  const act = (field, place, sign, what) =>
    element("button", "", [sign], {
      "aria-label": what, onclick: () => ask(model, "gesture", { do: what, field, place }),
    });
  const open = async (item, row) => {
    await ask(model, "values", { name: item.name }, ({ values }) => {
      row.append(...values.map(({ text, count }, place) => element("div", "", [
        text, ` ${count} `, act(item.name, place, "+", "keep_only"),
        act(item.name, place, "−", "leave_out"),
      ])));
    });
  };
  const rowOf = (item) => {
    const row = element("div", "cwnb-choice");
    row.append(element("button", "", [item.name], { onclick: () => open(item, row) }));
    row.append(` ${item.types.join(", ")} ${Math.round(100 * item.share)} %`);
    return row;
  };
  const show = () => {
    const items = model.get("items");
    rows.replaceChildren(...(items.length ? items.map(rowOf) : [model.get("empty")]));
  };
  el.append(element("div", "cwnb-list", [model.get("title"), rows]));
  model.on("change:items change:empty", show);
  show();
  return () => model.off("change:items change:empty", show);
}

// What a row opens to: the fields of its event, and its neighbours in the log stream. And the
// buttons of the gestures on a value. `at` says which value or event: by the row and the column, or
// the name of a field, or by an `@ptr`.
const NEIGHBOURS = 5; // on each side at first
const MORE_NEIGHBOURS = 20;

const ON_VALUE = [
  ["+", "keep_only", "keep only rows with this value"],
  ["−", "leave_out", "leave out rows with this value"],
  ["count by", "count_by", "count the events by this field"],
];

// The buttons for a value, or null where nothing can be asked again.
function valueTools(model, at, attempt) {
  const { number: of, has_gestures: hasGestures } = model.get("answer");
  if (!hasGestures) return null;
  return element("span", "cwnb-tools", ON_VALUE.map(([sign, gesture, what]) =>
    toolButton(sign, what, () => attempt("gesture", { do: gesture, of, ...at }))));
}

function toolButton(sign, what, onclick) {
  return element("button", "cwnb-tool", [sign], { "aria-label": what, title: what, onclick });
}

async function openedRow(model, row, attempt) {
  const { number: of, kind } = model.get("answer");
  const asks = { model, of, attempt };
  const { node, pointer } = await drawEvent(asks, { row });
  if (kind === "groups" && model.get("answer").has_gestures) {
    const drill = () => attempt("gesture", { do: "drill_down", of, row });
    node.prepend(element("button", "cwnb-button", ["Events behind this row"], { onclick: drill }));
  }
  if (pointer) node.append(drawNeighbours(asks, pointer));
  return node;
}

async function replyTo({ model, of }, what, data) {
  let content;
  await ask(model, what, { of, ...data }, (reply) => { content = reply; });
  return content;
}

async function drawEvent(asks, at) {
  const { fields, pointer } = await replyTo(asks, "event", at);
  const rows = fields.map((field) => element("tr", "", [
    element("th", "", visibleNodes(field.title), { scope: "row" }),
    element("td", "cwnb-event-tools", fieldTools(asks, at, field)),
    element("td", "", [fieldValue(asks, at, field)]),
  ]));
  const table = element("table", "cwnb-event-fields", [element("tbody", "", rows)]);
  return { node: element("div", "cwnb-event", [table]), pointer };
}

// A field that the query has made is a column of the row, and no field of its event.
function valuePlace(at, { name, column }) {
  return column === undefined ? { ...at, field: name } : { ...at, column };
}

async function wholeText({ model, of }, place) {
  const parts = [];
  await ask(model, "whole", { of, ...place }, (_, buffers) => parts.push(...buffers));
  return new Blob(parts).text();
}

function fieldTools(asks, at, field) {
  const place = valuePlace(at, field);
  const copy = toolButton("copy", `copy ${field.name}`, async () => {
    try {
      await writeClipboard(wholeText(asks, place));
      copy.textContent = "copied";
    } catch (error) {
      asks.model.set("failed", error.message);
    }
  });
  return [valueTools(asks.model, place, asks.attempt), copy].filter(Boolean);
}

function fieldValue(asks, at, field) {
  const value = element("div", "cwnb-event-value", visibleNodes(field.text, { lines: true }), {
    tabindex: field.text.length > 500 ? 0 : null, role: "group", "aria-label": field.name,
  });
  if (!field.is_cut) return value;
  const all = `Show all of ${counted(field.characters, "character")}`;
  const more = element("button", "cwnb-button", [all], {
    onclick: async () => {
      try {
        const text = await wholeText(asks, valuePlace(at, field));
        value.replaceChildren(...visibleNodes(text, { lines: true }));
        more.remove();
      } catch (error) {
        more.replaceWith(error.message);
      }
    },
  });
  return element("div", "", [value, more]);
}

// The events around one in its log stream, oldest first; each opens to its fields.
function drawNeighbours(asks, pointer) {
  const node = element("div", "cwnb-around");
  const show = async (before, after) => {
    let events;
    try {
      ({ events } = await replyTo(asks, "around", { pointer, before, after }));
    } catch (error) {
      return node.replaceChildren(error.message);
    }
    const more = (side, least) => {
      const has = events.filter(({ offset }) => Math.sign(offset) === side).length >= least;
      const wanted = [before, after].map((count, at) =>
        count + (side === (at ? 1 : -1) ? MORE_NEIGHBOURS : 0));
      return has ? [element("button", "cwnb-button", [side < 0 ? "Earlier" : "Later"], {
        onclick: () => show(...wanted),
      })] : [];
    };
    node.replaceChildren(
      element("div", "cwnb-around-head", ["In the same log stream", ...more(-1, before)]),
      ...events.map((event) => neighbour(asks, event)), ...more(1, after),
    );
  };
  show(NEIGHBOURS, NEIGHBOURS);
  return node;
}

function neighbour(asks, { offset, time, text, pointer }) {
  const inside = [
    element("span", "cwnb-neighbour-time", [time]), element("span", "cwnb-neighbour-text", visibleNodes(text)),
  ];
  if (!offset) return element("div", "cwnb-neighbour cwnb-neighbour-here", inside, { "aria-current": "true" });
  const place = element("div");
  const button = element("button", "cwnb-neighbour", inside, {
    "aria-expanded": "false",
    onclick: async () => {
      const opens = !place.firstChild;
      button.setAttribute("aria-expanded", opens);
      if (!opens) return place.replaceChildren();
      place.replaceChildren("…");
      const drawn = await drawEvent(asks, { pointer }).then((event) => event.node,
        (error) => error.message);
      if (button.getAttribute("aria-expanded") === "true") place.replaceChildren(drawn);
    },
  });
  return element("div", "", [button, place]);
}

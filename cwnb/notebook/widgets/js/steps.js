// How a query was run: a line for each command, with its numbers beside it.
const STEP_HEADS = ["command as run", "rows in", "rows out", "ms", "bytes read"];

function drawSteps({ model, el }) {
  const place = element("div", "cwnb-steps tex2jax_ignore mathjax_ignore");
  el.append(place);
  const cell = (tag, text, isNumber) =>
    element(tag, isNumber ? "cwnb-number" : "", [text], { scope: tag === "th" && "col" });
  const show = () => {
    const steps = model.get("steps");
    if (!steps.length) return place.replaceChildren();
    const head = element("tr", "", STEP_HEADS.map((text, i) => cell("th", text, i > 0)));
    const rows = steps.map(({ command, numbers }) => element("tr", "", [
      element("td", "", [element("bdi", "", [command])]),
      ...numbers.map((text) => cell("td", text, true)),
    ]));
    place.replaceChildren(element("table", "", [
      element("thead", "", [head]), element("tbody", "", rows),
    ]));
  };
  model.on("change:steps", show);
  show();
  return () => model.off("change:steps", show);
}

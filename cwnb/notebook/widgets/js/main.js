// Each kind of view, and the function that draws it.
const KINDS = {
  answer: drawAnswer, editor: drawEditor, fields: drawFields, frame: drawFrame, lines: drawLines,
  list: drawList, steps: drawSteps,
};

function render({ model, el }) {
  // Keys that are pressed in a view are not shortcuts of the notebook.
  el.setAttribute("data-lm-suppress-shortcuts", "true");
  el.classList.add("cwnb-view");
  return KINDS[model.get("kind")]({ model, el });
}

export default { render };

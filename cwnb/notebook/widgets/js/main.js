// `KINDS`, written by `script.py`, has the function that draws each kind of view.
function render({ model, el }) {
  // Keys that are pressed in a view are not shortcuts of the notebook.
  el.setAttribute("data-lm-suppress-shortcuts", "true");
  el.classList.add("cwnb-view");
  return KINDS[model.get("kind")]({ model, el });
}

export default { render };

// `KINDS`, written by `script.py`, has the function that draws each kind of view.
function render({ model, el }) {
  keepKeys(el);
  el.classList.add("cwnb-view");
  return KINDS[model.get("kind")]({ model, el });
}

export default { render };

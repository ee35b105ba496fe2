// `KINDS`, written by `script.py`, has the function that draws each kind of view.
function render({ model, el }) {
  keepKeys(el);
  el.classList.add("cwnb-view");
  const stop = KINDS[model.get("kind")]({ model, el });
  return () => {
    for (const end of [...unanswered(model)]) end();
    stop?.();
  };
}

export default { render };

// Keys that are pressed in a node are not shortcuts of the notebook.
//
// JupyterLab looks for the attribute from the focused element up, but asks that element for its
// shortcuts first. So every element has it that gets the focus.
function keepKeys(node) {
  const keep = (element) => element.setAttribute("data-lm-suppress-shortcuts", "true");
  keep(node);
  node.addEventListener("focusin", (event) => keep(event.target));
}

// Keep the keys that are pressed in a node from being shortcuts of the notebook.
//
// An attribute on the node alone is not enough: JupyterLab runs the shortcuts of the focused element
// before it looks at the elements around it. So each element gets the attribute with the focus.
function keepKeys(node) {
  const keep = (element) => element.setAttribute("data-lm-suppress-shortcuts", "true");
  keep(node);
  node.addEventListener("focusin", (event) => keep(event.target));
}

// Lines of text: a state, sentences, and code to be copied.
function drawLines({ model, el }) {
  const root = element("div", "cwnb-lines tex2jax_ignore mathjax_ignore", [], { role: "status" });
  el.append(root);
  const show = () => {
    const lines = model.get("lines").map(({ text, kind }) =>
      element("div", `cwnb-line cwnb-line-${kind}`, [element("bdi", "", [text])]));
    const code = model.get("code");
    root.replaceChildren(...lines, ...(code ? [element("pre", "cwnb-code", [code])] : []));
  };
  model.on("change:lines change:code", show);
  show();
  return () => model.off("change:lines change:code", show);
}

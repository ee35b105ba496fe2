// A field for the text of a query.
function drawEditor({ model, el }) {
  const field = element("textarea", "cwnb-text", [], {
    rows: 6, spellcheck: "false", autocomplete: "off", "aria-label": model.get("label"),
    oninput: () => {
      model.set("text", field.value);
      model.set("error", {});
      model.save_changes();
    },
    onkeydown: (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(model, "run");
    },
  });
  const fault = element("div", "cwnb-fault", [], { role: "alert" });
  el.append(element("div", "cwnb-editor", [field, fault]));
  const showText = () => {
    if (field.value !== model.get("text")) field.value = model.get("text");
  };
  const showError = () => {
    fault.textContent = model.get("error").message ?? "";
  };
  model.on("change:text", showText);
  model.on("change:error", showError);
  showText();
  showError();
  return () => {
    model.off("change:text", showText);
    model.off("change:error", showError);
  };
}

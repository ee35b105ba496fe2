// What a row opens to, and the gestures on a value.

// The buttons beside a value: `at` says where it is, by row and column or by the name of a field.
function valueTools(model, at, attempt) {
  const { number, has_gestures: hasGestures } = model.get("answer");
  if (!hasGestures) return null;
  const button = (sign, what, gesture) =>
    element("button", "cwnb-tool", [sign], {
      "aria-label": what, title: what,
      onclick: () => attempt("gesture", { do: gesture, of: number, ...at }),
    });
  return element("span", "cwnb-tools", [
    button("+", "keep only rows with this value", "keep_only"),
    button("−", "leave out rows with this value", "leave_out"),
  ]);
}

function openedRow(model, row, attempt) {
  const { number, kind } = model.get("answer");
  const node = element("div", "cwnb-event");
  if (kind === "groups") {
    node.append(element("button", "cwnb-button", ["Events behind this row"], {
      onclick: () => attempt("gesture", { do: "drill_down", of: number, row }),
    }));
  }
  return node;
}

// What ipywidgets leaves out of its controls: names, keys, and a word where the kernel is busy.

// Gives controls and pictures their names, by the class of their widget.
function labelControls(box, labels) {
  for (const [name, label] of Object.entries(labels)) {
    for (const control of box.querySelectorAll(`.${name} :is(input, select, textarea)`)) {
      setAttributes(control, { "aria-label": label });
    }
    for (const picture of box.querySelectorAll(`img.${name}, .${name} img`)) {
      setAttributes(picture, { alt: label });
    }
    for (const bar of box.querySelectorAll(`.${name} .progress, .${name} [role=progressbar]`)) {
      setAttributes(bar, { "aria-label": label });
    }
  }
}

// The headings of an accordion take a click alone: this makes buttons of them.
function openByKeyboard(box) {
  for (const heading of box.querySelectorAll(".jupyter-widget-Collapse-header")) {
    const isOpen = heading.closest(".jupyter-widget-Collapse-open") !== null;
    setAttributes(heading, { role: "button", tabindex: "0", "aria-expanded": String(isOpen) });
    heading.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      heading.click();
    };
  }
}

// Those that are so already are left alone, for an observer of the page calls this.
function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
}

// Counts what these controls send as questions of a view: it says so while the kernel is busy. And
// lets them send each change at once. A control of ipywidgets holds a second change back until the
// kernel has replied to the first one, so that a press of Run meanwhile would come before it.
function watchControls(model, ids) {
  for (const id of ids) {
    // A front end that gives no models can still show the explorer.
    model.widget_manager?.get_model(id)?.then((control) => watchSends(model, control), () => {});
  }
}

const WATCHED = Symbol("watched by cwnb");

function watchSends(model, { comm }) {
  if (!comm?.send || comm[WATCHED]) return;
  comm[WATCHED] = true;
  const send = comm.send.bind(comm);
  comm.send = (data, callbacks, ...rest) => {
    const answered = beginWaiting(model);
    const replied = callbacks?.iopub?.status;
    const isChange = data.method === "update";
    const status = (message) => {
      if (message.content.execution_state === "idle") answered();
      if (!isChange) replied?.(message);
    };
    // Later, for the control counts what waits for a reply after it has sent it.
    if (isChange) queueMicrotask(() => replied?.({ content: { execution_state: "idle" } }));
    return send(data, { ...callbacks, iopub: { ...callbacks?.iopub, status } }, ...rest);
  };
}

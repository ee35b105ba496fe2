// What the explorer does to its own page: it stands in the box of ipywidgets that is the explorer.
function drawFrame({ model, el }) {
  const said = element("div", "cwnb-frame-says", [], { role: "alert" });
  el.append(said);
  const stops = [];
  const follow = (target, event, handler) => {
    target.on(event, handler);
    stops.push(() => target.off(event, handler));
  };
  follow(model, "change:busy", () => {
    said.textContent = model.get("busy") > 0 ? "the kernel is busy with a cell; interrupt it" : "";
  });
  follow(model, "msg:custom", (content) => {
    // Where the browser does not allow it, the code is there to be copied by hand.
    if (content.copy === undefined) return;
    writeClipboard(content.copy).then(() => ask(model, "copied"), () => {});
  });
  model.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone ?? "");
  model.save_changes();
  let isGone = false;
  stops.push(() => { isGone = true; });
  whenShown(el, () => isGone, () => {
    const box = el.closest(".cwnb-explorer");
    if (!box) return;
    keepKeys(box);
    const label = () => labelControls(box, model.get("labels"));
    const watcher = new MutationObserver(label);
    watcher.observe(box, { childList: true, subtree: true });
    label();
    // One question at a time is enough to know that the kernel does not listen.
    let isAsking = false;
    const listen = () => {
      if (isAsking) return;
      isAsking = true;
      ask(model, "heard").finally(() => { isAsking = false; });
    };
    box.addEventListener("click", listen);
    stops.push(() => { watcher.disconnect(); box.removeEventListener("click", listen); });
  });
  return () => stops.forEach((stop) => stop());
}

// Calls `then` once a node has been put into the page, for it is drawn before that.
function whenShown(node, isGone, then) {
  if (node.isConnected) then();
  else if (!isGone()) requestAnimationFrame(() => whenShown(node, isGone, then));
}

// Gives controls and pictures their names: ipywidgets has none for them.
function labelControls(box, labels) {
  for (const [name, label] of Object.entries(labels)) {
    for (const control of box.querySelectorAll(`.${name} :is(input, select, textarea)`)) {
      if (!control.labels?.length) control.setAttribute("aria-label", label);
    }
    for (const picture of box.querySelectorAll(`img.${name}, .${name} img`)) picture.alt = label;
    for (const bar of box.querySelectorAll(`.${name} .progress, .${name} [role=progressbar]`)) {
      bar.setAttribute("aria-label", label);
    }
  }
}

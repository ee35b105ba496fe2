// What the explorer does to its own page: it stands in the box of ipywidgets that is the explorer.
function drawFrame({ model, el }) {
  const said = busyNote(model);
  said.classList.add("cwnb-frame-says");
  el.append(said);
  const stops = [followKernel(model)];
  const follow = (event, handler) => {
    model.on(event, handler);
    stops.push(() => model.off(event, handler));
  };
  follow("msg:custom", (content) => {
    // Where the browser does not allow it, the code is there to be copied by hand.
    if (content.copy === undefined) return;
    writeClipboard(content.copy).then(() => ask(model, "copied"), () => {});
  });
  const watch = () => watchControls(model, model.get("controls"));
  follow("change:controls", watch);
  watch();
  model.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone ?? "");
  model.save_changes();
  let isGone = false;
  stops.push(() => { isGone = true; });
  whenShown(el, () => isGone, () => {
    const box = el.closest(".cwnb-explorer");
    if (!box) return;
    keepKeys(box);
    const dim = () => box.classList.toggle("cwnb-without-kernel", Boolean(model.get("is_gone")));
    follow("change:is_gone", dim);
    dim();
    const name = () => {
      labelControls(box, model.get("labels"));
      openByKeyboard(box);
    };
    const measures = watchRoom(box, model);
    stops.push(() => measures.disconnect());
    const watcher = new MutationObserver(name);
    watcher.observe(box, {
      childList: true, subtree: true, attributes: true, attributeFilter: ["class"],
    });
    name();
    const point = (event) => {
      if (!event.target.matches("img.cwnb-chart")) return;
      const { width, height } = event.target.getBoundingClientRect();
      const place = { x: event.offsetX / width, y: event.offsetY / height };
      ask(model, "pointed", place).catch(() => {});
    };
    box.addEventListener("click", point);
    stops.push(() => { watcher.disconnect(); box.removeEventListener("click", point); });
  });
  return () => stops.forEach((stop) => stop());
}

// Tells how wide the tabs are inside, once the page has its size for a while.
const SIZING_MS = 200;

function watchRoom(box, model) {
  let waiting;
  const tell = () => {
    const tabs = box.querySelector(".cwnb-tabs > :is(.widget-tab-contents, .jupyter-widget-tab-contents)");
    const { paddingLeft, paddingRight } = getComputedStyle(tabs ?? box);
    const width = Math.floor((tabs ?? box).clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight));
    if (width <= 0) return; // a notebook takes what is out of sight out of the page
    model.set("room", { width, pixels: devicePixelRatio });
    model.save_changes();
  };
  const watcher = new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(tell, SIZING_MS);
  });
  watcher.observe(box);
  return watcher;
}

// Calls `then` as soon as a node is in the page: a view is drawn first and put there later.
function whenShown(node, isGone, then) {
  if (node.isConnected) then();
  else if (!isGone()) requestAnimationFrame(() => whenShown(node, isGone, then));
}

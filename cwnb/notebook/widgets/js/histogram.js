// The events behind an answer over time, stacked by level. A drag over the bars narrows the window.
//
// The line above the bars says what the pointer, the arrow keys or a drag point at: the times, and
// the events of each level there.
const BARS_HEIGHT = 80;
const AXIS_HEIGHT = 30;
const LEFT_PIXELS = 52; // for the numbers of events
const DRAG_PIXELS = 4; // a shorter way of the pointer is a click
const COUNTING = "counting the events over time …";

function drawHistogram({ model }) {
  const about = element("div", "cwnb-histogram-about");
  const legend = element("div", "cwnb-histogram-legend");
  const bars = element("div", "cwnb-bars", [], {
    role: "slider", tabindex: 0, "aria-label": "events over time", "aria-valuemin": 0,
    "aria-valuenow": 0, hidden: true,
  });
  const root = element("div", "cwnb-histogram", [
    element("div", "cwnb-histogram-head", [about, legend]), bars,
  ]);
  let histogram; // what the kernel gave: cwnb/notebook/widgets/histogram.py says what it is
  let chosen; // the bins pointed at: the one where that began, and the one where it ends
  let drag; // where the pointer went down

  const say = (text, waits) => {
    histogram = undefined;
    about.replaceChildren(...visibleNodes(text));
    legend.replaceChildren();
    bars.replaceChildren();
    bars.hidden = !waits;
  };
  const show = () => {
    if (!histogram) return;
    const part = partOf(histogram, chosen);
    const events = counted(part.total, "event");
    about.textContent = chosen
      ? `${drag?.isFar ? "narrow: " : ""}${part.times}: ${events}`
      : [events, `a bar is ${histogram.period}`, ...histogram.notes].join(" · ");
    const levels = histogram.levels.filter(({ name }) => name);
    legend.replaceChildren(...levels.map((level, row) => element("span", "", [
      element("span", "cwnb-histogram-swatch", [], { style: `background: ${level.colour}` }),
      ...visibleNodes(level.name), " ", element("b", "", [written(part.numbers[row])]),
    ])));
    bars.setAttribute("aria-valuemax", histogram.texts.length - 2);
    bars.setAttribute("aria-valuenow", chosen?.end ?? 0);
    bars.setAttribute("aria-valuetext", `${about.textContent}: ${legend.textContent}`);
    bars.replaceChildren(drawnBars(histogram, part, bars.clientWidth));
  };
  const choose = (begin, end) => {
    chosen = begin === undefined ? undefined : { begin, end };
    show();
  };
  const narrow = () => {
    const { first, last } = partOf(histogram, chosen);
    const [start_ms, end_ms] = [histogram.edges_ms[first], histogram.edges_ms[last + 1]];
    choose();
    ask(model, "gesture", { do: "narrow", start_ms, end_ms })
      .catch(({ message }) => model.set("failed", message));
  };
  const follow = async () => {
    const { number: of } = model.get("answer");
    // The rows so far of a query that runs have no histogram: it comes with the answer.
    if (of === undefined || model.get("progress")?.text) return;
    if (!histogram) say(COUNTING, true);
    // The table is painted first.
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    try {
      await ask(model, "histogram", { of }, (content) => {
        if (model.get("answer").number !== of) return;
        if (content.reason) return say(`no histogram: ${content.reason}`);
        [histogram, chosen, drag, bars.hidden] = [content, undefined, undefined, false];
        show();
      });
    } catch (error) {
      if (model.get("answer").number === of) say(`no histogram: ${error.message}`);
    }
  };
  const binAt = ({ clientX }) => {
    const { left, width } = bars.getBoundingClientRect();
    const share = (clientX - left - LEFT_PIXELS) / (width - LEFT_PIXELS);
    return clamped(Math.floor(share * (histogram.texts.length - 1)), 0, histogram.texts.length - 2);
  };
  const moved = (event) => {
    if (!histogram) return;
    const at = binAt(event);
    const isDrag = drag && (drag.isFar || Math.abs(event.clientX - drag.x) >= DRAG_PIXELS);
    if (isDrag) drag.isFar = true;
    choose(isDrag ? drag.bin : at, at);
  };
  const pressed = (event) => {
    const most = histogram ? histogram.texts.length - 2 : -1;
    const steps = {
      ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity,
    };
    if (most < 0) return;
    if (event.key in steps) {
      const from = chosen?.end ?? (steps[event.key] < 0 ? most + 1 : -1);
      const end = clamped(from + steps[event.key], 0, most);
      choose(event.shiftKey && chosen ? chosen.begin : end, end);
    } else if (event.key === "Enter" && chosen && histogram.narrows) {
      narrow();
    } else if (event.key === "Escape" && (chosen || drag)) {
      drag = undefined;
      choose();
    } else {
      return;
    }
    event.preventDefault();
  };
  bars.addEventListener("keydown", pressed);
  bars.addEventListener("pointermove", moved);
  bars.addEventListener("pointerleave", () => { if (!drag) choose(); });
  bars.addEventListener("pointerdown", (event) => {
    if (!histogram?.narrows || event.button) return;
    bars.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, bin: binAt(event) };
  });
  bars.addEventListener("pointerup", () => {
    const isFar = drag?.isFar;
    drag = undefined;
    if (isFar) narrow();
    else show();
  });
  bars.addEventListener("pointercancel", () => {
    drag = undefined;
    choose();
  });
  const grey = () => root.classList.toggle("cwnb-histogram-stale", Boolean(model.get("is_stale")));
  new ResizeObserver(show).observe(bars);
  model.on("change:answer", follow);
  model.on("change:is_stale", grey);
  grey();
  follow();
  return root;
}

// What the chosen bins hold, or all of them: their events, of each level too, and their times.
function partOf({ counts, texts }, chosen) {
  const bins = texts.length - 1;
  const first = chosen ? Math.min(chosen.begin, chosen.end) : 0;
  const last = chosen ? Math.max(chosen.begin, chosen.end) : bins - 1;
  const numbers = counts.map((row) => sumOf(row.slice(first, last + 1)));
  const [[date, from], [endDate, to]] = [texts[first], texts[last + 1]];
  const end = endDate === date ? to : `${endDate} ${to}`;
  return {
    first, last, numbers, isAll: !chosen, total: sumOf(numbers),
    times: `${`${date} ${from}`.trim()} to ${end.trim()}`,
  };
}

function drawn(tag, attributes, children = []) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// The picture: a ground for the bins pointed at, a line of the scale, the bars, and the axis.
function drawnBars({ counts, levels, texts, ticks }, part, width) {
  const bins = texts.length - 1;
  const step = Math.max(0, width - LEFT_PIXELS - 1) / bins;
  const xOf = (bin) => LEFT_PIXELS + bin * step;
  const most = Math.max(1, ...texts.slice(1).map((_, bin) => sumOf(counts.map((row) => row[bin]))));
  const pixels = (number) => (number ? Math.max(1, number / most * (BARS_HEIGHT - 8)) : 0);
  const nodes = [];
  if (!part.isAll) {
    nodes.push(drawn("rect", {
      class: "cwnb-histogram-chosen", x: xOf(part.first), y: 0, height: BARS_HEIGHT,
      width: (part.last - part.first + 1) * step,
    }));
  }
  const scale = roundBelow(most);
  const line = BARS_HEIGHT - pixels(scale);
  nodes.push(
    drawn("path", { class: "cwnb-histogram-scale", d: `M${LEFT_PIXELS},${line}H${width}` }),
    drawn("text", { class: "cwnb-histogram-axis", x: LEFT_PIXELS - 6, y: line + 4, "text-anchor": "end" },
      [written(scale)]),
  );
  const gap = step > 4 ? 1 : 0;
  for (let bin = 0; bin < bins; bin += 1) {
    let y = BARS_HEIGHT;
    levels.forEach(({ colour }, row) => {
      const height = pixels(counts[row][bin]);
      y -= height;
      if (height) {
        nodes.push(drawn("rect", {
          x: xOf(bin) + gap / 2, y, width: Math.max(0.5, step - gap), height, fill: colour,
          opacity: part.first <= bin && bin <= part.last ? 1 : 0.4,
        }));
      }
    });
  }
  nodes.push(drawn("path", { class: "cwnb-histogram-base", d: `M${LEFT_PIXELS},${BARS_HEIGHT}H${width}` }));
  let end = 0;
  for (const { bin, text } of ticks) {
    const lines = text.split("\n");
    const half = Math.max(...lines.map(({ length }) => length)) * 3.3;
    const x = clamped(xOf(bin), half, width - half);
    if (x - half < end) continue;
    end = x + half + 10;
    nodes.push(drawn("path", { class: "cwnb-histogram-base", d: `M${xOf(bin)},${BARS_HEIGHT}v4` }));
    lines.forEach((one, place) => nodes.push(drawn("text", {
      class: "cwnb-histogram-axis", x, y: BARS_HEIGHT + 15 + 12 * place, "text-anchor": "middle",
    }, [one])));
  }
  const height = BARS_HEIGHT + AXIS_HEIGHT;
  return drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": true }, nodes);
}

// The largest of 1, 2, 5, 10, 20, … that is not above a number.
function roundBelow(number) {
  const ten = 10 ** Math.floor(Math.log10(number));
  return ten * [5, 2, 1].find((digit) => digit * ten <= number);
}

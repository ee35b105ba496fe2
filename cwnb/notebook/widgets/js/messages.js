// Questions to the kernel. `onReply(content, buffers)` is called for each reply but the last,
// whose promise is given; it is rejected with the kernel's sentence if the question failed.
const BUSY_AFTER_MS = 1000;
const BUSY = "the kernel is busy with a cell; interrupt it";
const GONE = "the kernel has been restarted or shut down; run the cell again";

function ask(model, what, data = {}, onReply = () => {}) {
  // `crypto.randomUUID` is only there for pages that are served by https or from this machine.
  const number = `${Date.now()}-${Math.random()}`;
  return new Promise((resolve, reject) => {
    const answered = beginWaiting(model);
    const heard = (content, buffers) => {
      if (content.to !== number) return;
      answered();
      if (content.heard) return;
      if (!content.last) return onReply(content, buffers ?? []);
      model.off("msg:custom", heard);
      if (content.error) reject(new Error(content.error));
      else resolve(content);
    };
    model.on("msg:custom", heard);
    try {
      model.send({ ask: what, number, ...data });
    } catch {
      answered();
      model.off("msg:custom", heard);
      model.set("is_gone", true);
      reject(new Error(GONE));
    }
  });
}

// Sets traits that the view itself changes, here and in the kernel. `save_changes` would hold a
// second change of a view back until the kernel has replied to the first one, so that what is done
// meanwhile, such as a press of Run, would come before it.
function write(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  try {
    model.send({ write: values });
  } catch {
    model.set("is_gone", true);
  }
}

// Counts a question of a view as one for which the kernel is busy, if no reply ends that in time;
// gives what ends it.
function beginWaiting(model) {
  let isBusy = false;
  const waiting = setTimeout(() => {
    isBusy = true;
    model.set("busy", (model.get("busy") ?? 0) + 1);
  }, BUSY_AFTER_MS);
  const answered = () => {
    clearTimeout(waiting);
    if (isBusy) model.set("busy", model.get("busy") - 1);
    isBusy = false;
    unanswered(model).delete(answered);
  };
  unanswered(model).add(answered);
  return answered;
}

// What ends the waiting of each question of a view. One that is taken out of the page hears nothing
// more, and other views of its model must not wait for it.
const UNANSWERED = new WeakMap();

function unanswered(model) {
  if (!UNANSWERED.has(model)) UNANSWERED.set(model, new Set());
  return UNANSWERED.get(model);
}

// The JSON in a buffer, as the kernel's orjson wrote it.
function unpacked(buffer) {
  return JSON.parse(new TextDecoder().decode(buffer));
}

// What there is to say of the kernel: nothing while it replies.
function kernelSentence(model) {
  return model.get("is_gone") ? GONE : model.get("busy") > 0 ? BUSY : "";
}

// A line that says it.
function busyNote(model) {
  const note = element("div", "cwnb-note", [], { role: "status" });
  model.on("change:busy change:is_gone", () => { note.textContent = kernelSentence(model); });
  return note;
}

// Notice when the kernel is restarted: it knows nothing of the view then. The event also says that
// a kernel is there again, so it is asked.
function followKernel(model) {
  const look = () => {
    model.set("is_gone", true);
    ask(model, "heard").then(() => model.set("is_gone", false), () => {});
  };
  model.on("comm_live_update", look);
  return () => model.off("comm_live_update", look);
}

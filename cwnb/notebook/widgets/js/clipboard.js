// Write a text, or what a promise gives, to the clipboard; rejected with a sentence.
async function writeClipboard(text) {
  try {
    // A browser allows this only for seconds after a key or a click, but it takes a promise.
    const blob = Promise.resolve(text).then((ready) => new Blob([ready], { type: "text/plain" }));
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    return;
  } catch {
    // Pages of other machines that are not served by https have no `navigator.clipboard`.
  }
  const area = element("textarea");
  area.value = await text;
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  focused?.focus({ preventScroll: true });
  if (!isDone) throw new Error("the browser does not allow to copy; try once more");
}

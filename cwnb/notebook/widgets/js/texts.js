// Nodes are made of text alone, because log lines are hostile: no value ever becomes markup.

// The characters that cwnb/results/visible.py makes visible, which a test compares.
const ODD = new RegExp(
  "\\r\\n|[\\0-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f" +
  "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb" +
  "\\ud800-\\udfff\\u{e0000}-\\u{e0fff}]", "gu");
const ON_ONE_LINE = { "\r\n": "↵", "\n": "↵", "\t": " " };
const ON_LINES = { "\r\n": "\n", "\n": "\n", "\t": "\t" };
const MOST_MARKED = 100_000;
const CONTROLS = ("NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI " +
  "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US").split(" ");

// An element with a class, children (nodes or texts) and attributes; `on…` are handlers.
function element(tag, name, children = [], attributes = {}) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// Make these nodes the children of an element. Those that are there already are not taken out, for a
// node that is taken out while it is pressed gets no click.
function putChildren(parent, nodes) {
  const stay = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!stay.has(child)) child.remove();
  nodes.forEach((node, place) => {
    const there = parent.childNodes[place];
    if (there !== node) parent.insertBefore(node, there ?? null);
  });
}

// The nodes that show a text: odd characters are visible marks, and line ends too but on `lines`.
function visibleNodes(text, { lines = false } = {}) {
  const nodes = [];
  const shown = lines ? ON_LINES : ON_ONE_LINE;
  // Nodes by the hundred thousand would stop the page.
  if (text.length > MOST_MARKED) return [text.replace(ODD, (odd) => shown[odd] ?? markOf(odd))];
  let from = 0;
  for (const { 0: odd, index } of text.matchAll(ODD)) {
    nodes.push(text.slice(from, index));
    const plain = lines && shown[odd];
    nodes.push(plain || element("span", "cwnb-odd", [shown[odd] ?? markOf(odd)]));
    from = index + odd.length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

function markOf(odd) {
  const code = odd.codePointAt(0);
  return `⟨${CONTROLS[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`}⟩`;
}

// Nodes are made of text alone, because log lines are hostile: no value ever becomes markup.

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

// A `%%insights` cell: its first line, which the kernel reads as options, and the query below.

const CELL_BEGINNING = /^\s*%%insights(?=\s|$)/;
// Enough of a cell to tell whether it is one; blank lines may stand above its first line.
const CHARACTERS_LOOKED_AT = 1_000;
const LINE_TOKENS = [
  ["placeholder", /\{\{.*?\}\}/y],
  ["string", /"[^"]*"|'[^']*'/y],
  ["operator", /<<(?=\s|$)/y],
  ["option", /--?[a-z][\w-]*(?=[\s=]|$)/y],
  ["", /[^\s"'{]+|[^]/y],
];

function isInsightsCell(beginning) {
  return CELL_BEGINNING.test(beginning);
}

// The tokens of a whole cell, of the kinds of `tokensOf`, and `option` in the first line.
function cellTokens(text, words) {
  const beginning = CELL_BEGINNING.exec(text);
  if (!beginning) return [];
  const newline = text.indexOf("\n", beginning[0].length);
  const end = newline < 0 ? text.length : newline;
  const query = tokensOf(text.slice(end), words);
  return [
    ...firstLineTokens(text.slice(0, end), beginning[0].length, words),
    ...query.map((token) => ({ ...token, from: token.from + end, to: token.to + end })),
  ];
}

// The tokens behind the name of the magic. What has no kind of its own looks as it always did.
function firstLineTokens(line, from, words) {
  const tokens = [];
  let at = from;
  while (at < line.length) {
    const token = lineTokenAt(line, at);
    at = token.to;
    const isWord = token.kind === "option";
    if (isWord && !words.options.includes(line.slice(token.from, token.to))) continue;
    if (token.kind) tokens.push(token);
  }
  return tokens;
}

function lineTokenAt(line, at) {
  for (const [kind, pattern] of LINE_TOKENS) {
    pattern.lastIndex = at;
    if (pattern.test(line)) return { from: at, to: pattern.lastIndex, kind };
  }
  return { from: at, to: at + 1, kind: "" };
}

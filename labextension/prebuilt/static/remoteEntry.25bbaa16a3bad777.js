// Written by scripts/labextension.py: do not change it here.
(() => {
"use strict";

const WORDS = {
 "clauses": {
  "addtotals": [
   "col",
   "fieldname",
   "row"
  ],
  "anomaly": [],
  "appendcols": [
   "max",
   "override"
  ],
  "autoregress": [
   "p"
  ],
  "cidrlookup": [
   "output",
   "outputnew"
  ],
  "diff": [
   "previousday",
   "previousmonth",
   "previousweek"
  ],
  "estimate": [],
  "fillmissing": [
   "for",
   "with"
  ],
  "head": [
   "any"
  ],
  "join": [
   "left",
   "right",
   "type",
   "where"
  ],
  "json": [
   "field"
  ],
  "limit": [
   "any"
  ],
  "logcompare": [
   "timeshift"
  ],
  "lookup": [
   "output",
   "outputnew"
  ],
  "order": [
   "asc",
   "desc"
  ],
  "outlier": [
   "action",
   "mark",
   "param",
   "uselower"
  ],
  "parse": [
   "csv",
   "logfmt",
   "multi",
   "xml"
  ],
  "relevantfields": [
   "where"
  ],
  "sessionize": [
   "maxspan"
  ],
  "sort": [
   "asc",
   "desc"
  ],
  "stats": [
   "group",
   "offset"
  ],
  "unnest": [
   "into"
  ]
 },
 "commands": [
  "accum",
  "addtotals",
  "anomaly",
  "appendcols",
  "autoregress",
  "cidrlookup",
  "count_frequent",
  "countfrequent",
  "dedup",
  "diff",
  "display",
  "estimate",
  "expand",
  "fields",
  "filldown",
  "fillmissing",
  "filter",
  "filterindex",
  "head",
  "join",
  "json",
  "limit",
  "logcompare",
  "lookup",
  "order",
  "outlier",
  "parse",
  "pattern",
  "relevantfields",
  "sessionize",
  "sort",
  "stats",
  "tail",
  "unmask",
  "unnest",
  "where"
 ],
 "constants": [
  "false",
  "true"
 ],
 "functions": [
  "abs",
  "avg",
  "base64decode",
  "base64encode",
  "bin",
  "case",
  "ceil",
  "coalesce",
  "collectvalues",
  "concat",
  "count",
  "countdistinct",
  "countovertime",
  "dateceil",
  "datefloor",
  "dectohex",
  "earliest",
  "endswith",
  "floor",
  "formatdate",
  "frommillis",
  "greatest",
  "haversine",
  "hextoascii",
  "hextodec",
  "histogram",
  "if",
  "ipv4tonumber",
  "isblank",
  "isempty",
  "isipinsubnet",
  "isipv4insubnet",
  "isipv6insubnet",
  "isnumeric",
  "ispresent",
  "isprivateip",
  "ispublicip",
  "isreservedip",
  "isvalidip",
  "isvalidipv4",
  "isvalidipv6",
  "jsonarraycontains",
  "jsonarraysize",
  "jsonparse",
  "jsonstringify",
  "latest",
  "least",
  "log",
  "ltrim",
  "max",
  "md5",
  "messagesize",
  "min",
  "now",
  "parsedate",
  "pct",
  "queryendtime",
  "querystarttime",
  "querytimerange",
  "rate",
  "regexreplace",
  "replace",
  "round",
  "rtrim",
  "sha256",
  "sortsfirst",
  "sortslast",
  "split",
  "sqrt",
  "startswith",
  "stddev",
  "strcontains",
  "strftime",
  "strlen",
  "substr",
  "sum",
  "sumovertime",
  "todouble",
  "toint",
  "tolong",
  "tolower",
  "tomillis",
  "tonumber",
  "topk",
  "toupper",
  "trim",
  "urldecode",
  "urlencode",
  "values",
  "variance"
 ],
 "keywords": [
  "as",
  "by"
 ],
 "operators": [
  "and",
  "in",
  "like",
  "not",
  "or"
 ],
 "nesting": [
  "appendcols",
  "join"
 ],
 "source": "source",
 "sourceWords": [
  "accountidentifier",
  "accountidentifiers",
  "class",
  "datasource",
  "end",
  "loggroupclass",
  "loggroups",
  "loggrouptags",
  "nameprefix",
  "start"
 ],
 "units": [
  "d",
  "day",
  "days",
  "h",
  "hour",
  "hours",
  "hr",
  "hrs",
  "m",
  "millisecond",
  "milliseconds",
  "min",
  "mins",
  "minute",
  "minutes",
  "mo",
  "mon",
  "mons",
  "month",
  "months",
  "mos",
  "ms",
  "msec",
  "msecs",
  "mss",
  "q",
  "qtr",
  "qtrs",
  "quarter",
  "quarters",
  "s",
  "sec",
  "second",
  "seconds",
  "secs",
  "w",
  "week",
  "weeks",
  "y",
  "year",
  "years",
  "yr",
  "yrs"
 ],
 "options": [
  "--end",
  "--explain",
  "--group",
  "--help",
  "--into",
  "--lang",
  "--limit",
  "--logs",
  "--no-wait",
  "--plot",
  "--save",
  "--start",
  "--store",
  "--strict",
  "-g",
  "-h"
 ]
};

// The tokens of a query in Logs Insights QL, for editors that colour it.
//
// tokensOf(text, words) gives [{ from, to, kind }] in the order of the text; blanks have no token.
// `from` and `to` count UTF-16 units, as strings of JavaScript do. The kinds:
//
//   command function keyword    words of the language, as `words` lists them
//   operator pipe punctuation   signs; `and or not like in` are operators too
//   string regex number period constant comment
//   field quoted name           names that begin with @, that begin with a backtick, all others
//   placeholder                 {{name}}, also {{name|raw}} inside a string or a regex
//   error                       what no query can have there
//
// The text is cut where the library's own tokenizer cuts it (cwnb/insights/ql/tokens.py); a test
// compares the two. That one raises at a fault, and this one goes on, for people are still typing:
// a string, a regex or a quoted name that is not closed yet ends with its line.
//
// The file is joined with others into one script, so it neither imports nor exports.

// \w of Python is [\p{L}\p{N}_]; its blanks differ from \s of JavaScript too.
const NAME_PART = "(?:[\\p{L}\\p{N}_@]+|`(?:[^`]|``)+`)";
const NAME_START = "(?:@*`(?:[^`]|``)+`|[\\p{L}\\p{Nl}\\p{No}_@][\\p{L}\\p{N}_@]*)";
const TOKEN_PATTERNS = [
  ["blank", /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/uy],
  ["comment", /#[^\n]*/uy],
  ["number", /[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/uy],
  ["name", new RegExp(`${NAME_START}(?:\\.${NAME_PART})*`, "uy")],
  ["string", /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'/uy],
  // Signs of other languages, then calls of saved queries.
  ["error", /<>|&&|\|[|=~]|!~/uy],
  ["function", /\$(?:[\p{L}\p{N}_]+|`[^`]*`)/uy],
  ["operator", /=~|==|!=|<=|>=|[-+*%^=<>!]/uy],
  ["pipe", /\|/uy],
  ["punctuation", /[(),:[\]]/y],
  ["placeholder", /\{\{[^]*?\}\}|\{\{\s*[\p{L}\p{N}_]*/uy],
  ["punctuation", /[{}]/y],
  // Not closed yet.
  ["string", /["'][^\n]*/uy],
  ["name", /`[^\n]*/uy],
];
// Where a value may begin, `/` opens a regex and `.` begins a number.
const REGEX_PATTERNS = [
  ["error", /\/\//y],
  ["regex", /\/(?:[^/\\\n]|\\[^\n])+\//uy],
  ["regex", /\/[^\n]*/uy],
];
const POINT_NUMBER_PATTERNS = [["number", /\.[0-9]+(?:[eE][+-]?[0-9]+)?/uy]];
// Directly behind a bracket, `.` is followed by a key.
const STEP_PATTERNS = [["name", new RegExp(`(?:\\.${NAME_PART})+`, "uy")]];
const REGEX_FLAG_PATTERNS = [["error", /[\p{L}\p{N}_]+/uy]];
const RAW_PLACEHOLDER = /\{\{\s*[\p{L}_][\p{L}\p{N}_]*\s*\|\s*raw\s*\}\}/gu;

// Commands that take a word alone, in place of a value.
const TAKES_WORDS = new Set(["fillmissing", "diff", "logcompare", "relevantfields"]);
const VALUE_KINDS = new Set(
  ["constant", "field", "name", "number", "period", "placeholder", "quoted", "regex", "string"],
);

function tokensOf(text, words) {
  const tokens = cutTokens(text, words);
  nameKinds(tokens, text, words);
  return withRawPlaceholders(withJoinedPeriods(tokens), text);
}

// Cuts the text into tokens; every name is of the kind `name`.
function cutTokens(text, words) {
  const tokens = [];
  const context = new TokenContext(words);
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    const token = tokenAt(text, at, context);
    at = token.to;
    if (token.kind === "blank") continue;
    tokens.push(token);
    if (token.kind !== "comment") context.note(token, text);
  }
  return tokens;
}

// What comes before the next token, so that a regex can be told from a division.
class TokenContext {
  valueEnded = false;
  #words;
  #commandBegins = true;
  #command = "";
  #word = "";
  // Parentheses that are open in the command, and the same of the commands around it.
  #depth = 0;
  #around = [];
  #last = { to: -1, kind: "", closes: false };

  constructor(words) {
    this.#words = words;
  }

  note(token, text) {
    const sign = text.slice(token.from, token.to);
    const word = ["name", "placeholder"].includes(token.kind) ? sign.toLowerCase() : "";
    const closes = sign === ")" || sign === "]";
    let ended = closes || (VALUE_KINDS.has(token.kind) && !this.#begins(word));
    if (this.#commandBegins && word) {
      this.#command = word;
      ended = false;
    }
    this.#commandBegins = token.kind === "pipe";
    if (sign === "(") {
      this.#around.push([this.#command, this.#depth]);
      this.#depth += 1;
      if (this.#word === "in" || this.#words.nesting.includes(this.#command)) {
        [this.#commandBegins, this.#command, this.#depth] = [true, "", 0];
      }
    } else if (sign === ")" && this.#around.length) {
      [this.#command, this.#depth] = this.#around.pop();
    }
    this.#word = word;
    // `parse field /regex/`: outside parentheses nothing is divided there.
    this.valueEnded = ended && !(this.#command === "parse" && this.#depth === 0);
    this.#last = { to: token.to, kind: token.kind, closes };
  }

  stepMayFollow(at) {
    return this.#last.closes && this.#last.to === at;
  }

  flagsMayFollow(at) {
    return this.#last.kind === "regex" && this.#last.to === at;
  }

  // Whether the log groups of a query are named, whose tags stand in braces.
  get namesGroups() {
    return this.#command === this.#words.source;
  }

  // Whether a value begins behind a word, though the word looks like a name.
  #begins(word) {
    return this.#words.operators.includes(word) || this.#words.keywords.includes(word);
  }
}

function tokenAt(text, at, context) {
  let patterns = TOKEN_PATTERNS;
  if (text[at] === "/") {
    // Comments of other languages.
    if ("/*".includes(text[at + 1] ?? " ")) return { from: at, to: at + 2, kind: "error" };
    if (context.valueEnded) return { from: at, to: at + 1, kind: "operator" };
    patterns = REGEX_PATTERNS;
  } else if (text[at] === ".") {
    patterns = context.stepMayFollow(at) ? STEP_PATTERNS : POINT_NUMBER_PATTERNS;
  } else if (context.flagsMayFollow(at)) {
    patterns = [...REGEX_FLAG_PATTERNS, ...TOKEN_PATTERNS];
  }
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) {
      const isForeign = "{}".includes(match[0]) && !context.namesGroups;
      return { from: at, to: pattern.lastIndex, kind: isForeign ? "error" : kind };
    }
  }
  const character = String.fromCodePoint(text.codePointAt(at));
  return { from: at, to: at + character.length, kind: "error" };
}

// Gives each name its kind, by what stands before and behind it.
function nameKinds(tokens, text, words) {
  const read = tokens.filter((token) => token.kind !== "comment");
  let command = "";
  const around = [];
  read.forEach((token, place) => {
    const written = text.slice(token.from, token.to);
    const word = written.toLowerCase();
    const before = read[place - 1];
    const next = read[place + 1];
    const opens = before && text.slice(before.from, before.to) === "(" && around.at(-1)?.opens;
    const begins = !before || before.kind === "pipe" || opens;
    if (written === "(" && token.kind === "punctuation") {
      const last = before ? text.slice(before.from, before.to).toLowerCase() : "";
      around.push({ command, opens: last === "in" || words.nesting.includes(command) });
    } else if (written === ")" && token.kind === "punctuation" && around.length) {
      command = around.pop().command;
    }
    if (begins) command = word;
    if (token.kind !== "name") return;
    if (begins) {
      const isCommand = words.commands.includes(word) || word === words.source;
      token.kind = isCommand ? "command" : plainKind(written);
    } else if (command === words.source && words.sourceWords.includes(word)) {
      token.kind = "keyword";
    } else if (words.operators.includes(word)) {
      token.kind = "operator";
    } else if (words.keywords.includes(word)) {
      token.kind = "keyword";
    } else if (before.kind === "number" && words.units.includes(word)) {
      before.kind = token.kind = "period";
    } else if (isClause(word, command, before, next, text, words)) {
      token.kind = "keyword";
    } else if (next && text[next.from] === "(") {
      const known = words.functions.includes(word.replaceAll("_", ""));
      token.kind = known ? "function" : plainKind(written);
    } else if (words.constants.includes(word) && !isAs(before, text)) {
      token.kind = "constant";
    } else {
      token.kind = plainKind(written);
    }
  });
}

function plainKind(written) {
  if (written.startsWith("@")) return "field";
  return written.startsWith("`") ? "quoted" : "name";
}

// Whether a word such as `desc` of `sort` is one: no name stands behind a value or before a number.
function isClause(word, command, before, next, text, words) {
  if (!words.clauses[command]?.includes(word)) return false;
  const sign = text.slice(before.from, before.to);
  const valueEnded = VALUE_KINDS.has(before.kind) || sign === ")" || sign === "]";
  // `limit any 5`, options such as `json field=payload`, and `parse csv as a` of the message.
  const following = next ? text.slice(next.from, next.to).toLowerCase() : "";
  const isFirst = before.kind === "command";
  const isAlone = isFirst && ((command === "parse" && following === "as") || TAKES_WORDS.has(command));
  return valueEnded || isAlone || following === "=" || next?.kind === "number";
}

function isAs(token, text) {
  return text.slice(token.from, token.to).toLowerCase() === "as";
}

// `5m` is one token, `5 m` is two.
function withJoinedPeriods(tokens) {
  const joined = [];
  for (const token of tokens) {
    const last = joined.at(-1);
    if (token.kind === "period" && last?.kind === "period" && last.to === token.from) {
      last.to = token.to;
    } else {
      joined.push(token);
    }
  }
  return joined;
}

// `{{name|raw}}` is replaced before a query is read, so it counts inside a string or a regex too.
function withRawPlaceholders(tokens, text) {
  return tokens.flatMap((token) => {
    if (token.kind !== "string" && token.kind !== "regex") return [token];
    const parts = [];
    let from = token.from;
    for (const match of text.slice(token.from, token.to).matchAll(RAW_PLACEHOLDER)) {
      const begin = token.from + match.index;
      parts.push({ from, to: begin, kind: token.kind });
      from = begin + match[0].length;
      parts.push({ from: begin, to: from, kind: "placeholder" });
    }
    parts.push({ from, to: token.to, kind: token.kind });
    return parts.filter((part) => part.from < part.to);
  });
}

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

// The language of a `%%insights` cell for CodeMirror: while the first line says so, the editor
// reads the cell as Insights instead of Python, and the theme of the user colours it.
//
// A cell is read whole at every change, for it is short: a query has at most 10,000 characters.
// The end of a longer text, such as somebody may paste, has no colours.

const CHARACTERS_READ = 20_000;

// The tags by which themes of CodeMirror choose colours, for each kind of token.
function tagsOfKinds(tags) {
  return {
    command: tags.keyword,
    keyword: tags.keyword,
    function: tags.function(tags.definition(tags.variableName)),
    operator: tags.operator,
    pipe: tags.operator,
    punctuation: tags.separator,
    string: tags.string,
    regex: tags.special(tags.string),
    number: tags.number,
    period: tags.number,
    constant: tags.bool,
    comment: tags.lineComment,
    field: tags.special(tags.variableName),
    quoted: tags.special(tags.variableName),
    name: tags.variableName,
    placeholder: tags.attributeName,
    option: tags.attributeName,
    error: tags.invalid,
  };
}

// An extension for editors of code cells. `shared` has the page's own modules of CodeMirror.
function insightsSupport(shared, words) {
  const { EditorState, Prec } = shared["@codemirror/state"];
  const { language } = shared["@codemirror/language"];
  const insights = insightsLanguage(shared, words, "insights");
  const ifInsights = (value) => (state) => (isActive(state) ? [value] : []);
  return [
    // Of several languages of an editor, the first is used.
    Prec.highest(language.computeN(["doc"], ifInsights(insights))),
    // An editor that could have a language must have one, and the kernel's own comes later.
    Prec.lowest(language.of(insightsLanguage(shared, words, ""))),
    EditorState.languageData.of(ifInsights({ commentTokens: { line: "#" } })),
    faultMarks(shared, words),
  ];
}

function isActive(state) {
  return isInsightsCell(state.sliceDoc(0, CHARACTERS_LOOKED_AT));
}

function insightsLanguage(shared, words, name) {
  const { NodeSet, NodeType, Parser, Tree } = shared["@lezer/common"];
  const { Language, defineLanguageFacet, indentNodeProp, languageDataProp } =
    shared["@codemirror/language"];
  const { styleTags, tags } = shared["@lezer/highlight"];
  const kinds = tagsOfKinds(tags);
  const data = defineLanguageFacet();
  const cell = NodeType.define({
    id: 0,
    name: "InsightsCell",
    top: true,
    props: [
      [languageDataProp, data],
      // A new line begins below the one before it.
      [indentNodeProp, (context) => context.lineIndent(context.pos, -1)],
    ],
  });
  const names = Object.keys(kinds);
  const types = names.map((name, place) => NodeType.define({ id: place + 1, name }));
  const nodeSet = new NodeSet([cell, ...types]).extend(styleTags(kinds));

  function treeOf(text, length) {
    const buffer = tokensOrNone(text, words).flatMap((token) => [
      names.indexOf(token.kind) + 1,
      token.from,
      token.to,
      4, // a node without children takes four places
    ]);
    return Tree.build({ buffer, nodeSet, topID: 0, length });
  }

  class CellParser extends Parser {
    createParse(input) {
      return {
        parsedPos: 0,
        stoppedAt: null,
        stopAt() {},
        advance() {
          const text = input.read(0, Math.min(input.length, CHARACTERS_READ));
          return treeOf(text, input.length);
        },
      };
    }
  }
  return new Language(data, new CellParser(), [], name);
}

// Underlines what no query can have, which most themes do not show.
function faultMarks(shared, words) {
  const { Decoration, EditorView } = shared["@codemirror/view"];
  const fault = Decoration.mark({ class: "cwnb-cell-fault" });
  return [
    EditorView.decorations.compute(["doc"], (state) => {
      if (!isActive(state)) return Decoration.none;
      const tokens = tokensOrNone(state.sliceDoc(0, CHARACTERS_READ), words);
      const faults = tokens.filter((token) => token.kind === "error");
      return Decoration.set(faults.map((token) => fault.range(token.from, token.to)));
    }),
    EditorView.baseTheme({
      ".cwnb-cell-fault": { textDecoration: "underline wavy var(--jp-error-color1, #d32f2f)" },
    }),
  ];
}

// A fault in here must not stop an editor: a cell without colours can still be read.
function tokensOrNone(text, words) {
  try {
    return cellTokens(text, words);
  } catch (error) {
    console.debug("cwnb: a cell is not coloured:", error);
    return [];
  }
}

// The plugin for JupyterLab and Notebook 7, as a prebuilt extension: a container of webpack's
// module federation, which the page asks for "./extension". It uses the modules of the page.
//
// Nothing in here may ever break a notebook. What is missing or has changed in a page leaves cells
// as they were, and says so among the console's debug messages.

const NAME = "cwnb-highlighting";
const SHARED_MODULES = [
  "@codemirror/language",
  "@codemirror/state",
  "@codemirror/view",
  "@jupyterlab/codemirror",
  "@lezer/common",
  "@lezer/highlight",
];

async function loadPlugin(scope) {
  const plugin = { id: `${NAME}:plugin`, autoStart: true, activate: () => {} };
  try {
    const modules = await Promise.all(SHARED_MODULES.map((name) => sharedModule(scope, name)));
    const shared = Object.fromEntries(SHARED_MODULES.map((name, i) => [name, modules[i]]));
    const { IEditorExtensionRegistry } = shared["@jupyterlab/codemirror"];
    const support = insightsSupport(shared, WORDS);
    tryOut(support, shared);
    plugin.optional = [IEditorExtensionRegistry];
    plugin.activate = (app, registry) => registry?.addExtension(editorExtension(support));
  } catch (error) {
    console.debug("cwnb: cells are not coloured:", error);
  }
  return { __esModule: true, default: plugin };
}

// A module as the page has it: the version that is in use, else the newest, as webpack chooses.
async function sharedModule(scope, name) {
  const versions = Object.entries(scope[name] ?? {});
  if (!versions.length) throw new Error(`the page shares no ${name}`);
  const [, chosen] = versions.reduce((best, other) => {
    if (best[1].loaded) return best;
    return other[1].loaded || isNewer(other[0], best[0]) ? other : best;
  });
  return (await chosen.get())();
}

function isNewer(version, than) {
  return version.localeCompare(than, "en", { numeric: true }) > 0;
}

// Edits a cell, so that what has changed in CodeMirror is noticed here and not in an editor.
function tryOut(support, shared) {
  const { EditorState } = shared["@codemirror/state"];
  const { ensureSyntaxTree, language } = shared["@codemirror/language"];
  const { EditorView } = shared["@codemirror/view"];
  const other = insightsLanguage(shared, WORDS, "other");
  for (const extensions of [[support], [language.of(other), support]]) {
    let state = EditorState.create({ doc: "x", extensions });
    for (const text of ["%%insights -g /a\nfields 1 && 2", "%%other"]) {
      state = state.update({ changes: { from: 0, to: state.doc.length, insert: text } }).state;
      ensureSyntaxTree(state, state.doc.length);
      state.facet(EditorView.decorations);
      const isRead = state.facet(language).name === "insights";
      if (isRead !== isActive(state)) throw new Error("the language of an editor is another");
    }
  }
}

function editorExtension(support) {
  return {
    name: NAME,
    factory: ({ model }) => {
      const extension = model?.type === "code" ? support : [];
      return { instance: () => extension, reconfigure: () => null };
    },
  };
}

function register() {
  let scope = {};
  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB[NAME] = {
    init(shareScope) {
      scope = shareScope;
    },
    async get(module) {
      if (module !== "./extension") throw new Error(`${NAME} has no module ${module}`);
      const plugin = await loadPlugin(scope);
      return () => plugin;
    },
  };
}

register();

})();

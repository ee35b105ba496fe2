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

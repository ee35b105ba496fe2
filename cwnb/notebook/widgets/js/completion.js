// What may stand at the cursor of a query, so that an editor completes while the kernel is busy.
//
// The rules are those of cwnb/insights/ql/place.py and completion.py, and a test compares the two.
// Every word comes from the vocabulary (cwnb/notebook/widgets/vocabulary.py).

const COMPARISONS = new Set(["=", "==", "!=", "<", "<=", ">", ">=", "=~"]);
// Commands in which a field stands alone.
const LOOKUPS = ["lookup", "cidrlookup"];
const OF_FIELDS = new Set([
  "dedup", "parse", "json", "expand", "filterIndex", "accum", "addtotals", "autoregress",
  "countFrequent", "filldown", "fillmissing", "outlier", "sessionize", ...LOOKUPS,
]);
const WHOLE_TEXT = /^(?:"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|\/(?:[^/\\]|\\[^])+\/)$/;
const BARE_VALUE = /^(?:true|false|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)$/;

// The candidates at a cursor, the likeliest first, and the fragment before it that they replace.
function completionAt(text, at, vocabulary) {
  const before = text.slice(0, at);
  const variable = /\{\{\s*([\p{L}\p{N}_]*)$/u.exec(before);
  if (variable) {
    const names = vocabulary.variables.map((name) => ({ text: name, kind: "variable" }));
    return { fragment: variable[1], candidates: matching(variable[1], names) };
  }
  const place = placeAt(before, vocabulary);
  const found = candidatesAt(place, vocabulary, text.slice(at));
  return { fragment: place.fragment, candidates: matching(place.fragment, found) };
}

// The place of a cursor: the unfinished word or text before it (`fragment`), the quote sign that is
// open, the command and its tokens, those of the commands before, the brackets that are open, and
// the field that a value here is compared with.
function placeAt(before, { words, commands, source }) {
  let [fragment] = /[\p{L}\p{N}_@.]*$/u.exec(before);
  const read = before.slice(0, before.length - fragment.length)
    .replace(/\{\{[^]*?\}\}/g, (placeholder) => "x".repeat(placeholder.length));
  let end = 0;
  const all = tokensOf(read, words).map(({ kind, from, to }) => {
    const [blanks, text] = [read.slice(end, from), read.slice(from, to)];
    end = to;
    return { kind, from, to, blanks, text, word: text.toLowerCase() };
  });
  if (all.at(-1)?.kind === "comment" && all.at(-1).to === read.length) return { fragment: "" };
  const tokens = all.filter(({ kind }) => kind !== "comment" && kind !== "error");
  let quote = "";
  if (tokens.length && isOpen(tokens.at(-1))) {
    const { from, text } = tokens.pop();
    const sign = from + Math.max(0, text.lastIndexOf("`"));
    quote = read[sign];
    fragment = before.slice(sign + 1);
  }
  const earlier = pipelineAtEnd(tokens, words);
  const [first, ...own] = earlier.pop();
  const sourceWord = source.text.toLowerCase();
  const mayName = earlier.every(([begin]) => begin?.word === sourceWord);
  if (!first) return { fragment, quote, expectsCommand: !quote, mayName };
  const known = commands.find(({ text }) => text.toLowerCase() === first.word)?.keyword;
  const command = first.word === sourceWord ? sourceWord : known;
  const opened = openedBy(own, words);
  const compared = comparedBy(own, words) ?? opened.at(-1)?.compared;
  return { fragment, quote, command, tokens: own, earlier, opened, compared };
}

// The commands of the pipeline that the tokens end in, each as its tokens. One that stands in
// parentheses is a pipeline of its own until they are closed.
function pipelineAtEnd(tokens, words) {
  let commands = [[]];
  const around = [];
  tokens.forEach((token, place) => {
    const command = commands.at(-1);
    if (token.text === "(" && token.kind === "punctuation") {
      const opens = tokens[place - 1]?.word === "in" || words.nesting.includes(command[0]?.word);
      command.push(token);
      around.push(opens ? commands : null);
      if (opens) commands = [[]];
      return;
    }
    if (token.text === ")" && token.kind === "punctuation" && around.length) {
      const outer = around.pop();
      if (outer) {
        outer.at(-1).push(...commands.flat());
        commands = outer;
      }
    } else if (token.kind === "pipe") {
      commands.push([]);
      while (around.length && !around.at(-1)) around.pop();
      return;
    }
    commands.at(-1).push(token);
  });
  return commands;
}

// Whether a text or a quoted name is not closed yet.
function isOpen({ kind, text }) {
  if (kind === "string" || kind === "regex") return !WHOLE_TEXT.test(text);
  return text.split("`").length % 2 === 0;
}

function isReserved({ word }, { operators, keywords }) {
  return operators.includes(word) || keywords.includes(word);
}

function isName(token, words) {
  const kinds = ["command", "constant", "field", "function", "keyword", "name", "quoted"];
  return kinds.includes(token?.kind) && !isReserved(token, words);
}

function endsValue(token, words) {
  return isName(token, words) || VALUE_KINDS.has(token.kind) || [")", "]"].includes(token.text);
}

// The brackets that are open: of which function, and in which argument, or of which field's list.
function openedBy(tokens, words) {
  const stack = [];
  tokens.forEach(({ text }, place) => {
    const before = tokens.slice(0, place);
    if (text === "(") stack.push({ name: before.at(-1)?.word.replaceAll("_", ""), argument: 0 });
    if (text === "[") stack.push({ compared: comparedBy(before, words), argument: 0 });
    if (text === ")" || text === "]") stack.pop();
    if (text === "," && stack.length) stack.at(-1).argument += 1;
  });
  return stack;
}

// The field on the left of a comparison that the tokens end with.
function comparedBy(tokens, words) {
  const left = tokens.slice(0, -1);
  const last = tokens.at(-1);
  if (last?.word === "like" || last?.word === "in") {
    if (left.at(-1)?.word === "not") left.pop();
  } else if (!COMPARISONS.has(last?.text)) {
    return undefined;
  }
  const field = left.pop();
  if (!isName(field, words) || /^[-+*/%^]$/.test(left.at(-1)?.text)) return undefined;
  return field.text.replace(/`((?:[^`]|``)+)`/g, (_, name) => name.replaceAll("``", "`"));
}

function candidatesAt(place, vocabulary, after) {
  const { quote, command, tokens, opened } = place;
  if (quote) return candidatesInQuotes(place, vocabulary, after);
  if (place.expectsCommand) {
    return [...vocabulary.commands, ...(place.mayName ? [vocabulary.source] : [])];
  }
  if (!tokens) return [];
  const last = tokens.at(-1);
  const [word, isIn] = [last?.word, opened.length > 0];
  const firstWords = vocabulary.firstWords[command];
  if (firstWords && word === "timeshift") return periods(place, vocabulary);
  if (firstWords) return last ? [] : firstWords.map((text) => ({ text, kind: "keyword" }));
  const isNew = word === "as" || (command === "unnest" && word === "into");
  if (isNew || command === "tail" || (command === "limit" && last)) return [];
  if (command === "sessionize" && word === "maxspan") return periods(place, vocabulary);
  if (command === "fillmissing") {
    if (word === "for") return valuesAndNames(place, vocabulary);
    return wordsOfFillmissing(tokens, vocabulary).map((text) => ({ text, kind: "keyword" }));
  }
  const isNamed = tokens.some((token) => token.word === "as");
  if (command === "parse" && !isIn && isNamed && last.text === ",") return [];
  if (command === "stats" && word === "offset" && !isIn) return periods(place, vocabulary);
  const isNot = word === "not" && tokens.length > 1 && endsValue(tokens.at(-2), vocabulary.words);
  if (isNot || (last && endsValue(last, vocabulary.words))) {
    const offered = wordsAfterValue(place, vocabulary).map((text) => ({ text, kind: "keyword" }));
    if (command === "join" && word === "where") return fieldsOfSides(sidesOf(tokens), vocabulary);
    return LOOKUPS.includes(command) ? [...offered, ...afterTable(place, vocabulary)] : offered;
  }
  const kinds = isIn ? calledBy(opened.at(-1), vocabulary)?.arguments : undefined;
  const kind = kinds?.[Math.min(opened.at(-1).argument, kinds.length - 1)];
  if (kind === "period") return periods(place, vocabulary);
  return kind === "literal" ? [] : valuesAndNames(place, vocabulary);
}

function periods({ fragment }, vocabulary) {
  const [number] = /^\d*/.exec(fragment);
  if (!number) return vocabulary.periods.map((text) => ({ text, kind: "period" }));
  return vocabulary.units.map(([unit, about]) => ({ text: number + unit, kind: "period", about }));
}

function wordsAfterValue({ command, tokens, opened }, { afterCondition, parseModes, source }) {
  const last = tokens.at(-1);
  if (command === source.text.toLowerCase()) return opened.length ? [] : ["start", "end"];
  if (last.word === "not") return ["like", "in"];
  if (opened.length || command === "filter") return afterCondition;
  const alias = tokens.at(-2)?.word === "as" ? [] : ["as"];
  if (LOOKUPS.includes(command)) {
    // The name of the table, or of a column.
    if (tokens.length === 1 || last.word.startsWith("output")) return [];
    return hasOutput(tokens) ? ["as"] : ["as", "OUTPUT", "OUTPUTNEW"];
  }
  const isOrdered = last.word === "asc" || last.word === "desc";
  return {
    fields: alias,
    display: alias,
    unmask: alias,
    accum: alias,
    autoregress: [...alias, ...wordIn(tokens, "p")],
    sessionize: [...wordIn(tokens, "maxspan"), ...alias],
    filterIndex: ["in"],
    relevantfields: tokens.some(({ word }) => word === "where") ? afterCondition : ["where"],
    unnest: tokens.some(({ word }) => word === "into") ? [] : ["into"],
    stats: [...alias, listsOf(tokens).length > 1 ? "offset" : "by"],
    sort: isOrdered ? [] : ["asc", "desc", ...alias],
    parse: wordsAfterParsed(tokens) ?? (tokens.length === 1 ? parseModes : []),
    json: wordsAfterParsed(tokens),
  }[command] ?? [];
}

function wordsOfFillmissing(tokens, { words }) {
  if (!tokens.length) return ["with"];
  const last = tokens.at(-1);
  const isDone = last.word === "with" || tokens.at(-2)?.word === "for";
  return isDone || !endsValue(last, words) ? [] : ["for"];
}

// A word, unless it stands among the tokens.
function wordIn(tokens, wanted) {
  return tokens.some(({ word }) => word === wanted) ? [] : [wanted];
}

function hasOutput(tokens) {
  return tokens.some(({ word }) => word === "output" || word === "outputnew");
}

function wordsAfterParsed(tokens) {
  const { kind, word } = tokens.at(-1);
  if (word === "logfmt" || word === "csv") return ["as"];
  return { regex: ["as", "multi"], string: ["as"] }[kind];
}

function valuesAndNames(place, vocabulary) {
  const { command, tokens, opened, compared } = place;
  if (command === "limit") return [{ text: "any", kind: "keyword" }];
  if (LOOKUPS.includes(command) && !tokens.length) {
    return vocabulary.tables.map(({ text }) => ({ text, kind: "table" }));
  }
  if (LOOKUPS.includes(command) && hasOutput(tokens)) return columnsOfTable(tokens, vocabulary);
  if (command === "join" && tokens.some(({ word }) => word === "where")) {
    return fieldsOfSides(sidesOf(tokens), vocabulary);
  }
  if (command === vocabulary.source.text.toLowerCase()) {
    return wordsOfSource(tokens, opened, vocabulary);
  }
  if (command === "json" && !tokens.length) return [{ text: "field", kind: "keyword" }];
  const found = command === "lookup" ? columnsOfTable(tokens, vocabulary) : [];
  const options = vocabulary.options[command] ?? {};
  if (compared in options) return options[compared].map((text) => ({ text, kind: "keyword" }));
  if (compared !== undefined) {
    found.push(...valuesOf(compared, vocabulary).map(({ text, kind }) =>
      ({ text: BARE_VALUE.test(text) ? text : quoted(text), kind })));
    // After `like` comes a text, and a list in brackets has literals only.
    const isText = ["like", "in"].includes(tokens.at(-1)?.word);
    if (isText || opened.at(-1)?.compared !== undefined) return found;
  }
  const aggregates = command === "stats" && listsOf(tokens).length === 1;
  const isInside = opened.some((bracket) => calledBy(bracket, vocabulary)?.isAggregate);
  if (command && (isInside || !aggregates)) {
    found.push(...fieldsAt(place, vocabulary));
  }
  if (!command || OF_FIELDS.has(command)) {
    const offered = command === "autoregress" ? [] : Object.keys(options);
    return [...found, ...offered.map((text) => ({ text, kind: "keyword" }))];
  }
  found.push(...(aggregates && !isInside ? vocabulary.functions : vocabulary.rowFunctions));
  return command === "filter" ? [...found, { text: "not", kind: "keyword" }] : found;
}

function fieldsAt({ command, tokens, earlier }, vocabulary) {
  const { made, isReplaced, sides } = namesBefore(earlier, vocabulary);
  if (command !== "parse") made.push(...tokens.filter(isAlias).map(({ text }) => text));
  const found = made.map((text) => ({ text, kind: "field", signature: "made by the query" }));
  found.push(...fieldsOfSides(sides, vocabulary));
  return isReplaced ? found : [...found, ...vocabulary.systemFields, ...vocabulary.fields];
}

// What follows the name of a lookup table, or OUTPUT: its columns, or a field.
function afterTable(place, vocabulary) {
  const { command, tokens } = place;
  if (tokens.at(-1).word.startsWith("output")) return columnsOfTable(tokens, vocabulary);
  if (tokens.length > 1) return [];
  return command === "lookup" ? columnsOfTable(tokens, vocabulary) : fieldsAt(place, vocabulary);
}

function columnsOfTable([{ text: written }], { tables }) {
  const table = tables.find(({ text, name }) => written === text || written === name);
  const signature = `a column of the table ${table?.name}`;
  return (table?.columns ?? []).map((text) => ({ text, kind: "field", signature }));
}

// The fields behind the names of the sides of a join; those of both are not told apart.
function fieldsOfSides(sides, { systemFields, fields }) {
  const all = [...systemFields, ...fields];
  return sides.flatMap((side) => all.map((field) => ({ ...field, text: `${side}.${field.text}` })));
}

// The names of the sides of a join, as its options say them.
function sidesOf(tokens) {
  return ["left", "right"].flatMap((side) => {
    const place = tokens.findLastIndex(({ word }, i) => word === side && tokens[i + 1]?.text === "=");
    return place >= 0 && tokens[place + 2] ? [tokens[place + 2].text] : [];
  });
}

function wordsOfSource(tokens, opened, { groups, sourceParts, groupOptions }) {
  const keywords = (texts) => texts.map((text) => ({ text, kind: "keyword" }));
  if (!tokens.length) {
    const named = groups.map((name) => ({ text: quoted(name), kind: "group" }));
    return [...named, ...keywords(sourceParts)];
  }
  const isOption = ["(", ","].includes(tokens.at(-1).text) && opened.length === 1;
  const isOfGroups = tokens[0].word === sourceParts[0].toLowerCase();
  return isOption && isOfGroups ? keywords(groupOptions) : [];
}

// The texts that may stand in the quotes of a SOURCE: names of groups, or their classes.
function textsOfSource(tokens, { groups, sourceOptions, logClasses }) {
  if (!tokens.length) return groups;
  const named = tokens.filter(({ text }) => /^\p{L}/u.test(text));
  const option = sourceOptions[named.at(-1)?.word];
  if (option === "log_classes") return logClasses;
  return option === "prefixes" ? groups : [];
}

function calledBy({ name }, { functions }) {
  return functions.find((one) => one.name === name);
}

// The names that the earlier commands make, and whether only these are there now.
function namesBefore(commands, { givenColumns }) {
  let made = [];
  let isReplaced = false;
  let sides = [];
  for (const [first, ...own] of commands) {
    if (givenColumns[first?.word] || first?.word === "stats") sides = [];
    if (givenColumns[first?.word]) {
      made = [...givenColumns[first.word]];
      isReplaced = true;
    } else if (first?.word === "stats") {
      const [values, keys = []] = listsOf(own);
      made = [...keys, ...values].map(nameOfItem);
      isReplaced = true;
    } else if (first?.word === "join") {
      [made, isReplaced, sides] = [[], true, sidesOf(own)];
    } else if (first?.word === "parse") {
      const pattern = own.map(({ kind }) => kind === "string" || kind === "regex").lastIndexOf(true);
      const groups = own[pattern]?.text.matchAll(/\(\?P?<([^\W\d]\w*)>/g) ?? [];
      made.push(...Array.from(groups, ([, name]) => name));
      made.push(...own.slice(pattern + 1).filter(isNewName).map(({ text }) => text));
    } else {
      made.push(...own.filter(isAlias).map(({ text }) => text));
    }
  }
  return { made: made.filter(Boolean), isReplaced, sides };
}

// Whether a token that follows the pattern of `parse` names a new field: `as` and commas do not.
function isNewName({ kind }) {
  return kind === "name" || kind === "quoted";
}

// Whether a token is the name after `as`, or after the `into` of `unnest`.
function isAlias(_, place, tokens) {
  return ["as", "into"].includes(tokens[place - 1]?.word);
}

// Divide the tokens of a command into items at its commas; those inside of brackets do not count.
// Gives a list of the items, and a second one of those after `by`, if there is one.
function listsOf(tokens) {
  const lists = [[[]]];
  let depth = 0;
  for (const token of tokens) {
    depth += (token.text === "(" || token.text === "[") - (token.text === ")" || token.text === "]");
    if (depth === 0 && token.word === "by") lists.push([[]]);
    else if (depth === 0 && token.text === ",") lists.at(-1).push([]);
    else lists.at(-1).at(-1).push(token);
  }
  return lists;
}

// The name of a column of `stats`: its alias, or the text as it was written.
function nameOfItem(tokens) {
  const alias = tokens.find(isAlias);
  if (alias || tokens.length < 2) return (alias ?? tokens[0])?.text;
  return `\`${tokens.map(({ blanks, text }, i) => (i ? blanks : "") + text).join("")}\``;
}

function valuesOf(name, { fields, streams }) {
  if (name === "@logStream") return streams.map((text) => ({ text, kind: "stream" }));
  const values = fields.find((field) => field.name === name)?.values ?? [];
  return values.map((text) => ({ text, kind: "value" }));
}

function candidatesInQuotes({ quote, compared, command, tokens }, vocabulary, after) {
  const closing = after.startsWith(quote) ? "" : quote;
  if (quote === "`") {
    return vocabulary.fields.filter(({ name }) => !name.includes("`"))
      .map((field) => ({ ...field, text: field.name + closing }));
  }
  if (quote !== "/" && command === vocabulary.source.text.toLowerCase()) {
    return textsOfSource(tokens, vocabulary).map((text) => ({ text: text + closing, kind: "group" }));
  }
  if (quote === "/" || compared === undefined) return [];
  return valuesOf(compared, vocabulary)
    .filter(({ text }) => quote === '"' || !/['\\]/.test(text))
    .map(({ text, kind }) =>
      ({ text: (quote === '"' ? quoted(text).slice(1, -1) : text) + closing, kind }));
}

// A text as the language writes it; backslashes are doubled only where it is needed.
function quoted(text) {
  return `"${text.replace(/\\(?=[\\"']|$)/g, "\\\\").replaceAll('"', '\\"')}"`;
}

// The candidates that begin with the fragment, then those of which a part does.
function matching(fragment, candidates) {
  const wanted = fragment.toLowerCase();
  const [first, later] = [[], []];
  for (const candidate of new Map(candidates.map((one) => [one.text, one])).values()) {
    const text = candidate.text.toLowerCase();
    const bare = text.replace(/^["'`@]+/, "");
    const isLiteral = ["value", "stream", "group"].includes(candidate.kind);
    const begins = candidate.kind === "function"
      ? text.replaceAll("_", "").startsWith(wanted.replaceAll("_", ""))
      : (isLiteral ? bare : text).startsWith(wanted);
    const isPart = (part) => part.startsWith(wanted);
    if (begins) first.push(candidate);
    else if (isPart(bare)) later.push(candidate);
    else if (candidate.kind === "field" && bare.split(".").some(isPart)) later.push(candidate);
  }
  return [...first, ...later];
}

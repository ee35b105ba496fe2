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

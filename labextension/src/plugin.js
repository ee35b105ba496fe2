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

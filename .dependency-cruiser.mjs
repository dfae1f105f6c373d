// @ts-check
/**
 * The layers (docs/architecture.md) as rules of dependency-cruiser. `npm run layers` (scripts/layers.mjs) checks them
 * and that the check has seen every file; scripts/layers.test.ts breaks each rule once.
 */
const test = '[.](test|fixture)[.]tsx?$'
const electron = '(^electron(/|$)|node_modules/electron/)'
/** Dependencies that are there at run time; types cost nothing and cross more freely. */
/** @type {{ dependencyTypesNot: import('dependency-cruiser').DependencyType[] }} */
const value = { dependencyTypesNot: ['type-only'] }

/** @type {import('dependency-cruiser').IConfiguration} */
const configuration = {
  forbidden: [
    {
      name: 'core-without-electron',
      comment: 'The core runs the same in plain Node.',
      severity: 'error',
      from: { path: '^src/main/core/' },
      to: { path: electron },
    },
    {
      name: 'core-below-everything',
      comment: 'The core knows neither the shell nor a document.',
      severity: 'error',
      from: { path: '^src/main/core/' },
      to: { path: '^src/(main/(?!core/)|preload/|renderer/)' },
    },
    {
      name: 'http-in-the-api-only',
      comment: 'What the server is built with stays in its folder: the ledger under it knows of no requests.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main/core/api/' },
      to: { path: 'node_modules/(hono|@hono)/' },
    },
    {
      name: 'command-without-window',
      comment: 'The command runs where there is no Electron.',
      severity: 'error',
      from: { path: '^src/main/(command/|headless[.]ts$)' },
      to: { path: `(^src/(main/shell/|preload/|renderer/)|${electron})` },
    },
    {
      name: 'shell-without-crypto',
      comment: 'The shell does no cryptography: what it needs is handed in.',
      severity: 'error',
      from: { path: '^src/main/shell/', pathNot: test },
      to: { path: '(^(node:)?crypto$|node_modules/(@noble|@scure|scrypt-js)/|^src/main/core/(crypto|identity)/)' },
    },
    {
      name: 'renderer-without-main',
      comment: 'A document knows the contract and nothing of main.',
      severity: 'error',
      from: { path: '^src/renderer/' },
      to: { path: `(^src/(main|preload)/|${electron})` },
    },
    {
      name: 'renderer-without-node',
      comment: 'There is no node in a document.',
      severity: 'error',
      from: { path: '^src/renderer/', pathNot: test },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'contract-with-zod-only',
      comment: 'What both sides agree on depends on neither.',
      severity: 'error',
      from: { path: '^src/contract/', pathNot: test },
      to: { pathNot: '(^src/contract/|node_modules/zod/)' },
    },
    {
      name: 'preload-without-schemas',
      comment: 'A preload knows the names of the channels; schemas would bring zod into it.',
      severity: 'error',
      from: { path: '^src/preload/', pathNot: test },
      to: { pathNot: `(^src/contract/channel-names[.]ts$|${electron})`, ...value },
    },
    {
      name: 'approval-without-packages',
      comment: 'Where the dangerous click is made, every line is our own.',
      severity: 'error',
      from: { path: '^src/renderer/approval/', pathNot: test },
      to: { path: 'node_modules/', ...value },
    },
    {
      name: 'approval-apart',
      comment: 'Nothing of the main window comes into the approval document, through which packages could come.',
      severity: 'error',
      from: { path: '^src/renderer/approval/', pathNot: test },
      to: { path: '[.]tsx?$', pathNot: '^src/renderer/approval/', ...value },
    },
    {
      name: 'verifier-of-its-own',
      comment: 'Two verifiers that share their rules would make the same mistake; only the primitives are shared.',
      severity: 'error',
      from: { path: '^verify/', pathNot: test },
      to: { path: '(^(src|client|bench)/|node_modules/)', pathNot: '^src/main/core/crypto/(ed25519|x25519|hash)[.]ts$' },
    },
    {
      name: 'client-of-its-own',
      comment: 'A local program takes the client along alone: nothing of the wallet comes with it, and no package.',
      severity: 'error',
      from: { path: '^client/', pathNot: test },
      to: { path: '(^(src|verify|bench)/|node_modules/)' },
    },
    {
      name: 'product-without-tools',
      comment: 'What is shipped needs nothing that measures, judges or drives it.',
      severity: 'error',
      from: { path: '^src/', pathNot: test },
      to: { path: '^(verify|client|bench|scripts|e2e)/' },
    },
    {
      name: 'sources-without-fixtures',
      comment: 'What tests are made with does not reach what is shipped; the gallery is not shipped.',
      severity: 'error',
      from: { path: '^(src|verify|client)/', pathNot: [test, '/fixtures/', '^src/renderer/gallery/'] },
      to: { path: test },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or three.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: value },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere is invisible to every other rule.',
      severity: 'error',
      from: { path: '^(src|verify|client|bench)/' },
      to: { couldNotResolve: true, pathNot: '([?](nodeWorker|modulePath|raw|url)$)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.d.ts', '.js', '.mjs', '.cjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}

// biome-ignore lint/style/noDefaultExport: how dependency-cruiser takes its configuration
export default configuration

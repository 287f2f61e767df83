/** The import rules of the house (ARCHITECTURE.md): everything points downhill, and stages meet only in contracts. */
const PURE = '^functions/(kernel|contracts|registry|pipeline|rights|evidence)/';
const HANDLER = 'handler\\.ts$';
/** dependency-cruiser names Node's own modules without `node:`. */
const REACHES_OUT =
  '^(node:)?(fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster)(/|$)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-is-pure',
      comment: 'A stage computes; what it needs of the world it asks of its ports.',
      severity: 'error',
      from: { path: PURE, pathNot: HANDLER },
      to: {
        path: `^functions/(adapters|runtime)/|^(node_modules/)?(@aws-sdk|@smithy)/|${REACHES_OUT}`,
      },
    },
    {
      name: 'stages-meet-only-in-contracts',
      comment: 'Stages never import each other; `understand` composes 2 to 5.',
      severity: 'error',
      from: { path: '^functions/pipeline/([1-5]-[^/]+)/' },
      to: {
        path: '^functions/(pipeline|evidence)/',
        pathNot: '^functions/pipeline/($1|understand/ports\\.ts)',
      },
    },
    {
      name: 'serve-only-reads',
      comment: 'Serving a profile reads its state and scores it; it folds, links and alerts nothing.',
      severity: 'error',
      from: { path: '^functions/pipeline/6-serve/' },
      to: {
        path: '^functions/(pipeline|evidence)/',
        pathNot:
          '^functions/pipeline/(6-serve/|3-profile/(state|state-codec|revocable|seen|person|person-codec)\\.ts|4-score/|understand/ports\\.ts)',
      },
    },
    {
      name: 'adapters-see-only-ports',
      comment: 'An adapter implements what a stage declares, and may use its codecs; it never runs a stage.',
      severity: 'error',
      from: { path: '^functions/adapters/' },
      to: {
        path: '^functions/(pipeline|evidence|rights)/',
        pathNot: '/ports\\.ts$|^functions/(pipeline/3-profile/(seen|kept)|evidence/archive/intact)\\.ts$',
      },
    },
    {
      name: 'lib-reads-facts-not-code',
      comment:
        'The stacks are made from the map, the contracts and the registry; never from a stage or an adapter.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^functions/', pathNot: '^functions/(flow\\.ts|flow/|kernel/|contracts/|registry/)' },
    },
    {
      name: 'functions-know-no-cdk',
      severity: 'error',
      from: { path: '^functions/' },
      to: { path: '^(lib|bin)/|aws-cdk-lib|^constructs$|node_modules/constructs' },
    },
    {
      name: 'kernel-is-the-bottom',
      severity: 'error',
      from: { path: '^functions/kernel/' },
      to: { path: '^functions/', pathNot: '^functions/kernel/' },
    },
    {
      name: 'contracts-above-kernel',
      severity: 'error',
      from: { path: '^functions/contracts/' },
      to: { path: '^functions/', pathNot: '^functions/(kernel|contracts)/' },
    },
    {
      name: 'registry-above-contracts',
      severity: 'error',
      from: { path: '^functions/registry/' },
      to: { path: '^functions/', pathNot: '^functions/(kernel|contracts|registry)/' },
    },
    {
      name: 'runtime-knows-no-stage',
      severity: 'error',
      from: { path: '^functions/runtime/' },
      to: { path: '^functions/(pipeline|evidence|rights|registry|adapters)/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    { name: 'no-orphan-dependency', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Packages are not followed, but an import of one must be seen: several rules are about them.
    exclude: { path: '^(cdk\\.out|\\.rapport)' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.json', '.d.ts'],
    },
  },
};

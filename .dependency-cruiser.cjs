/**
 * The floors: who may know whom. Run by `pnpm check` (step "floors").
 *
 * A new module of the domain gets its place in ROOMS first; a folder that stands in no list fails the check. The order
 * is the reading order as well: what stands left or above may be imported, what stands right or below may not.
 */
const ROOMS = {
  // The kernel's files serve each other; only circles are forbidden there.
  kernel: [],
  company: ['companies', 'settings', 'secrets', 'iam', 'audit', 'custom-fields'],
  identity: [
    'staff',
    'sessions',
    'passwords',
    'two-factor',
    'invites',
    'api-keys',
    'customers',
    'customer-sessions',
    'customer-accounts',
  ],
  catalog: [
    'files',
    'categories',
    'products',
    'prices',
    'inventory',
    'collections',
    'product-management',
    'listing',
    'product-import',
    'reviews',
  ],
  pricing: ['price-lists', 'tax', 'shipping', 'discounts', 'totals', 'gift-cards'],
  sales: ['carts', 'orders', 'payments', 'fulfilment', 'returns', 'invoices', 'checkout'],
  reach: ['event-log', 'webhooks', 'notifications', 'analytics', 'recommendations'],
  setup: ['declarations', 'customer-duties', 'registration', 'checklist', 'sandbox', 'demo', 'diagnosis'],
};

/** What the domain may take from the registry: a schema library, the database, and small pure libraries. */
const DOMAIN_LIBRARIES = [
  'zod',
  'drizzle-orm',
  'postgres',
  'uuidv7',
  'argon2',
  'otpauth',
  'csv-parse',
  'csv-stringify',
  'sanitize-html',
  'liquidjs',
];

/** Built-ins that compute. Sockets, files, processes and threads are not among them. */
const PURE_BUILT_INS = [
  'assert',
  'async_hooks',
  'buffer',
  'crypto',
  'events',
  'perf_hooks',
  'stream',
  'stream/promises',
  'timers',
  'timers/promises',
  'url',
  'util',
];

/** The kernel applies migrations and dials the database, so it alone may read files and open that socket. */
const KERNEL_BUILT_INS = [...PURE_BUILT_INS, 'fs', 'fs/promises', 'net', 'os', 'path', 'tls'];

const MODULE_SUFFIXES = ['schema', 'contract', 'access', 'errors', 'events', 'service', 'flow', 'test'];
const GRAB_BAGS = [
  'index',
  'util',
  'utils',
  'types',
  'helper',
  'helpers',
  'mapper',
  'mappers',
  'dto',
  'dtos',
  'common',
];

const DOMAIN = '^packages/domain/src';
const TEST_FILE = '[.]test[.]ts$';
const TESTING = '^(?:packages|apps)/[^/]+/src/testing/';
/** Files that never run in production. */
const NOT_PRODUCTION = [TEST_FILE, TESTING];

const anyOf = (words) => `(?:${words.join('|')})`;
const builtIns = (names) => `^(?:node:)?${anyOf(names)}$`;
const library = (names) => `(?:^|/)node_modules/${anyOf(names)}/`;
const ours = '^(?:apps|packages|scripts|drizzle)/';

const roomNames = Object.keys(ROOMS);

/** One rule per room: it may not know the rooms below it. */
const roomRules = roomNames.slice(0, -1).map((room, place) => ({
  name: `room-${room}`,
  comment: `${room}/ may not import ${roomNames.slice(place + 1).join(', ')}. News travels up as an event.`,
  severity: 'error',
  from: { path: `${DOMAIN}/${room}/`, pathNot: NOT_PRODUCTION },
  to: { path: `${DOMAIN}/${anyOf(roomNames.slice(place + 1))}/` },
}));

/** One rule per module: it may not know the later modules of its own room. */
const moduleRules = Object.entries(ROOMS).flatMap(([room, modules]) =>
  modules.slice(0, -1).map((module, place) => ({
    name: `module-${room}-${module}`,
    comment: `${room}/${module} comes before ${modules.slice(place + 1).join(', ')} and may not import them.`,
    severity: 'error',
    from: { path: `${DOMAIN}/${room}/${module}/`, pathNot: NOT_PRODUCTION },
    to: { path: `${DOMAIN}/${room}/${anyOf(modules.slice(place + 1))}/` },
  })),
);

const placed = Object.entries(ROOMS).map(([room, modules]) =>
  modules.length === 0 ? `${DOMAIN}/${room}/` : `${DOMAIN}/${room}/${anyOf(modules)}/`,
);

const domainRules = [
  {
    name: 'module-without-a-place',
    comment: 'This folder stands in no room. Give it a place in ROOMS (.dependency-cruiser.cjs) and say why there.',
    severity: 'error',
    from: {},
    to: { path: `${DOMAIN}/`, pathNot: [...placed, ...NOT_PRODUCTION] },
  },
  {
    name: 'module-without-a-place-imports',
    comment: 'As above, seen from a file nobody imports yet.',
    severity: 'error',
    from: { path: `${DOMAIN}/`, pathNot: [...placed, ...NOT_PRODUCTION] },
    to: {},
  },
  {
    name: 'domain-knows-no-package',
    comment: 'The domain is the bottom: adapters, platform, local and the apps know it, never the other way round.',
    severity: 'error',
    from: { path: `${DOMAIN}/`, pathNot: NOT_PRODUCTION },
    to: { path: '^(?:apps|scripts|drizzle|packages/(?!domain/))' },
  },
  {
    name: 'domain-tests-know-local-only',
    comment: 'Tests of the domain use the domain and packages/local (a real Postgres, a mailbox); nothing above them.',
    severity: 'error',
    from: { path: `${DOMAIN}/` },
    to: { path: '^(?:apps|packages/(?:adapters|platform))/' },
  },
  {
    name: 'domain-is-pure',
    comment: `No framework and no vendor in the domain: only ${DOMAIN_LIBRARIES.join(', ')}. Declare a port instead.`,
    severity: 'error',
    from: { path: `${DOMAIN}/`, pathNot: NOT_PRODUCTION },
    to: { path: '(?:^|/)node_modules/', pathNot: library(DOMAIN_LIBRARIES) },
  },
  {
    name: 'domain-does-no-io',
    comment: 'No sockets, files, processes or threads in the domain: declare a port and let an adapter do it.',
    severity: 'error',
    from: { path: `${DOMAIN}/`, pathNot: [...NOT_PRODUCTION, `${DOMAIN}/kernel/`] },
    to: { dependencyTypes: ['core'], pathNot: builtIns(PURE_BUILT_INS) },
  },
  {
    name: 'kernel-talks-to-postgres-only',
    comment: 'The kernel may read migrations and dial the database; it speaks no HTTP and starts no process.',
    severity: 'error',
    from: { path: `${DOMAIN}/kernel/`, pathNot: NOT_PRODUCTION },
    to: { dependencyTypes: ['core'], pathNot: builtIns(KERNEL_BUILT_INS) },
  },
  {
    name: 'contracts-are-shapes',
    comment: 'A contract imports zod, the kernel, other contracts and the plain rules beside it; nothing else.',
    severity: 'error',
    from: { path: `${DOMAIN}/([^/]+/[^/]+)/.+[.]contract[.]ts$` },
    to: {
      pathNot: [library(['zod']), `${DOMAIN}/kernel/`, `${DOMAIN}/.+[.]contract[.]ts$`, `${DOMAIN}/$1/[^/.]+[.]ts$`],
    },
  },
  {
    name: 'contracts-reach-no-service',
    comment: 'Not by a detour either: a contract must be readable, and usable, without the database.',
    severity: 'error',
    from: { path: `${DOMAIN}/.+[.]contract[.]ts$` },
    to: { path: `${DOMAIN}/(?!kernel/).+[.](?:service|schema|flow)[.]ts$`, reachable: true },
  },
  {
    name: 'sql-lives-in-services',
    comment:
      'Only *.service.ts, *.schema.ts, the kernel and tests speak SQL. A flow has no transaction to speak it in.',
    severity: 'error',
    from: {
      path: `${DOMAIN}/`,
      pathNot: [...NOT_PRODUCTION, `${DOMAIN}/kernel/`, '[.](?:service|schema)[.]ts$'],
    },
    to: { path: library(['drizzle-orm']) },
  },
  {
    name: 'connections-live-in-the-kernel',
    comment: 'run(session, work) is the only way to a transaction; only the kernel opens connections.',
    severity: 'error',
    from: { path: `${DOMAIN}/`, pathNot: [...NOT_PRODUCTION, `${DOMAIN}/kernel/`] },
    to: { path: library(['postgres']) },
  },
  {
    name: 'flows-touch-no-table',
    comment: 'A flow calls services and ports. What it wants from a table, a service gives it.',
    severity: 'error',
    from: { path: `${DOMAIN}/.+[.]flow[.]ts$` },
    to: { path: `${DOMAIN}/.+[.]schema[.]ts$` },
  },
  {
    name: 'domain-file-suffix',
    comment: `A module's files end in ${MODULE_SUFFIXES.join(', ')} or have a plain name of their own.`,
    severity: 'error',
    from: {},
    to: { path: `${DOMAIN}/.+/[^/]+[.][^/]+[.]ts$`, pathNot: `[.]${anyOf(MODULE_SUFFIXES)}[.]ts$` },
  },
];

const packageRules = [
  {
    name: 'adapters-know-the-domain-only',
    comment: 'An adapter implements a port the domain declares; it knows no framework glue and no app.',
    severity: 'error',
    from: { path: '^packages/adapters/src/', pathNot: TEST_FILE },
    to: { path: '^(?:apps|scripts|packages/(?!adapters/|domain/))' },
  },
  {
    name: 'platform-knows-domain-and-adapters',
    comment: 'The glue is shared by the apps, so it cannot know one of them.',
    severity: 'error',
    from: { path: '^packages/platform/src/', pathNot: TEST_FILE },
    to: { path: '^(?:apps|scripts|packages/(?!platform/|adapters/|domain/))' },
  },
  {
    name: 'local-knows-nobody',
    comment: 'packages/local serves tests and npm start: it knows no other package, so nothing grows around it.',
    severity: 'error',
    from: { path: '^packages/local/' },
    to: { path: '^(?:apps|packages/(?!local/))' },
  },
  {
    name: 'local-stays-local',
    comment: 'Nothing that runs in production imports packages/local.',
    severity: 'error',
    from: { path: '^(?:apps|packages)/', pathNot: [...NOT_PRODUCTION, '^packages/local/', '[.]config[.][cm]?[jt]s$'] },
    to: { path: '^packages/local/' },
  },
  {
    name: 'testing-is-for-tests',
    comment: 'packages/domain/src/testing is imported by tests only.',
    severity: 'error',
    from: { path: ours, pathNot: [...NOT_PRODUCTION, '[.]config[.][cm]?[jt]s$'] },
    to: { path: TESTING },
  },
  {
    name: 'nobody-imports-a-test',
    comment: 'What two tests share belongs to packages/domain/src/testing.',
    severity: 'error',
    from: {},
    to: { path: TEST_FILE },
  },
  {
    name: 'apps-are-strangers',
    comment: 'An app imports no other app: what they share lives in packages/platform.',
    severity: 'error',
    from: { path: '^apps/([^/]+)/' },
    to: { path: '^apps/', pathNot: '^apps/$1/' },
  },
  {
    name: 'packages-know-no-app',
    comment: 'Packages serve the apps, never the other way round.',
    severity: 'error',
    from: { path: '^packages/' },
    to: { path: '^apps/' },
  },
  {
    name: 'no-sql-outside-the-domain',
    comment: 'The domain package is the wall: nobody outside writes SQL. Call a service, or a function of the kernel.',
    severity: 'error',
    from: { path: '^(?:apps|packages/(?:platform|adapters))/', pathNot: TEST_FILE },
    to: { path: library(['drizzle-orm', 'postgres']) },
  },
];

const everywhereRules = [
  {
    name: 'no-circle',
    comment: 'Two files that need each other are one idea, or a third one is missing. Types count as well.',
    severity: 'error',
    from: { path: ours },
    to: { circular: true },
  },
  {
    name: 'no-grab-bags',
    comment: `No file is called ${GRAB_BAGS.join(', ')}: name it by its noun.`,
    severity: 'error',
    from: {},
    to: { path: `/${anyOf(GRAB_BAGS)}[.]ts$`, pathNot: '(?:^|/)node_modules/' },
  },
  {
    name: 'not-declared',
    comment: 'node_modules is flat here, so an undeclared package would resolve by luck. Add it to package.json.',
    severity: 'error',
    from: { path: '^(?:apps|packages)/[^/]+/src/', pathNot: NOT_PRODUCTION },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
  },
  {
    name: 'not-found',
    comment: 'This import leads nowhere: misspelt, not installed, or missing from "exports".',
    severity: 'error',
    from: { path: ours },
    to: { couldNotResolve: true },
  },
  {
    name: 'package-internals',
    comment: 'Reach another package by @souk/<package>/<path>, not by a relative path through its folder.',
    severity: 'error',
    from: { path: '^(?:apps|packages)/([^/]+)/' },
    to: { path: '^(?:apps|packages)/', pathNot: '^(?:apps|packages)/$1/', dependencyTypes: ['local'] },
  },
];

module.exports = {
  forbidden: [...roomRules, ...moduleRules, ...domainRules, ...packageRules, ...everywhereRules],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Our own build output only: most packages in node_modules live in a dist folder too, and must stay visible.
    exclude: { path: '^(?:apps|packages)/[^/]+/(?:dist|coverage|[.]turbo)/' },
    tsPreCompilationDeps: true,
    // A package is judged by its own package.json alone; the root's holds tools, which only tests may import.
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
    // Symlinks of the workspace are followed, so @souk/domain/… is seen as packages/domain/src/….
    preserveSymlinks: false,
  },
};

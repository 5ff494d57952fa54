export type SystemRoleKey = 'owner' | 'admin' | 'catalogue_manager' | 'order_manager' | 'support' | 'read_only';

/** A role that comes with the code. */
export interface SystemRole {
  key: SystemRoleKey;
  name: string;
  description: string;
  /** Which words it holds: `noun.verb`, `noun.*`, `*.verb` or `*`; a leading `!` takes words away again. */
  holds: readonly string[];
}

const CATALOGUE = [
  'files',
  'categories',
  'products',
  'prices',
  'price_lists',
  'inventory',
  'collections',
  'product_imports',
  'reviews',
];
const SELLING = ['orders', 'fulfilments', 'returns', 'customers', 'payments'];

const whole = (nouns: readonly string[]) => nouns.map((noun) => `${noun}.*`);
const seen = (nouns: readonly string[]) => nouns.map((noun) => `${noun}.read`);

/**
 * The roles every company has. They are patterns, not lists: a module that declares `collections.write` next year adds
 * it to the right roles by its noun alone.
 */
export const SYSTEM_ROLES: readonly SystemRole[] = [
  {
    key: 'owner',
    name: 'Owner',
    description: 'May do everything, and is the only one who appoints owners.',
    holds: ['*'],
  },
  {
    key: 'admin',
    name: 'Admin',
    description: 'May do everything except what belongs to the owner.',
    holds: ['*', '!company.own'],
  },
  {
    key: 'catalogue_manager',
    name: 'Catalogue manager',
    description: 'Keeps products, prices, stock and collections.',
    holds: [...whole(CATALOGUE), 'company.read', 'settings.read', 'tax.read', 'shipping.read', 'discounts.read'],
  },
  {
    key: 'order_manager',
    name: 'Order manager',
    description: 'Handles orders, payments, fulfilment and returns.',
    holds: [
      ...whole(SELLING),
      'refunds.*',
      'inventory.*',
      ...seen(CATALOGUE),
      'shipping.read',
      'discounts.read',
      'notifications.*',
      'company.read',
    ],
  },
  {
    key: 'support',
    name: 'Support',
    description: 'Answers customers: sees orders, keeps customers, starts returns, gives no money back.',
    holds: [
      ...seen([...SELLING, ...CATALOGUE]),
      'customers.write',
      'returns.write',
      'notifications.read',
      'company.read',
    ],
  },
  { key: 'read_only', name: 'Read only', description: 'Sees everything and changes nothing.', holds: ['*.read'] },
];

/** The words, out of all that are declared, that a system role holds. */
export function wordsHeldBy(role: { holds: readonly string[] }, declared: readonly string[]): string[] {
  const taken = role.holds.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const given = role.holds.filter((pattern) => !pattern.startsWith('!'));
  return declared.filter(
    (word) => given.some((pattern) => fits(pattern, word)) && !taken.some((pattern) => fits(pattern, word)),
  );
}

function fits(pattern: string, word: string): boolean {
  if (pattern === '*') return true;
  const [noun, verb] = pattern.split('.');
  const [wordNoun, wordVerb] = word.split('.');
  return (noun === '*' || noun === wordNoun) && (verb === '*' || verb === wordVerb);
}

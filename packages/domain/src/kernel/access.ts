/**
 * A permission of staff (and of secret keys), or a scope of keys, like `roles.write`. One word may be both, with a meaning
 * of its own at each API: `orders.read` lets staff see all orders at the admin API, and at the storefront a key show an
 * order to whoever has its token. A publishable key holds the scope alone, for the admin API lets no such key in; a secret
 * key that holds the word may do both, and whoever mints it needs the permission.
 */
export type Permission = `${string}.${string}`;

export interface PermissionWord {
  readonly name: Permission;
  /** One sentence for the role editor. */
  readonly sentence: string;
}

const permissions = new Map<Permission, PermissionWord>();
const scopes = new Map<Permission, PermissionWord & { publishable: boolean }>();

/**
 * Declares the permissions one noun owns and gives them back as typed words: `can.write` has the type `'roles.write'`.
 * Throws if a word is declared twice as a permission.
 */
export function defineAccess<Noun extends string, Verbs extends Record<string, string>>(noun: Noun, verbs: Verbs) {
  const words = {} as { [Verb in keyof Verbs & string]: `${Noun}.${Verb}` }; // filled just below, one word per verb
  for (const verb of Object.keys(verbs) as (keyof Verbs & string)[]) {
    const name = `${noun}.${verb}` as const;
    if (permissions.has(name)) throw new Error(`Permission ${name} is declared twice`);
    permissions.set(name, { name, sentence: verbs[verb] ?? '' });
    words[verb] = name;
  }
  return words;
}

/**
 * Declares the scopes of API keys one noun owns. `publishable` ones are safe in a browser: they reach published things
 * and the visitor's own cart, nothing else.
 */
export function defineScopes<Noun extends string, Verbs extends Record<string, string>>(
  noun: Noun,
  verbs: Verbs,
  options: { publishable: boolean },
) {
  const words = {} as { [Verb in keyof Verbs & string]: `${Noun}.${Verb}` }; // filled just below, one word per verb
  for (const verb of Object.keys(verbs) as (keyof Verbs & string)[]) {
    const name = `${noun}.${verb}` as const;
    if (scopes.has(name)) throw new Error(`Scope ${name} is declared twice`);
    scopes.set(name, { name, sentence: verbs[verb] ?? '', publishable: options.publishable });
    words[verb] = name;
  }
  return words;
}

/** All declared permissions in alphabetical order; the seed writes these into every company. */
export const allPermissions = (): PermissionWord[] =>
  [...permissions.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

/** All declared key scopes in alphabetical order. */
export const allScopes = () => [...scopes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

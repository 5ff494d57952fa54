import { defineScopes } from '../../kernel/access.ts';

export const cartScope = defineScopes('carts', { write: 'Fill carts' }, { publishable: true });

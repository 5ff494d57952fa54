import { defineScopes } from '../../kernel/access.ts';

export const checkoutScope = defineScopes('checkout', { write: 'Check out and pay' }, { publishable: true });

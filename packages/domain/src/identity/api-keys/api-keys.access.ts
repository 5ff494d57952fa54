import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('api_keys', {
  read: 'See the API keys, their scopes and when they were last used',
  write: 'Make, rotate and revoke API keys, within what one holds oneself',
});

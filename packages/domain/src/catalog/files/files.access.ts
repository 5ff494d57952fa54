import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('files', {
  read: 'See the pictures the company keeps',
  write: 'Upload and delete pictures',
});

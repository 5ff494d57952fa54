import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('audit', { read: 'See, verify and export the audit log' });

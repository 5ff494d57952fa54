import { defineAccess } from '../../kernel/access.ts';

export const can = defineAccess('payments', {
  read: 'See payments: their attempts, what came in and what went back',
  settle: 'Say that money came in, without a payment provider: transfers, cash on delivery',
});

export const canRefund = defineAccess('refunds', {
  read: 'See refunds, and what could be given back',
  write: 'Give money back',
});

import { z } from 'zod';
import { defineEvent } from '../../kernel/events.ts';
import { settingsGroupView } from './settings.contract.ts';

// The group's version is its sequence: both are raised by every change, under the row's lock.
export const settingsUpdated = defineEvent('settings.updated', z.object({ settings: settingsGroupView }), {
  about: "A group of settings changed; the aggregate is `settings:` and the group's name.",
  sample: {
    settings: {
      group: 'inventory',
      holdMinutes: 45,
      backorder: false,
      lowStockThreshold: 5,
      version: 2,
      overridden: ['holdMinutes'],
      ignored: [],
    },
  },
});

import { useDatabase } from '@souk/domain/testing/database';
import { useApi } from '@souk/platform/testing/app';
import { test } from 'vitest';
import { controllers } from './app.module.ts';
import { fuzzAdmin, probeAdmin } from './testing/fuzz-admin.ts';

const REQUESTS = 4_500;

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers }, db);

test(
  `${REQUESTS} hostile requests to every route: no 5xx, every refusal is a problem with a code, every answer as documented`,
  {
    timeout: 120_000,
  },
  () => fuzzAdmin(admin, db, REQUESTS),
);

test(
  'a character that cannot be stored, in any text of any request, is refused and breaks nothing',
  {
    timeout: 120_000,
  },
  () => probeAdmin(admin, db),
);

import { randomUUID } from 'node:crypto';
import { useDatabase } from '@souk/domain/testing/database';
import { expectInvariants } from '@souk/domain/testing/invariants';
import { beforeAll, expect, test } from 'vitest';
import { useCrashLab } from './testing/crash-lab.ts';
import { type Clean, Stage } from './testing/crash-scenarios.ts';
import { dieAt } from './testing/crash-trial.ts';
import { codeOf } from './testing/shopper.ts';

const TRIAL_MS = 120_000;

const db = useDatabase();
const lab = useCrashLab(db);
const clean = {} as Clean; // filled before the first test runs
const aWorker = () => lab.start('worker');

beforeAll(async () => {
  const [storefront, admin] = await Promise.all([lab.start('storefront'), lab.start('admin')]);
  Object.assign(clean, { storefront: storefront.url, admin: admin.url });
}, TRIAL_MS);

// Three of the points; all of them: npm run test:long.
test(
  'a worker that dies after it settled a webhook and before that counted settles it once',
  async () => {
    await dieAt(db, lab, clean, {
      name: 'the worker at a webhook',
      point: 'payment-notices#2:uncommitted',
      worker: aWorker,
    });
  },
  TRIAL_MS,
);

test.concurrent.each([
  ['a checkout that is paid online', 'paystack.start:after'],
  ["the browser's return", 'POST /v1/payments/:id/verification#3:committed'],
] as const)(
  '%s: killed at %s and repeated it is one order, charged once',
  async (name, point) => {
    await dieAt(db, lab, clean, { name, point, worker: async () => undefined });
  },
  TRIAL_MS,
);

test(
  'of two refunds of 60 of 100 at once one is made',
  async () => {
    const stage = await Stage.set(db, lab, clean);
    const { payment } = await stage.paid();
    const body = { amount: Math.ceil(stage.total * 0.6), reason: 'Both hands at once' };
    const staff = [await stage.staff(), await stage.staff()];
    const answers = await Promise.all(
      staff.map((send) => send(clean.admin, `/v1/payments/${payment?.id}/refunds`, body)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
    expect(answers.map(codeOf).sort()).toEqual(['', 'refund_too_large']);
    await stage.settled();
    await stage.expectOutcome({ lifecycle: 'open', reserved: 2, charged: stage.total, refunded: body.amount });
    await expectInvariants(db, randomUUID());
  },
  TRIAL_MS,
);

import { expect, test } from 'vitest';
import type { Ctx } from '../../kernel/ctx.ts';
import { dispatchEvents } from '../../kernel/dispatch.ts';
import { useDatabase } from '../../testing/database.ts';
import { WebhookShop } from '../../testing/webhook-shop.ts';
import { lockEndpoint } from './endpoint-rows.service.ts';
import { redeliverMany } from './redeliveries.flow.ts';
import { disableEndpoint } from './webhook-endpoints.service.ts';
import { sweepEndpoints } from './webhook-sweeping.service.ts';

const db = useDatabase();

/** Does `inside` in a unit of work, and `meanwhile` while that has done it and is not over. */
async function whileOpen(shop: WebhookShop, inside: (ctx: Ctx) => Promise<unknown>, meanwhile: () => Promise<unknown>) {
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const unit = db.app.run(shop.session, async (ctx) => {
    await inside(ctx);
    open();
    await finished;
  });
  await Promise.race([opened, unit]);
  try {
    await meanwhile();
  } finally {
    finish();
    await unit;
  }
}

test('"everything since" goes through while the relay holds the same events: neither waits for the other', async () => {
  const shop = new WebhookShop(db);
  const endpointId = await shop.endpoint();
  await shop.announced(3);
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const again = () => redeliverMany(db.app.run, shop.session, { endpointId, since, dryRun: false });
  // Done while the relay has the events and before it fans out: had it locked their keys, this would wait for it.
  await whileOpen(
    shop,
    (ctx) => dispatchEvents(ctx, async () => undefined, { max: 10 }),
    async () => expect((await again()).count).toBe(3),
  );
  expect(await shop.deliveries()).toHaveLength(3);
});

const HOLDERS: [string, (ctx: Ctx, shop: WebhookShop) => Promise<unknown>][] = [
  [
    'changed or deleted',
    async (ctx, shop) => {
      for (const id of shop.secrets.keys()) await lockEndpoint(ctx, id);
    },
  ],
  [
    'switched off',
    async (ctx, shop) => {
      for (const id of shop.secrets.keys()) await disableEndpoint(ctx, id, 'failing', 'No answer.');
    },
  ],
  ['swept', (ctx) => sweepEndpoints(ctx)],
];

test.each(HOLDERS)('what happens is fanned out while an endpoint is being %s', async (_what, hold) => {
  const shop = new WebhookShop(db);
  const previousSecretUntil = new Date(Date.now() - 1_000).toISOString();
  const endpointId = await shop.endpoint({ previousSecretUntil });
  await shop.announced(2);
  await whileOpen(
    shop,
    (ctx) => hold(ctx, shop),
    async () => expect(await shop.relayed()).toEqual([endpointId]),
  );
  expect(await shop.deliveries()).toHaveLength(2);
});

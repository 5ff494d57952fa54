import type { Session } from '@souk/domain/kernel/ctx';
import type { Database } from '@souk/domain/kernel/database';
import { newId } from '@souk/domain/kernel/ids';
import { toView } from '@souk/domain/kernel/money';
import type { Connection, Pool } from '@souk/domain/kernel/pool';
import { unitOfWork } from '@souk/domain/kernel/unit-of-work';
import { accessOf } from '@souk/domain/sales/carts/cart-access';
import { chooseShipping } from '@souk/domain/sales/carts/cart-shipping.service';
import { createCart, setAddress, setEmail } from '@souk/domain/sales/carts/carts.service';
import { checkout } from '@souk/domain/sales/checkout/checkout.flow';
import type postgres from 'postgres';
import type { BenchCompany } from './deployment.ts';

const ADDRESS = { lastName: 'Obi', line1: '1 Marina', city: 'Lagos', country: 'NG' };
const PORTS = { gateways: new Map(), attempts: { consume: async () => undefined, forgive: async () => undefined } };

/** Orders a cart that has all an order needs. */
export type Placement = (run: Database['run']) => Promise<unknown>;

interface Sent {
  text: string;
  parameters: postgres.ParameterOrJSON<never>[];
}

/** A guest's cart with one unit of a variant, an address and a way of delivery, made through the domain. */
export async function prepareCart(
  { run }: Database,
  { id: companyId }: BenchCompany,
  { variantId, optionId }: { variantId: string; optionId: string },
): Promise<Placement> {
  const session: Session = {
    companyId,
    actor: { type: 'key', id: newId('key') },
    permissions: new Set(['carts.write', 'checkout.write']),
    requestId: 'bench',
    isShopper: true,
  };
  const { at, expectedTotal } = await run(session, async (ctx) => {
    const lines = [{ variantId: variantId as never, quantity: 1 }];
    const { scene, token } = await createCart(ctx, { lines });
    const found = { id: scene.cart.id, access: accessOf(session, token) };
    await setEmail(ctx, found, 'shopper@example.com');
    await setAddress(ctx, found, 'shipping', ADDRESS);
    const { total, currency } = (await chooseShipping(ctx, found, optionId as never)).totals;
    return { at: found, expectedTotal: toView({ amountMinor: total, currency }) };
  });
  const idempotency = { key: at.id, route: 'POST /v1/carts/:id/checkout', digest: at.id };
  const asking = { ...session, idempotency };
  return (where) => checkout(where, PORTS, asking, at.id, at.access, { paymentProvider: 'manual', expectedTotal });
}

/**
 * The SQL a placement sends, with its values, from `begin` up to its commit. It is undone, so that the same can be sent
 * once more: what is drawn from counters is drawn by the statements themselves.
 */
export async function recordSql(pool: Pool, place: Placement): Promise<Sent[]> {
  const sent: Sent[] = [];
  let isOver = false;
  const undone = (connection: Connection): Connection => {
    const unsafe = (text: string, parameters: Sent['parameters'] = [], options = {}) => {
      if (text === 'commit')
        isOver = true; // nor is what comes behind it of the placement
      else if (!isOver) sent.push({ text, parameters });
      return connection.client.unsafe(isOver ? 'rollback' : text, parameters, options);
    };
    const client = new Proxy(connection.client, {
      get: (target, name) => (name === 'unsafe' ? unsafe : Reflect.get(target, name)),
    });
    return { ...connection, client };
  };
  const originals = new Map<Connection, Connection>();
  const run = unitOfWork({
    ...pool,
    async acquire(share) {
      const original = await pool.acquire(share);
      const tapped = undone(original);
      originals.set(tapped, original);
      return tapped;
    },
    release: (tapped, share) => pool.release(originals.get(tapped) ?? tapped, share),
  });
  await place(run).catch((error: unknown) => {
    if (!isOver) throw error; // that nothing was committed is what it says otherwise
  });
  return sent;
}

/**
 * Sends them as a client does that has nothing else to do: prepared, each after the answer to the one before. Only the
 * `begin` is not waited for, as ours is not.
 */
export async function replaySql(client: postgres.Sql, [begin, ...sent]: readonly Sent[]): Promise<void> {
  if (!begin) throw new Error('Nothing was recorded');
  const begun = client.unsafe(begin.text).execute();
  begun.catch(() => undefined); // what follows fails as well
  for (const { text, parameters } of sent) await client.unsafe(text, parameters, { prepare: true });
  const { command } = await client.unsafe('commit');
  if (command !== 'COMMIT') throw new Error('A placement that was recorded could not be repeated');
}

import { describe, expect, test } from 'vitest';
import { startPaystackSimulator } from './paystack-simulator.ts';
import { KEY, order, useSimulator } from './testing/hearing-shop.ts';

const given = useSimulator();
const { api, begin } = given;

describe('notices', () => {
  test('they go to the company the metadata names, or to the URL of the account, signed over their bytes', async () => {
    await begin('r1');
    given.simulator.control.settle('r1', 'pay');
    await given.simulator.control.settled();
    given.simulator.control.setWebhook(KEY, `${given.shop.url}/own`);
    await begin('r2');
    given.simulator.control.settle('r2', 'pay');
    await given.simulator.control.settled();
    expect(given.shop.heard.map((hook) => hook.path)).toEqual(['/v1/hooks/com_1/paystack', '/own']);
    expect(given.shop.heard.every(({ isSigned }) => isSigned)).toBe(true);
    const { body } = await api('GET', '/transaction/verify/r1');
    expect(given.shop.heard[0]?.data).toEqual(body.data);
  });

  test('one that is not answered 200 comes again until it is, or until the schedule ends', async () => {
    given.shop.statuses = [500, 404, 201];
    await begin('r1');
    given.simulator.control.settle('r1', 'pay');
    await given.simulator.control.settled();
    expect(given.simulator.control.hooks()).toMatchObject([{ state: 'delivered', answers: [500, 404, 201, 200] }]);
    given.shop.statuses = Array.from({ length: 4 }, () => 503);
    await begin('r2');
    given.simulator.control.settle('r2', 'pay');
    await given.simulator.control.settled();
    expect(given.simulator.control.hooks()[1]).toMatchObject({ state: 'gave-up', answers: [503, 503, 503, 503] });
    given.simulator.control.resendHook(2);
    await given.simulator.control.settled();
    expect(given.simulator.control.hooks()[1]?.state).toBe('delivered');
  });

  test('every fault of a notice happens, as often as it was asked for', async () => {
    const { control } = given.simulator;
    const paid = async (reference: string) => {
      await begin(reference);
      control.settle(reference, 'pay');
    };
    control.addFault({ on: 'hook', kind: 'lost' });
    await paid('lost');
    control.addFault({ on: 'hook', kind: 'duplicate', count: 3 });
    await paid('often');
    control.addFault({ on: 'hook', kind: 'bad-signature' });
    await paid('forged');
    for (const kind of ['wrong-amount', 'wrong-currency', 'wrong-domain'] as const) {
      control.addFault({ on: 'hook', kind, reference: 'wrong' });
    }
    await paid('wrong');
    control.addFault({ on: 'hook', kind: 'late' });
    await paid('late');
    await control.settled();
    const heardOf = (reference: string) => given.shop.heard.filter(({ data }) => data['reference'] === reference);
    expect(heardOf('lost')).toHaveLength(0);
    expect(heardOf('often')).toHaveLength(4);
    expect(heardOf('forged')).toMatchObject([{ isSigned: false }]);
    expect(heardOf('wrong')).toMatchObject([
      { isSigned: true, data: { amount: 50_100, currency: 'USD', domain: 'live' } },
    ]);
    expect((await api('GET', '/transaction/verify/wrong')).body.data).toMatchObject({
      amount: 50_000,
      currency: 'NGN',
    });
    expect(heardOf('late')).toHaveLength(0);
    control.releaseHooks();
    await control.settled();
    expect(heardOf('late')).toHaveLength(1);
    expect(control.faults()).toEqual([]);
  });

  test('reordered ones come in another order, the same for the same seed', async () => {
    const orderOf = async (seed: number): Promise<unknown[]> => {
      given.shop.heard.length = 0;
      const other = await startPaystackSimulator({ hookBase: given.shop.url, hookDelayMs: 1, seed });
      other.control.addFault({ on: 'hook', kind: 'reorder', times: 'always', count: 6 });
      for (const reference of ['a', 'b', 'c', 'd', 'e', 'f']) {
        await fetch(`${other.url}/transaction/initialize`, {
          method: 'POST',
          headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
          body: JSON.stringify(order(reference)),
        });
        other.control.settle(reference, 'pay');
      }
      await other.control.settled();
      await other.close();
      return given.shop.heard.map(({ data }) => data['reference']);
    };
    const first = await orderOf(7);
    expect(first.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(first).not.toEqual(first.toSorted());
    expect(await orderOf(7)).toEqual(first);
    expect(await orderOf(8)).not.toEqual(first);
  });

  test('a fault that happens no times never happens', async () => {
    given.simulator.control.addFault({ on: 'verify', kind: '500-before', times: 0 });
    expect(given.simulator.control.faults()).toEqual([]);
    await begin('never');
    expect((await api('GET', '/transaction/verify/never')).status).toBe(200);
  });

  test('one that waits for company to be reordered with is sent alone in the end', async () => {
    given.simulator.control.addFault({ on: 'hook', kind: 'reorder', ms: 20 });
    await begin('r1');
    given.simulator.control.settle('r1', 'pay');
    await given.simulator.control.settled();
    expect(given.shop.events()).toEqual(['charge.success']);
  });
});

import { systemSession } from '@souk/domain/kernel/ctx';
import { openDatabase } from '@souk/domain/kernel/database';
import { useMasterKeys } from '@souk/domain/kernel/sealing';
import { workOnNotice } from '@souk/domain/sales/payments/notices.flow';
import { type PaystackSimulator, startPaystackSimulator } from '@souk/local/paystack-simulator';
import { openGateways } from '@souk/platform/gateways';
import type postgres from 'postgres';
import type { Deployment } from './deployment.ts';
import { setUpProvider } from './payment-provider.ts';
import { median, type Outcome } from './rounds.ts';
import { type Shop, Shopper } from './shopper.ts';
import { statementsSinceReset } from './statement-count.ts';

const STATEMENTS_GOAL = 40;
const ORDERS = 50;
// Companies are live as they register; the simulator takes any key.
const SECRET_KEY = `sk_live_${'bench'.repeat(8)}`;

/**
 * W5p: whole orders paid at the Paystack simulator, from the cart until the payment is settled. The storefront takes the
 * order and the notice of the provider; what the worker does with the notice is done here, so that nothing else is counted.
 */
export async function benchPaidOrders(deployment: Deployment, admin: postgres.Sql, shop: Shop): Promise<Outcome> {
  process.stdout.write('Measuring: orders paid online\n');
  const { company, adminUrl, databaseUrl } = deployment;
  const simulator = await startPaystackSimulator({ hookDelayMs: 1 });
  useMasterKeys(deployment.masterKeys);
  const database = openDatabase({ url: databaseUrl, size: 2, refuseNesting: false });
  try {
    await setUpProvider(adminUrl, company, 'paystack', { secretKey: SECRET_KEY });
    // Only in development may a provider be on this machine.
    const env = { PAYSTACK_URL: simulator.url, NODE_ENV: 'development' };
    const { url } = await deployment.startStorefront({ ...env, DATABASE_POOL_SIZE: '4' });
    simulator.control.setWebhook(SECRET_KEY, `${url}/v1/hooks/${company.id}/paystack`);
    const gateways = openGateways({ PAYSTACK_URL: simulator.url, PAYMENT_CHECK_PACE: 1 });
    const session = systemSession(company.id, 'bench');
    const shopper = new Shopper({ ...shop, url });
    const order = async () => {
      await pay(simulator, await shopper.orderOnline());
      if (!(await workOnNotice(database.run, gateways, session))) throw new Error('no notice of the payment came');
    };
    const took: number[] = [];
    for (let at = 0; at < ORDERS; at++) {
      const begun = performance.now();
      await order();
      took.push(performance.now() - begun);
    }
    await admin`select pg_stat_statements_reset()`;
    await order();
    const ours = await statementsSinceReset(admin);
    shopper.close();
    await refuseUnpaid(admin, company.id);
    const note = `one shopper at a time, ${median(took).toFixed(1)} ms from the cart to the settled payment, the simulator's part included`;
    const name = 'W5p: statements of an order that is paid online (bare: the goal)';
    return { name, ours, bare: STATEMENTS_GOAL, unit: 'statements', goal: 1, isLatency: true, note };
  } finally {
    await Promise.all([simulator.close(), database.close()]);
  }
}

/** As the shopper does on the provider's page; waits until the storefront has been told. */
async function pay({ control }: PaystackSimulator, orderId: string): Promise<void> {
  const charge = control.charges().find(({ metadata }) => (metadata as { orderId?: string })?.orderId === orderId);
  if (!charge) throw new Error(`${orderId} was not begun at the provider`);
  control.settle(charge.reference, 'pay');
  await control.settled();
}

async function refuseUnpaid(admin: postgres.Sql, companyId: string): Promise<void> {
  const [row] = await admin<{ n: number }[]>`select count(*)::int as n from orders
    where company_id = ${companyId} and payment_provider = 'paystack' and payment_status = 'paid'`;
  if (row?.n !== ORDERS + 1) throw new Error(`${row?.n} of ${ORDERS + 1} orders were paid`);
}

import { useDatabase } from '@souk/domain/testing/database';
import { type Builds, buildProcesses } from '@souk/local/testing/processes';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { silentNarrator } from './narrator.ts';
import { Surprise } from './surprise.ts';
import { type Deployment, deploy } from './testing/deployment.ts';
import { lyingApi } from './testing/lying-api.ts';
import { walk } from './tour.ts';

// A database of its own in Redis: other test files have queues of the same names.
const REDIS_URL = process.env['SOUK_TEST_REDIS_URL'] && new URL('/8', process.env['SOUK_TEST_REDIS_URL']).href;
const OUTPUT_SHOWN = 3_000;
const BUILT_WITHIN_MS = 180_000;
const TOUR_WITHIN_MS = 180_000;
const db = useDatabase();
let builds: Builds;
beforeAll(async () => {
  builds = await buildProcesses('src/main.ts');
}, BUILT_WITHIN_MS);
afterAll(() => builds?.remove());

const stores: { name: string; redisUrl?: string }[] = [{ name: 'PostgreSQL' }];
if (REDIS_URL) stores.push({ name: 'Redis', redisUrl: REDIS_URL });
else console.warn('SOUK_TEST_REDIS_URL is not set: the tour is taken with the queue on PostgreSQL only.');

describe.each(stores)('with the queue on $name', ({ redisUrl }) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await deploy(builds.folder, db, redisUrl);
  }, BUILT_WITHIN_MS);
  afterAll(() => deployment?.stop());

  test('the tour ends without a surprise, with every event told', { timeout: TOUR_WITHIN_MS }, async () => {
    const tell = silentNarrator();
    const { events, deliveries } = await walk(deployment.addresses, tell).catch((error: unknown) => {
      throw new Error(
        `${tell.chapters.at(-1)?.title}: ${error}\nThe processes wrote:\n${deployment.output().slice(-OUTPUT_SHOWN)}`,
      );
    });
    expect(tell.chapters.length).toBeGreaterThanOrEqual(15);
    expect(events).toBeGreaterThan(30);
    expect(deliveries).toBeGreaterThanOrEqual(events);
  });

  // What the tour overlooks does not depend on the queue.
  if (redisUrl !== undefined) return;
  test('a price that is a kobo off ends the tour, naming what was expected and what was seen', {
    timeout: TOUR_WITHIN_MS,
  }, async () => {
    const lie = (path: string, text: string) =>
      path.startsWith('/v1/products/harbour-lamp') ? text.replaceAll('1850000', '1850001') : text;
    const storefront = await lyingApi(deployment.addresses.storefront, lie);
    onTestFinished(() => storefront.close());
    const taken = walk({ ...deployment.addresses, storefront: storefront.url }, silentNarrator());
    const surprise = await taken.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(surprise).toBeInstanceOf(Surprise);
    expect(String(surprise)).toContain('price of HBL-BRASS');
    expect(surprise).toMatchObject({
      expected: expect.stringContaining('1850000'),
      seen: expect.stringContaining('1850001'),
    });
  });
});

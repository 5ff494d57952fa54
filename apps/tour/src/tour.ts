import { randomBytes } from 'node:crypto';
import { fillCart } from './chapters/basket.ts';
import { browse } from './chapters/browsing.ts';
import { importCatalogue } from './chapters/catalogue.ts';
import { checkOut } from './chapters/checkout.ts';
import { send } from './chapters/fulfilment.ts';
import { readMails } from './chapters/mails.ts';
import { meetNeighbour } from './chapters/neighbours.ts';
import { pay } from './chapters/payment.ts';
import { giveBack } from './chapters/refund.ts';
import { register, seeReady } from './chapters/registration.ts';
import { hire } from './chapters/rights.ts';
import { settle } from './chapters/settings.ts';
import { mintKey, seeRevoked } from './chapters/storefront-key.ts';
import { compare, listen, rotate } from './chapters/webhooks.ts';
import { Api, type Counter } from './http.ts';
import type { Narrator } from './narrator.ts';
import { Receiver } from './receiver.ts';
import type { Scene } from './scene.ts';

const MARK_BYTES = 4;

export interface Addresses {
  admin: string;
  storefront: string;
  mailbox: string;
}

export interface Summary {
  company: string;
  requests: number;
  /** Events in the log of the company from the moment its server listened. */
  events: number;
  /** Requests that its server got. */
  deliveries: number;
  seconds: number;
}

/**
 * The main job of a new company, through public HTTP only, in the order in which it happens.
 *
 * @throws Surprise when anything is not as it has to be, NotPossible when the machine stands in the way
 */
export async function walk(addresses: Addresses, tell: Narrator): Promise<Summary> {
  const began = performance.now();
  const counter: Counter = { requests: 0 };
  const api = (base: string) => new Api(base.replace(/\/+$/, ''), counter);
  const scene: Scene = {
    admin: api(addresses.admin),
    storefront: api(addresses.storefront),
    mailbox: api(addresses.mailbox),
    tell,
    mark: randomBytes(MARK_BYTES).toString('hex'),
    atEnd: [],
  };
  const receiver = new Receiver();
  await receiver.open();
  try {
    const { company, events } = await chapters(scene, receiver);
    tell.end();
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    return { company, requests: counter.requests, events, deliveries: receiver.arrivals.length, seconds };
  } finally {
    // The first thing that went wrong is what is told, not what comes of it.
    await Promise.allSettled(scene.atEnd.map((work) => work()));
    await receiver.close();
  }
}

async function chapters(scene: Scene, receiver: Receiver): Promise<{ company: string; events: number }> {
  const company = await register(scene);
  const colleague = await hire(scene, company);
  const hearing = await listen(scene, company, receiver);
  await settle(scene, company, receiver.base);
  const shopfront = await mintKey(scene, company);
  await importCatalogue(scene, company);
  await seeReady(scene, company);
  const choices = await browse(scene, shopfront);
  await seeRevoked(scene, shopfront);
  const basket = await fillCart(scene, shopfront, choices);
  const placed = await checkOut(scene, { company, basket, choices, receiver });
  await pay(scene, company, placed, receiver);
  await rotate(scene, company, hearing);
  const { parcelId } = await send(scene, { company, colleague, placed, choices });
  const { refundId } = await giveBack(scene, company, placed);
  await readMails(scene, company, basket, placed);
  const { events } = await compare(scene, company, hearing);
  const ids = { key: shopfront.keyId, parcel: parcelId, refund: refundId, endpoint: hearing.endpointId };
  await meetNeighbour(scene, company, { basket, placed, ids });
  return { company: company.handle, events };
}

import { until } from '../http.ts';
import { mailsTo } from '../mailbox.ts';
import type { Company, Scene } from '../scene.ts';
import { same } from '../surprise.ts';
import type { Basket } from './basket.ts';
import type { Placed } from './checkout.ts';

/** What the shopper has to have been told, in words every subject of the kind holds. */
const TO_SHOPPER = [/is paid/, /on its way/, /was delivered/, /went back/];

/** Everybody got the mails they had to get, each once. */
export async function readMails(
  scene: Scene,
  { ownerEmail }: Company,
  basket: Basket,
  { number }: Placed,
): Promise<void> {
  const { tell, mailbox } = scene;
  tell.chapter('The mails', mailbox.base);
  const toShopper = await until(`mails to ${basket.email}`, {
    expected: `${TO_SHOPPER.length} mails, one for each step`,
    ask: async () => (await mailsTo(scene, basket.email)).map(({ subject }) => subject),
    ok: (subjects) => TO_SHOPPER.every((pattern) => subjects.some((subject) => pattern.test(subject))),
  });
  same(
    'mails about the order that do not name its number',
    toShopper.filter((subject) => !subject.includes(number)),
    [],
  );
  same('mails that came twice', toShopper.length - new Set(toShopper).size, 0);
  tell.fact('The shopper was told of every step, and of none twice:', `GET ${mailbox.base}/messages`);
  for (const subject of toShopper) tell.detail(subject);
  const toOwner = await until(`mails to ${ownerEmail}`, {
    expected: 'one about the new order',
    ask: async () => (await mailsTo(scene, ownerEmail)).map(({ subject }) => subject),
    ok: (subjects) => subjects.some((subject) => subject.includes(number)),
  });
  tell.fact(`The owner too: ${toOwner.filter((subject) => subject.includes(number)).join(', ')}`);
}

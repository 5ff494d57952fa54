import { readFile } from 'node:fs/promises';
import type { Deployment } from './deployment.ts';
import type { Outcome } from './rounds.ts';

/** `SOUK_BENCH_VARIANTS=100000 pnpm bench import` is the size the memory goal is about. */
const VARIANTS = Number(process.env['SOUK_BENCH_VARIANTS'] ?? 20_000);
const VARIANTS_PER_PRODUCT = 4;
const VARIANTS_PER_SECOND_GOAL = 2_000;
const MEGABYTES_GOAL = 300;
/** Fetching pictures is other work, which the same worker does meanwhile. */
const PICTURED_EVERY = 10;
const POLL_MS = 100;
const HEADER =
  'Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,Variant Image,Variant Weight Unit,Variant Tax Code';

interface Import {
  id: string;
  status: string;
  failure: string | null;
  rowsDone: number;
  counts: { variants: { created: number; unchanged: number }; products: { failed: number } };
}

/** A Shopify file through the API and the worker, from the POST until it is completed; first new, then the same again. */
export async function benchImport(deployment: Deployment): Promise<Outcome[]> {
  const company = await deployment.register('bench-import');
  const token = await logIn(deployment, company);
  const worker = await deployment.startWorker();
  const file = catalogue(VARIANTS);
  const rates: number[] = [];
  for (const kind of ['created', 'unchanged'] as const) {
    const begun = performance.now();
    const done = await importFile(deployment, token, file);
    if (done.status !== 'completed' || done.counts.variants[kind] !== VARIANTS)
      throw new Error(`the import ended as ${JSON.stringify(done)}`);
    rates.push((VARIANTS / (performance.now() - begun)) * 1000);
  }
  const peak = await peakMegabytes(worker.pid);
  const [created = Number.NaN, again = Number.NaN] = rates;
  return [
    {
      name: `import of ${VARIANTS.toLocaleString('en')} new variants, from POST to completed (bare: the goal)`,
      ours: created,
      bare: VARIANTS_PER_SECOND_GOAL,
      unit: 'variants/s',
      goal: 1,
      note: `the same file again: ${Math.round(again).toLocaleString('en')} variants/s, all unchanged`,
    },
    {
      name: 'the worker at its largest meanwhile (bare: the goal)',
      ours: peak,
      bare: MEGABYTES_GOAL,
      unit: 'MB',
      goal: 1,
      isLatency: true,
    },
  ];
}

async function logIn({ adminUrl }: Deployment, { handle, email, password }: Deployment['company']): Promise<string> {
  const answer = await fetch(`${adminUrl}/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ company: handle, email, password }),
  });
  if (!answer.ok) throw new Error(`login answered ${answer.status}: ${await answer.text()}`);
  const { tokens } = (await answer.json()) as { tokens: { accessToken: string } };
  return tokens.accessToken;
}

async function importFile({ adminUrl }: Deployment, token: string, csv: string): Promise<Import> {
  const headers = { authorization: `Bearer ${token}` };
  const form = new FormData();
  form.append('file', new Blob([csv], { type: 'text/csv' }), 'products.csv');
  const answer = await fetch(`${adminUrl}/v1/product-imports`, { method: 'POST', headers, body: form });
  if (answer.status !== 202) throw new Error(`the import answered ${answer.status}: ${await answer.text()}`);
  const { id } = (await answer.json()) as Import;
  for (;;) {
    const now = (await (await fetch(`${adminUrl}/v1/product-imports/${id}`, { headers })).json()) as Import;
    if (now.status !== 'queued' && now.status !== 'running') return now;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The most memory a process ever held, as Linux counts it. */
async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

function catalogue(variants: number): string {
  const lines = [HEADER];
  for (let at = 0; at < variants / VARIANTS_PER_PRODUCT; at++)
    for (let one = 0; one < VARIANTS_PER_PRODUCT; one++) lines.push(row(at, one));
  return `${lines.join('\r\n')}\r\n`;
}

function row(product: number, variant: number): string {
  const ofProduct = (...cells: string[]) => (variant === 0 ? cells : cells.map(() => ''));
  return [
    `bench-product-${product}`,
    ...ofProduct(
      `Cotton shirt ${product}`,
      `"<p>A shirt of fine cotton, number ${product}.</p><ul><li>Soft, and made to last</li></ul>"`,
      `Vendor ${product % 50}`,
      `Type ${product % 20}`,
      `"tag-${product % 30}, tag-${product % 7}, all"`,
      'true',
      'Size',
    ),
    ['S', 'M', 'L', 'XL'][variant],
    ',,',
    ...['', `SHIRT-${product}-${variant}`, String(180 + variant), 'shopify', String(variant * 3), 'deny', 'manual'],
    ...[`${1000 + (product % 500)}.00`, '', 'true', 'true', ''],
    ...(product % PICTURED_EVERY === 0
      ? ofProduct(`https://pictures.example.com/${product}.jpg`, '1', `Shirt ${product}`)
      : ['', '', '']),
    ...['false', '', '', '', 'kg', ''],
  ].join(',');
}

import { goodsFile } from '../goods-file.ts';
import type { Api } from '../http.ts';
import type { Company, Scene } from '../scene.ts';
import { plural } from '../shop-words.ts';
import { found, Surprise, same } from '../surprise.ts';

interface Import {
  id: string;
  status: string;
  rowsDone: number;
  rowsTotal: number | null;
  percentage: number | null;
  counts: {
    products: { created: number; updated: number; unchanged: number; failed: number };
    variants: { created: number };
    errors: number;
  };
  errors: { row: number; column: string | null; message: string }[];
}

/** A whole catalogue comes from a file; first a faulty one, as a trial. */
export async function importCatalogue(scene: Scene, { owner }: Company): Promise<void> {
  const { tell } = scene;
  const file = goodsFile();
  tell.chapter('Its catalogue, from a file', `apps/tour/${file.name}`);
  await tryFaulty(scene, owner, file.text);
  const done = await bring(scene, owner, file.text);
  const { products, variants, errors } = done.counts;
  same(
    'counts of the import',
    [products.created, variants.created, products.failed, errors],
    [file.products, file.goods.size, 0, 0],
  );
  tell.fact(
    `${plural(products.created, 'product')} with ${plural(variants.created, 'variant')} imported, watched while it ran`,
    'GET /v1/product-imports/:id/events',
  );
  const again = await bring(scene, owner, file.text);
  same('products the same file changes again', [again.counts.products.created, again.counts.products.updated], [0, 0]);
  tell.fact('The same file once more changes nothing', 'POST /v1/product-imports');
}

async function tryFaulty({ tell, ...scene }: Scene, owner: Api, text: string): Promise<void> {
  const faulty = text.replace('GRM-1,3900,9800', 'GRM-1,3900,cheap');
  const trial = await bring({ tell, ...scene }, owner, faulty, { dryRun: 'true' });
  same('products with faults in a faulty file', trial.counts.products.failed, 1);
  const fault = found(
    'errors of a trial import',
    trial.errors.find(({ column }) => column === 'price:NGN'),
  );
  const row = faulty.split('\n').findIndex((line) => line.includes('cheap')) + 1;
  same('the row in which the fault is', fault.row, row);
  tell.fact('A trial with a slip in it writes nothing, and says where the slip is:', 'POST /v1/product-imports dryRun');
  tell.detail(`row ${fault.row}, ${fault.column}: ${fault.message}`);
  const { data } = await owner.get<{ data: unknown[] }>('/v1/products');
  same('products after a trial', data.length, 0);
}

async function bring(
  { tell }: Scene,
  owner: Api,
  text: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Import> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new Blob([text], { type: 'text/csv' }), 'catalogue.csv');
  const begun = await owner.post<Import>('/v1/product-imports', form, { status: 202 });
  for await (const { event, data } of owner.events(`/v1/product-imports/${begun.id}/events`)) {
    const now = JSON.parse(data) as Import; // the stream's events are imports, as the reference says
    tell.progress(`${now.status}: row ${now.rowsDone} of ${now.rowsTotal ?? '?'}`);
    if (event !== 'end') continue;
    if (now.status === 'completed') return owner.get<Import>(`/v1/product-imports/${begun.id}`);
    throw new Surprise('the end of an import', { expected: 'completed', seen: data });
  }
  throw new Surprise('GET /v1/product-imports/:id/events', {
    expected: 'an event "end"',
    seen: 'the stream just ended',
  });
}

import type { Run, Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { cleanedPatch, cleanedWords } from './product-forms.ts';
import type { ProductPatch, ProductView, TranslationInput } from './product-management.contract.ts';
import { translateProduct, updateProduct } from './product-management.service.ts';

/** As `updateProduct`; the description is cleaned before the transaction, which holds the product's row. */
export async function changeProduct(
  run: Run,
  session: Session,
  id: Id<'prod'>,
  patch: ProductPatch,
  expectedVersion?: number,
): Promise<ProductView> {
  const clean = cleanedPatch(patch);
  return run(session, (ctx) => updateProduct(ctx, id, clean, expectedVersion));
}

/** As `translateProduct`, with the same care. */
export async function setTranslation(
  run: Run,
  session: Session,
  id: Id<'prod'>,
  locale: string,
  words: TranslationInput,
  expectedVersion?: number,
): Promise<ProductView> {
  const clean = cleanedWords(words);
  return run(session, (ctx) => translateProduct(ctx, id, locale, clean, expectedVersion));
}

import type { Run, Session } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { HandleTaken } from '../products/products.errors.ts';
import { cleanedNew } from './product-forms.ts';
import type { NewProduct, ProductCopy, ProductView } from './product-management.contract.ts';
import { copyProduct, createProduct } from './product-management.service.ts';

/** Two people who make a "Blue shirt" at the same moment are both to get one. */
const ATTEMPTS_MAX = 4;

/** As `createProduct`; a handle made from the title that somebody takes at this very moment is made anew. */
export async function createProductNamed(run: Run, session: Session, form: NewProduct): Promise<ProductView> {
  const clean = cleanedNew(form);
  return renaming(form.handle === undefined, () => run(session, (ctx) => createProduct(ctx, clean)));
}

/** As `copyProduct`, with the same care for the handle. */
export const copyProductNamed = (run: Run, session: Session, id: Id<'prod'>, copy: ProductCopy): Promise<ProductView> =>
  renaming(copy.handle === undefined, () => run(session, (ctx) => copyProduct(ctx, id, copy)));

async function renaming<T>(isOurName: boolean, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isOurName || !(error instanceof HandleTaken) || tried >= ATTEMPTS_MAX) throw error;
    }
  }
}

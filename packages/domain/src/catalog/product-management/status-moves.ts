import type { ProductStatus } from '../products/products.schema.ts';

/** What is done to a product's standing. */
export type StatusMove = 'publication' | 'withdrawal' | 'archival' | 'approval' | 'rejection';

interface Move {
  readonly from: readonly ProductStatus[];
  readonly to: ProductStatus;
  /** What a caller who is refused does instead. */
  readonly next: string;
}

/**
 * The whole life cycle. `publication` and `approval` lead to `active`; `saveProducts` makes that `pending_approval` for
 * those whose products need an approval.
 */
export const STATUS_MOVES: Readonly<Record<StatusMove, Move>> = {
  publication: { from: ['draft', 'pending_approval', 'active', 'archived'], to: 'active', next: '' },
  withdrawal: { from: ['draft', 'pending_approval', 'active', 'archived'], to: 'draft', next: '' },
  archival: { from: ['draft', 'pending_approval', 'active', 'archived'], to: 'archived', next: '' },
  approval: {
    from: ['pending_approval'],
    to: 'active',
    next: 'Only what waits for an approval can be approved; publish it.',
  },
  rejection: {
    from: ['pending_approval'],
    to: 'draft',
    next: 'Only what waits for an approval can be rejected; withdraw it.',
  },
};

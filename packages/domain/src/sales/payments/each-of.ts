/** Tells of work that failed through our fault; it is tried again later. */
export type Report = (error: unknown, about: object) => void;

const thrown: Report = (error) => {
  throw error;
};

/** Works on all of them side by side, whatever becomes of each. Without `report` a failure is thrown when all are done. */
export async function eachOf<Item extends { readonly id: string }>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
  report: Report = thrown,
): Promise<void> {
  const done = await Promise.allSettled(items.map(work));
  for (const [at, one] of done.entries()) if (one.status === 'rejected') report(one.reason, { id: items[at]?.id });
}

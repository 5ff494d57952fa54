import type { Ctx } from '../kernel/ctx.ts';

/** The same transaction; `count` hears of every statement. For guarantees that a batch is a constant number of them. */
export function countingTx(tx: Ctx['tx'], count: () => void): Ctx['tx'] {
  const methods = new Set<string | symbol>(['execute', 'select', 'selectDistinct', 'insert', 'update', 'delete']);
  return new Proxy(tx, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (!methods.has(name) || typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        count();
        return Reflect.apply(value, target, given);
      };
    },
  });
}

import type { Ctx, Run } from '../kernel/ctx.ts';

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

/**
 * The same `run`; `counted.statements` counts all that its units of work send, but for what begins and ends a
 * transaction. The claim of an Idempotency-Key is counted as one statement.
 */
export function countingRun(run: Run): { run: Run; counted: { statements: number } } {
  const counted = { statements: 0 };
  const counting: Run = (session, work) => {
    let isFirstTry = true;
    return run(session, (ctx) => {
      // The door that every statement of this unit of work goes through (`transaction.ts`); the claim went before us.
      const { client } = (ctx.tx as unknown as { session: { client: { unsafe(...given: unknown[]): unknown } } })
        .session;
      const send = client.unsafe;
      client.unsafe = (...given) => {
        counted.statements += 1;
        return send.apply(client, given);
      };
      if (isFirstTry && session.idempotency && session.idempotency.part !== 'last') counted.statements += 1;
      isFirstTry = false;
      return work(ctx);
    });
  };
  return { run: counting, counted };
}

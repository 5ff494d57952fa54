import { SecretUnreadable } from '../../company/secrets/secrets.errors.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Credentials } from './delivery-attempt.ts';
import { endpointHeaders, signingSecrets } from './endpoint-secrets.service.ts';
import type { Taken } from './taking.service.ts';

/**
 * What signs a delivery and goes with it, to be asked for when it is sent: a secret that cannot be opened fails the
 * attempt, which the merchant sees, and not the work of the worker.
 */
export async function credentialsOf(ctx: Ctx, { endpointId: id, headerNames }: Taken): Promise<() => Credentials> {
  try {
    const [secrets, headers] = await Promise.all([
      signingSecrets(ctx, { id }),
      endpointHeaders(ctx, { id, headerNames }),
    ]);
    return () => ({ secrets, headers });
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error;
    return () => {
      throw error;
    };
  }
}

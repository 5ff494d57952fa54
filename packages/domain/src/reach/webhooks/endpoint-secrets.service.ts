import { randomBytes } from 'node:crypto';
import { eq, gt, sql } from 'drizzle-orm';
import { z } from 'zod';
import { deleteSecret, putSecret, revealSecret } from '../../company/secrets/secrets.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import type { Id } from '../../kernel/ids.ts';
import { mine } from '../../kernel/tables.ts';
import { webhookEndpoints } from './webhooks.schema.ts';

/** Standard Webhooks 1.0: 24 to 64 bytes. */
const SECRET_BYTES = 32;

type EndpointId = Id<'wep'>;

/** The name of an endpoint's signing secret in `company_secrets`. */
export const secretName = (id: EndpointId) => `webhook-endpoint.${id}`;
const previousName = (id: EndpointId) => `${secretName(id)}.previous`;
const headersName = (id: EndpointId) => `${secretName(id)}.headers`;

const storedHeaders = z.record(z.string(), z.string());

/** Gives an endpoint its first signing secret. */
export async function giveSecret(ctx: Ctx, id: EndpointId): Promise<string> {
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  await putSecret(ctx, secretName(id), secret);
  return secret;
}

/** Puts a new secret in place of an endpoint's, and keeps the old one, or forgets it. The caller holds the row's lock. */
export async function replaceSecret(ctx: Ctx, id: EndpointId, keepsOld: boolean): Promise<string> {
  const old = keepsOld ? await revealSecret(ctx, secretName(id)) : undefined;
  if (old) await putSecret(ctx, previousName(id), old);
  else await deleteSecret(ctx, previousName(id));
  return giveSecret(ctx, id);
}

/** Forgets the secret before the present one. */
export const forgetPrevious = (ctx: Ctx, id: EndpointId): Promise<boolean> => deleteSecret(ctx, previousName(id));

/** Forgets all an endpoint has of secrets. */
export async function forgetSecrets(ctx: Ctx, id: EndpointId): Promise<void> {
  await Promise.all([secretName(id), previousName(id), headersName(id)].map((name) => deleteSecret(ctx, name)));
}

/**
 * What signs an endpoint's deliveries now, newest first: its secret, and during the overlap of a rotation the one before.
 * Once for a batch of deliveries. Empty: the endpoint is gone. Throws `SecretUnreadable`.
 */
export async function signingSecrets(ctx: Ctx, { id }: { id: EndpointId }): Promise<string[]> {
  // In this order: a rotation in between gives the same secret twice, and never a new one without the one before it.
  const [current, [overlapping]] = await Promise.all([
    revealSecret(ctx, secretName(id)),
    ctx.tx
      .select({ id: webhookEndpoints.id })
      .from(webhookEndpoints)
      .where(
        mine(ctx, webhookEndpoints, eq(webhookEndpoints.id, id), gt(webhookEndpoints.previousSecretUntil, sql`now()`)),
      ),
  ]);
  const previous = overlapping && (await revealSecret(ctx, previousName(id)));
  return [...new Set([current, previous])].filter((secret) => secret !== undefined);
}

/** The headers a merchant wants sent with every delivery, by name in lower case. */
export async function endpointHeaders(
  ctx: Ctx,
  { id, headerNames }: { id: EndpointId; headerNames: readonly string[] },
): Promise<Record<string, string>> {
  const stored = headerNames.length > 0 ? await revealSecret(ctx, headersName(id)) : undefined;
  return stored === undefined ? {} : storedHeaders.parse(JSON.parse(stored));
}

/** Stores headers in place of those before; returns their names. None is fine. */
export async function storeHeaders(
  ctx: Ctx,
  id: EndpointId,
  headers: Readonly<Record<string, string>>,
): Promise<string[]> {
  const names = Object.keys(headers).sort();
  // Nothing is told of the values, not even how they end: one may be `Bearer` and a token.
  if (names.length > 0) await putSecret(ctx, headersName(id), JSON.stringify(headers), '');
  else await deleteSecret(ctx, headersName(id));
  return names;
}

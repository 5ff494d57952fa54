import { eq, sql } from 'drizzle-orm';
import { countCompanyEvent, getCompany } from '../../company/companies/companies.service.ts';
import {
  deleteSecret,
  describeSecret,
  putSecret,
  revealSecret,
  type SecretView,
} from '../../company/secrets/secrets.service.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { InvalidInput, NotFound } from '../../kernel/errors.ts';
import { emit } from '../../kernel/outbox.ts';
import type { Page } from '../../kernel/page.ts';
import { mine } from '../../kernel/tables.ts';
import {
  PAYMENT_PROVIDERS,
  type PaymentProvider,
  type PaymentProviderSetup,
  type PaymentProviderView,
} from './payment-providers.contract.ts';
import { CredentialOfOtherMode } from './payment-providers.errors.ts';
import { paymentProviderRemoved, paymentProviderSetUp } from './payment-providers.events.ts';
import { paymentProviders } from './payment-providers.schema.ts';

type Field = keyof PaymentProviderSetup;

const KNOWN: Readonly<
  Record<PaymentProvider, { name: string; required: readonly Field[]; allowed: readonly Field[] }>
> = {
  paystack: { name: 'Paystack', required: ['secretKey'], allowed: ['secretKey', 'publicKey'] },
  manual: { name: 'Bank transfer', required: [], allowed: [] },
};

/** What people call them. */
export const PROVIDER_NAMES: Readonly<Record<PaymentProvider, string>> = {
  paystack: KNOWN.paystack.name,
  manual: KNOWN.manual.name,
};

type Row = typeof paymentProviders.$inferSelect;

/** Every way to be paid that this deployment knows, and what this company has set up of it. */
export async function listPaymentProviders(ctx: Ctx): Promise<Page<PaymentProviderView>> {
  const rows = await ctx.tx.select().from(paymentProviders).where(mine(ctx, paymentProviders));
  const data: PaymentProviderView[] = [];
  for (const provider of PAYMENT_PROVIDERS) {
    const row = rows.find((candidate) => candidate.provider === provider);
    data.push(viewOf(provider, row, row && (await describeSecret(ctx, secretName(provider)))));
  }
  return { data, page: { hasMore: false, next: null } };
}

/**
 * Sets a provider up, or replaces its credentials as a whole. Throws `NotFound` for a provider we do not know,
 * `InvalidInput` for credentials it needs or does not take, `CredentialOfOtherMode` for test keys in a live company.
 */
export async function setUpPaymentProvider(
  ctx: Ctx,
  name: string,
  setup: PaymentProviderSetup,
): Promise<PaymentProviderView> {
  const provider = providerNamed(name);
  refuseWrongFields(provider, setup);
  await refuseOtherMode(ctx, setup);
  const before = await lockProvider(ctx, provider);
  const values = { publicKey: setup.publicKey ?? null, version: (before?.version ?? 0) + 1 };
  const [row] = await ctx.tx
    .insert(paymentProviders)
    .values({ companyId: ctx.companyId, provider, ...values })
    .onConflictDoUpdate({
      target: [paymentProviders.companyId, paymentProviders.provider],
      set: { ...values, updatedAt: sql`now()` },
    })
    .returning();
  const secret = setup.secretKey && (await putSecret(ctx, secretName(provider), setup.secretKey));
  const view = viewOf(provider, row, secret || undefined);
  ctx.audit({
    action: 'payment_provider.set_up',
    entity: { type: 'payment_provider', id: provider },
    before: before && { publicKey: before.publicKey, version: before.version },
    after: { publicKey: view.publicKey, version: view.version, lastFour: view.credentials?.lastFour },
  });
  await announce(ctx, paymentProviderSetUp, view);
  ctx.touch();
  return view;
}

/** Removes a provider and forgets its credentials. Removing what is not set up changes nothing. Throws `NotFound` for one we do not know. */
export async function removePaymentProvider(ctx: Ctx, name: string): Promise<void> {
  const provider = providerNamed(name);
  const before = await lockProvider(ctx, provider);
  if (!before) return;
  await ctx.tx.delete(paymentProviders).where(mine(ctx, paymentProviders, eq(paymentProviders.provider, provider)));
  await deleteSecret(ctx, secretName(provider));
  ctx.audit({
    action: 'payment_provider.removed',
    entity: { type: 'payment_provider', id: provider },
    before: { publicKey: before.publicKey, version: before.version },
  });
  await announce(ctx, paymentProviderRemoved, viewOf(provider, undefined, undefined));
  ctx.touch();
}

async function announce(ctx: Ctx, event: typeof paymentProviderSetUp, paymentProvider: PaymentProviderView) {
  const { company, sequence } = await countCompanyEvent(ctx);
  await emit(ctx, event, { aggregate: { id: company.id, sequence }, data: { company, paymentProvider } });
}

/** The secret key of a provider, for its adapter; undefined if the company has not set it up or it has none. */
export const secretKeyOf = (ctx: Ctx, provider: PaymentProvider): Promise<string | undefined> =>
  revealSecret(ctx, secretName(provider));

const secretName = (provider: PaymentProvider) => `payment-provider.${provider}`;

function providerNamed(name: string): PaymentProvider {
  const provider = PAYMENT_PROVIDERS.find((known) => known === name);
  if (!provider) throw new NotFound('payment provider', `There are: ${PAYMENT_PROVIDERS.join(', ')}.`);
  return provider;
}

function refuseWrongFields(provider: PaymentProvider, setup: PaymentProviderSetup): void {
  const { name, required, allowed } = KNOWN[provider];
  const given = (Object.keys(setup) as Field[]).filter((field) => setup[field] !== undefined); // a strict object: these are its fields
  const missing = required
    .filter((field) => !given.includes(field))
    .map((field) => ({ pointer: `/${field}`, code: 'required', message: `${name} needs ${field}.` }));
  const surplus = given
    .filter((field) => !allowed.includes(field))
    .map((field) => ({ pointer: `/${field}`, code: 'unknown_field', message: `${name} takes no ${field}.` }));
  const [first, ...others] = [...missing, ...surplus];
  if (first) throw new InvalidInput(first, ...others);
}

async function refuseOtherMode(ctx: Ctx, setup: PaymentProviderSetup): Promise<void> {
  const { mode } = await getCompany(ctx);
  for (const field of ['secretKey', 'publicKey'] as const) {
    const value = setup[field];
    if (value && !value.slice(2).startsWith(`_${mode}_`)) throw new CredentialOfOtherMode(field, mode);
  }
}

/** Changes of one provider take turns; one that is not set up has no row to lock, hence a lock on its name. */
async function lockProvider(ctx: Ctx, provider: PaymentProvider): Promise<Row | undefined> {
  await ctx.tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`payment_providers|${ctx.companyId}|${provider}`}, 0))`,
  );
  const [row] = await ctx.tx
    .select()
    .from(paymentProviders)
    .where(mine(ctx, paymentProviders, eq(paymentProviders.provider, provider)));
  return row;
}

function viewOf(provider: PaymentProvider, row: Row | undefined, secret: SecretView | undefined): PaymentProviderView {
  return {
    provider,
    name: KNOWN[provider].name,
    isConfigured: row !== undefined,
    publicKey: row?.publicKey ?? null,
    credentials: secret
      ? { lastFour: secret.lastFour, fingerprint: secret.fingerprint, updatedAt: secret.updatedAt }
      : null,
    version: row?.version ?? 0,
  };
}

import type { Ctx } from '../../kernel/ctx.ts';
import { runText, type TextStatement } from '../../kernel/text-statement.ts';
import { LEASE_SECONDS, type Taken } from './taking.service.ts';

/** $2: what is given back, as JSON. */
const GIVE_BACK: TextStatement<'company' | 'given'> = {
  names: ['company', 'given'],
  text: `update webhook_deliveries d set attempts = greatest(d.attempts - 1, 0), leased_until = g.was_leased, due_at = g.was_due
    from json_to_recordset($2::text::json) as g(id text collate "C", redeliveries int, lease timestamptz,
      was_due timestamptz, was_leased timestamptz)
    where d.company_id = $1 and d.id = g.id and d.ended_at is null and d.redeliveries = g.redeliveries
      and d.leased_until = g.lease`,
};

/** Whoever has a row locked is writing what becomes of it: it is not waited for, and there is no dead-lock. $2: as JSON. */
const RENEW: TextStatement<'company' | 'given'> = {
  names: ['company', 'given'],
  text: `with held as (
      select d.id from webhook_deliveries d join json_to_recordset($2::text::json)
        as g(id text collate "C", attempt int, redeliveries int) on d.id = g.id
      where d.company_id = $1 and d.ended_at is null and d.leased_until is not null and d.attempts = g.attempt
        and d.redeliveries = g.redeliveries
      order by d.id for no key update of d skip locked
    )
    update webhook_deliveries d set leased_until = now() + interval '${LEASE_SECONDS} s',
      due_at = now() + interval '${LEASE_SECONDS} s'
    from held where d.company_id = $1 and d.id = held.id`,
};

/**
 * Gives back what was taken and not begun, the caller holding the endpoint: it is due since when it was, and the attempt
 * was none. What somebody else has taken meanwhile, or what was given back already, is left as it is.
 */
export async function giveBack(ctx: Ctx, taken: readonly Taken[]): Promise<void> {
  const given = taken.map(({ id, redeliveries, lease, before }) => {
    return { id, redeliveries, lease, was_due: before.dueAt, was_leased: before.leasedUntil };
  });
  await runText(ctx, GIVE_BACK, { company: ctx.companyId, given: JSON.stringify(given) });
}

/** A sign of life of whoever is sending these: their leases begin anew, unless somebody else has taken them. */
export async function renewLeases(ctx: Ctx, taken: readonly Taken[]): Promise<void> {
  const given = taken.map(({ id, attempt, redeliveries }) => ({ id, attempt, redeliveries }));
  await runText(ctx, RENEW, { company: ctx.companyId, given: JSON.stringify(given) });
}

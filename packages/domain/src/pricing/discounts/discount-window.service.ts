import { eq, sql } from 'drizzle-orm';
import { companies } from '../../company/companies/companies.schema.ts';
import type { Instant } from '../../kernel/clock.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, InvalidInput } from '../../kernel/errors.ts';

interface AskedWindow {
  startsAt?: Instant | null | undefined;
  endsAt?: Instant | null | undefined;
  startsOn?: string | undefined;
  endsOn?: string | undefined;
}

export interface DiscountWindow {
  startsAt?: Instant | null;
  endsAt?: Instant | null;
}

/**
 * The window that was asked for, as moments; what was left out is left out. Windows are half-open. Days are those of the
 * company's time zone: a discount that `endsOn` a day is over with the midnight after it. Throws `InvalidInput` when a
 * moment and a day are both there.
 */
export async function windowOf(ctx: Ctx, asked: AskedWindow): Promise<DiscountWindow> {
  const { startsAt, endsAt, startsOn, endsOn } = asked;
  const faults: FieldFault[] = [];
  if (startsAt !== undefined && startsOn !== undefined) faults.push(bothNamed('startsOn', 'startsAt'));
  if (endsAt !== undefined && endsOn !== undefined) faults.push(bothNamed('endsOn', 'endsAt'));
  const [first, ...others] = faults;
  if (first) throw new InvalidInput(first, ...others);
  const window: DiscountWindow = {
    ...(startsAt !== undefined && { startsAt }),
    ...(endsAt !== undefined && { endsAt }),
  };
  if (startsOn === undefined && endsOn === undefined) return window;
  const midnights = await midnightsOf(ctx, startsOn, endsOn);
  return {
    ...window,
    ...(startsOn !== undefined && { startsAt: midnights.startsAt }),
    ...(endsOn !== undefined && { endsAt: midnights.endsAt }),
  };
}

const bothNamed = (day: string, moment: string): FieldFault => ({
  pointer: `/${day}`,
  code: 'named_twice',
  message: `Say either ${day} or ${moment}.`,
});

/** PostgreSQL knows the zones, and which midnights a change of the clock moved. */
async function midnightsOf(ctx: Ctx, startsOn: string | undefined, endsOn: string | undefined) {
  const midnight = (day: string | undefined, more: number) =>
    sql<string | null>`(${day ?? null}::date + ${more}::integer)::timestamp at time zone ${companies.timezone}`;
  const [row] = await ctx.tx
    .select({ startsAt: midnight(startsOn, 0), endsAt: midnight(endsOn, 1) })
    .from(companies)
    .where(eq(companies.companyId, ctx.companyId));
  const instantOf = (text: string | null | undefined) => (text ? new Date(text).toISOString() : null);
  return { startsAt: instantOf(row?.startsAt), endsAt: instantOf(row?.endsAt) };
}

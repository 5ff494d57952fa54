import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { can, storeScope } from '@souk/domain/company/companies/companies.access';
import { updateCompany } from '@souk/domain/company/companies/companies.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { listQuery } from '@souk/domain/kernel/page';
import { z } from 'zod';
import { Allow, EvenSuspended, Public, Scope, SignedIn, WithoutIdempotency } from '../http/allow.ts';
import { dtoOf, idParam, ZodResponse } from '../http/contract-class.ts';
import { FastLane } from '../http/fast-lane.ts';
import { type Caller, CurrentCaller, CurrentSession } from '../http/session.ts';
import { RUN } from '../tokens.ts';

class ThingDto extends dtoOf(
  z.strictObject({
    name: z.string().max(50),
    count: z.int().min(1).max(10).optional(),
    kind: z.enum(['small', 'large']).optional(),
    lines: z
      .array(z.strictObject({ sku: z.string() }))
      .max(1_000)
      .optional(),
    extra: z.unknown().optional(),
  }),
) {}
class ThingQueryDto extends dtoOf(listQuery) {}
class WhoDto extends dtoOf(z.object({ actor: z.string(), companyId: z.string(), ip: z.string().optional() })) {}
class EchoDto extends dtoOf(z.object({ name: z.string(), version: z.number().optional() })) {}
class CallerDto extends dtoOf(z.object({ ip: z.string(), requestId: z.string(), userAgent: z.string().optional() })) {}

const who = ({ actor, companyId, ip }: Session) => ({
  actor: `${actor.type}:${actor.id}`,
  companyId,
  ip,
  secret: 'never let out',
});

/** Routes of an admin API that exists in tests only: one of each kind. */
@Controller('v1/things')
export class ThingsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: WhoDto })
  list(@CurrentSession() session: Session, @Query() _query: ThingQueryDto) {
    return who(session);
  }

  @Get('me')
  @SignedIn()
  @ZodResponse({ status: 200, type: WhoDto })
  me(@CurrentSession() session: Session) {
    return who(session);
  }

  @Get('broken')
  @Public()
  @ZodResponse({ status: 200, type: EchoDto })
  broken(): { name: string } {
    throw new Error('select * from secrets where password = hunter2');
  }

  @Get('misshapen')
  @Public()
  @ZodResponse({ status: 200, type: EchoDto })
  misshapen() {
    return { nam: 'a value nobody may see' } as unknown as { name: string }; // what the compiler would have caught
  }

  @Post('open')
  @Public()
  @ZodResponse({ status: 200, type: CallerDto })
  open(@CurrentCaller() caller: Caller, @Body() _body: ThingDto) {
    return caller;
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: EchoDto })
  async create(@CurrentSession() session: Session, @Body() body: ThingDto, @Headers('if-match') _match?: string) {
    return this.run(session, (ctx) => updateCompany(ctx, { name: body.name }));
  }

  @Post('unremembered')
  @Allow(can.write)
  @WithoutIdempotency()
  @ZodResponse({ status: 201, type: EchoDto })
  async createAgain(@CurrentSession() session: Session, @Body() body: ThingDto) {
    return this.run(session, (ctx) => updateCompany(ctx, { name: body.name }));
  }

  @Post('silent')
  @Allow(can.write)
  @HttpCode(204)
  async createSilently(@CurrentSession() session: Session, @Body() body: ThingDto): Promise<void> {
    await this.run(session, async (ctx) => void (await updateCompany(ctx, { name: body.name })));
  }

  @Post(':id/ending')
  @SignedIn()
  @EvenSuspended()
  @HttpCode(204)
  end(@Param('id', idParam('ses')) _id: Id<'ses'>): void {
    // nothing to do: that it was let in is what is tested
  }
}

/** The same of a storefront API. */
@Controller('v1/goods')
export class GoodsController {
  @Get()
  @Scope(storeScope.read)
  @ZodResponse({ status: 200, type: WhoDto })
  list(@CurrentSession() session: Session) {
    return who(session);
  }

  @Post()
  @Scope('carts.write')
  @ZodResponse({ status: 201, type: EchoDto })
  create(@Body() body: ThingDto) {
    return body;
  }
}

/** What only a logged-in customer reaches. */
@Controller('v1/customers-only')
export class CustomersOnlyController {
  @Get()
  @Scope('customers.write', { customer: true })
  @ZodResponse({ status: 200, type: WhoDto })
  show(@CurrentSession() session: Session) {
    return who(session);
  }

  @Post()
  @Scope('customers.write', { customer: true })
  @ZodResponse({ status: 201, type: WhoDto })
  write(@CurrentSession() session: Session) {
    return who(session);
  }
}

/** A hot read of the storefront. */
@Controller('v1/fast-goods')
@FastLane()
export class FastGoodsController {
  @Get()
  @Scope(storeScope.read)
  @ZodResponse({ status: 200, type: WhoDto })
  list(session: Session) {
    return who(session);
  }
}

/** Says nothing about access: no app starts with it. */
@Controller('v1/forgotten')
export class ForgottenController {
  @Get()
  list() {
    return [];
  }

  @Get('wrong')
  @Scope(storeScope.read)
  wrong() {
    return [];
  }

  @Get('unknown')
  @Allow('things.invent')
  unknown() {
    return [];
  }
}

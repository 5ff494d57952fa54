import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import { storeScope } from '@souk/domain/company/companies/companies.access';
import { storeView } from '@souk/domain/company/settings/store.contract';
import { showStore } from '@souk/domain/company/settings/store.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { Scope } from '@souk/platform/http/allow';
import { CacheableResponse, readyAnswer, sendCacheable } from '@souk/platform/http/cacheable';
import { dtoOf } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import type { ReadyAnswers } from '@souk/platform/ready-answers';
import { READY_ANSWERS, RUN } from '@souk/platform/tokens';
import type { FastifyReply } from 'fastify';

class StoreDto extends dtoOf(storeView) {}

/** Whose shop this is: what a storefront asks first. */
@Controller('v1/store')
export class StoreController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(READY_ANSWERS) private readonly readyAnswers: ReadyAnswers,
  ) {}

  @Get()
  @Scope(storeScope.read)
  @CacheableResponse(StoreDto)
  async show(
    @CurrentSession() session: Session,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ) {
    const store = await this.readyAnswers.of(session.companyId, 'store', async () =>
      readyAnswer(storeView, await this.run(session, showStore)),
    );
    sendCacheable(reply, store, ifNoneMatch);
  }
}

import { Controller, Get } from '@nestjs/common';
import { storeScope } from '@souk/domain/company/companies/companies.access';
import type { Session } from '@souk/domain/kernel/ctx';
import { idOf } from '@souk/domain/kernel/ids';
import { Scope } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';
import { FastLane } from '@souk/platform/http/fast-lane';
import { z } from 'zod';

class PresentKeyDto extends dtoOf(z.object({ id: idOf('key'), companyId: idOf('com'), scopes: z.array(z.string()) })) {}

/** What the key in the request may do: the first thing to ask when a storefront gets a 403. */
@Controller('v1/key')
@FastLane()
export class KeyController {
  @Get()
  @Scope(storeScope.read)
  @ZodResponse({ status: 200, type: PresentKeyDto })
  show(session: Session) {
    const { keyId, companyId, permissions } = session;
    if (!keyId) throw new Error('the storefront door lets in nobody without a key');
    return { id: keyId, companyId, scopes: [...permissions] };
  }
}

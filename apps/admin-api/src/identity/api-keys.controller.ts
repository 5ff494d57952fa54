import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { can } from '@souk/domain/identity/api-keys/api-keys.access';
import {
  apiKeyMade,
  apiKeyRotation,
  apiKeysPage,
  apiKeysQuery,
  apiKeyView,
  newApiKey,
} from '@souk/domain/identity/api-keys/api-keys.contract';
import { getKey, listKeys, mintKey, revokeKey, rotateKey } from '@souk/domain/identity/api-keys/api-keys.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class ApiKeyDto extends dtoOf(apiKeyView) {}
class ApiKeyMadeDto extends dtoOf(apiKeyMade) {}
class ApiKeysPageDto extends dtoOf(apiKeysPage) {}
class ApiKeysQueryDto extends dtoOf(apiKeysQuery) {}
class NewApiKeyDto extends dtoOf(newApiKey) {}
class ApiKeyRotationDto extends dtoOf(apiKeyRotation) {}

/** Keys of storefronts and servers. A key is shown once, when it is made. */
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ApiKeysPageDto })
  list(@CurrentSession() session: Session, @Query() query: ApiKeysQueryDto) {
    return this.run(session, (ctx) => listKeys(ctx, query));
  }

  @Get(':id')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: ApiKeyDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('key')) id: Id<'key'>) {
    return this.run(session, (ctx) => getKey(ctx, id));
  }

  @Post()
  @Allow(can.write)
  @ZodResponse({ status: 201, type: ApiKeyMadeDto })
  mint(@CurrentSession() session: Session, @Body() body: NewApiKeyDto) {
    return this.run(session, (ctx) => mintKey(ctx, body));
  }

  @Post(':id/rotation')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: ApiKeyMadeDto })
  rotate(
    @CurrentSession() session: Session,
    @Param('id', idParam('key')) id: Id<'key'>,
    @Body() body: ApiKeyRotationDto,
  ) {
    return this.run(session, (ctx) => rotateKey(ctx, id, body));
  }

  @Post(':id/revocation')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: ApiKeyDto })
  revoke(@CurrentSession() session: Session, @Param('id', idParam('key')) id: Id<'key'>) {
    return this.run(session, (ctx) => revokeKey(ctx, id));
  }
}

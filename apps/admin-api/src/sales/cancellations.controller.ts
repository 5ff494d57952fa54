import { Body, Controller, Inject, Param, Post } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { can } from '@souk/domain/sales/orders/orders.access';
import { cancellationView, newCancellation } from '@souk/domain/sales/payments/cancellation.contract';
import { cancel } from '@souk/domain/sales/payments/cancellation.flow';
import type { Gateways } from '@souk/domain/sales/payments/gateway';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { GATEWAYS, RUN } from '@souk/platform/tokens';

class CancellationDto extends dtoOf(cancellationView) {}
class NewCancellationDto extends dtoOf(newCancellation) {}

/**
 * Orders are called off here, whole or in part; what was paid goes back, which needs an `Idempotency-Key`: a repeated
 * request never gives back twice.
 */
@Controller('v1/orders')
export class CancellationsController {
  constructor(
    @Inject(RUN) private readonly run: Run,
    @Inject(GATEWAYS) private readonly gateways: Gateways,
  ) {}

  @Post(':id/cancellation')
  @Says('Cancel an order, or a part of it')
  @Allow(can.write)
  @ZodResponse({ status: 201, type: CancellationDto })
  create(
    @CurrentSession() session: Session,
    @Param('id', idParam('ord')) id: Id<'ord'>,
    @Body() body: NewCancellationDto,
  ) {
    return cancel(this.run, this.gateways, session, id, body);
  }
}

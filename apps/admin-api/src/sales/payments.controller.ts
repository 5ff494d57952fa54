import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import { settleManually } from '@souk/domain/sales/payments/manual.service';
import { can } from '@souk/domain/sales/payments/payments.access';
import {
  newManualSettlement,
  paymentsPage,
  paymentsQuery,
  paymentView,
} from '@souk/domain/sales/payments/payments.contract';
import { getPayment, listPayments } from '@souk/domain/sales/payments/payments.service';
import { Allow, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class PaymentDto extends dtoOf(paymentView) {}
class PaymentsPageDto extends dtoOf(paymentsPage) {}
class PaymentsQueryDto extends dtoOf(paymentsQuery) {}
class NewManualSettlementDto extends dtoOf(newManualSettlement) {}

/** What orders were paid with: attempts at providers, what came in, what went back. */
@Controller('v1/payments')
export class PaymentsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List payments')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: PaymentsPageDto })
  list(@CurrentSession() session: Session, @Query() query: PaymentsQueryDto) {
    return this.run(session, (ctx) => listPayments(ctx, query));
  }

  @Get(':id')
  @Says('Show a payment with its attempts and transactions')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: PaymentDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('pay')) id: Id<'pay'>) {
    return this.run(session, (ctx) => getPayment(ctx, id));
  }

  /** Money came in without a provider: a transfer, cash on delivery; all of it, or a part. */
  @Post(':id/manual-settlement')
  @Says('Take down money that came in by transfer or at the door')
  @Allow(can.settle)
  @ZodResponse({ status: 201, type: PaymentDto })
  settle(
    @CurrentSession() session: Session,
    @Param('id', idParam('pay')) id: Id<'pay'>,
    @Body() body: NewManualSettlementDto,
  ) {
    return this.run(session, (ctx) => settleManually(ctx, id, body));
  }
}

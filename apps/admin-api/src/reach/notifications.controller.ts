import { Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import type { Id } from '@souk/domain/kernel/ids';
import {
  listNotifications,
  resendNotification,
  showNotification,
} from '@souk/domain/reach/notifications/notification-log.service';
import { can } from '@souk/domain/reach/notifications/notifications.access';
import {
  notificationDetail,
  notificationsPage,
  notificationsQuery,
  notificationView,
} from '@souk/domain/reach/notifications/notifications.contract';
import { Allow, AlsoRefuses, Says } from '@souk/platform/http/allow';
import { dtoOf, idParam, ZodResponse } from '@souk/platform/http/contract-class';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class NotificationsPageDto extends dtoOf(notificationsPage) {}
class NotificationsQueryDto extends dtoOf(notificationsQuery) {}
class NotificationDto extends dtoOf(notificationView) {}
class NotificationDetailDto extends dtoOf(notificationDetail) {}

/** The mails of the last thirty days, and what became of them. */
@Controller('v1/notifications')
export class NotificationsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List mails')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: NotificationsPageDto })
  list(@CurrentSession() session: Session, @Query() query: NotificationsQueryDto) {
    return this.run(session, (ctx) => listNotifications(ctx, query));
  }

  @Get(':id')
  @Says('Show a mail with every try to send it')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: NotificationDetailDto })
  show(@CurrentSession() session: Session, @Param('id', idParam('ntf')) id: Id<'ntf'>) {
    return this.run(session, (ctx) => showNotification(ctx, id));
  }

  @Post(':id/resend')
  @Says('Send a mail again')
  @Allow(can.write)
  @AlsoRefuses(409)
  @ZodResponse({ status: 202, type: NotificationDto })
  resend(@CurrentSession() session: Session, @Param('id', idParam('ntf')) id: Id<'ntf'>) {
    return this.run(session, (ctx) => resendNotification(ctx, id));
  }
}

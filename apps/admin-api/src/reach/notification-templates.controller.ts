import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import {
  letterView,
  newWording,
  templateName,
  templatesList,
  templateView,
  wordingTrial,
} from '@souk/domain/reach/notifications/notification-templates.contract';
import {
  listTemplates,
  resetTemplate,
  saveTemplate,
  showTemplate,
} from '@souk/domain/reach/notifications/notification-templates.service';
import { can } from '@souk/domain/reach/notifications/notifications.access';
import { previewTemplate } from '@souk/domain/reach/notifications/template-preview.flow';
import { Allow, AlsoRefuses, Says } from '@souk/platform/http/allow';
import { dtoOf, pathParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class NotificationTemplatesDto extends dtoOf(templatesList) {}
class NotificationTemplateDto extends dtoOf(templateView) {}
class NewNotificationWordingDto extends dtoOf(newWording) {}
class NotificationWordingTrialDto extends dtoOf(wordingTrial) {}
class NotificationLetterDto extends dtoOf(letterView) {}

const name = () => Param('name', pathParam(templateName));

/** What mails say: our words, or those of the company in their place. */
@Controller('v1/notification-templates')
export class NotificationTemplatesController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Says('List the kinds of mail')
  @Allow(can.read)
  @ZodResponse({ status: 200, type: NotificationTemplatesDto })
  list(@CurrentSession() session: Session) {
    return this.run(session, listTemplates);
  }

  @Get(':name')
  @Says('Show what a kind of mail says, and what it may say')
  @Allow(can.read)
  @AlsoRefuses(404)
  @ZodResponse({ status: 200, type: NotificationTemplateDto })
  show(@CurrentSession() session: Session, @name() template: string) {
    return this.run(session, (ctx) => showTemplate(ctx, template));
  }

  @Put(':name')
  @Says("Give a kind of mail the company's own words")
  @Allow(can.write)
  @AlsoRefuses(404)
  @ZodResponse({ status: 200, type: NotificationTemplateDto })
  save(
    @CurrentSession() session: Session,
    @name() template: string,
    @Body() body: NewNotificationWordingDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, (ctx) => saveTemplate(ctx, template, body, expectedVersion(ifMatch)));
  }

  @Delete(':name')
  @Says('Give a kind of mail our words back')
  @Allow(can.write)
  @AlsoRefuses(404)
  @HttpCode(204)
  async reset(
    @CurrentSession() session: Session,
    @name() template: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.run(session, (ctx) => resetTemplate(ctx, template, expectedVersion(ifMatch)));
  }

  @Post(':name/preview')
  @Says('See a kind of mail before it is saved')
  // It makes the machine work, and is of use only to those who write.
  @Allow(can.write)
  @AlsoRefuses(404)
  @HttpCode(200)
  @ZodResponse({ status: 200, type: NotificationLetterDto })
  preview(@CurrentSession() session: Session, @name() template: string, @Body() body: NotificationWordingTrialDto) {
    return previewTemplate(this.run, session, template, body);
  }
}

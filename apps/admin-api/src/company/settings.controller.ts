import { Body, Controller, Get, Inject, Param, Patch } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { can } from '@souk/domain/company/settings/settings.access';
import { SETTING_GROUPS } from '@souk/domain/company/settings/setting-groups';
import { settingsGroupView, settingsPatch, settingsView } from '@souk/domain/company/settings/settings.contract';
import { patchSettings, showAllSettings, showSettings } from '@souk/domain/company/settings/settings.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/dto';
import { ExpectedVersion, Versioned } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class SettingsDto extends dtoOf(settingsView) {}
class SettingsGroupDto extends dtoOf(settingsGroupView) {}
class SettingsPatchDto extends dtoOf(settingsPatch) {}

const GroupParam = () => ApiParam({ name: 'group', enum: SETTING_GROUPS });

/** How a company wants things done, in groups. */
@Controller('v1/settings')
export class SettingsController {
  constructor(@Inject(RUN) private readonly run: Run) {}

  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: SettingsDto })
  showAll(@CurrentSession() session: Session) {
    return this.run(session, showAllSettings);
  }

  @Get(':group')
  @Allow(can.read)
  @GroupParam()
  @ZodResponse({ status: 200, type: SettingsGroupDto })
  show(@CurrentSession() session: Session, @Param('group') group: string) {
    return this.run(session, (ctx) => showSettings(ctx, group));
  }

  @Patch(':group')
  @Allow(can.write)
  @Versioned()
  @GroupParam()
  @ZodResponse({ status: 200, type: SettingsGroupDto })
  update(
    @CurrentSession() session: Session,
    @Param('group') group: string,
    @Body() body: SettingsPatchDto,
    @ExpectedVersion() version: number | undefined,
  ) {
    return this.run(session, (ctx) => patchSettings(ctx, group, body, version));
  }
}

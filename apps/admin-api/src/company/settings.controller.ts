import { Body, Controller, Get, Headers, Inject, Param, Patch } from '@nestjs/common';
import { followSettings } from '@souk/domain/catalog/inventory/refreshes.service';
import { can } from '@souk/domain/company/settings/settings.access';
import {
  groupParam,
  settingsGroupView,
  settingsPatch,
  settingsView,
} from '@souk/domain/company/settings/settings.contract';
import { patchSettings, showAllSettings, showSettings } from '@souk/domain/company/settings/settings.service';
import type { Run, Session } from '@souk/domain/kernel/ctx';
import { Allow } from '@souk/platform/http/allow';
import { dtoNamed, dtoOf, pathParam, ZodResponse } from '@souk/platform/http/contract-class';
import { expectedVersion } from '@souk/platform/http/if-match';
import { CurrentSession } from '@souk/platform/http/session';
import { RUN } from '@souk/platform/tokens';

class SettingsDto extends dtoOf(settingsView) {}
const SettingsGroupDto = dtoNamed('SettingsGroupDto', settingsGroupView);
class SettingsPatchDto extends dtoOf(settingsPatch) {}

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
  @ZodResponse({ status: 200, type: SettingsGroupDto })
  show(@CurrentSession() session: Session, @Param('group', pathParam(groupParam)) group: string) {
    return this.run(session, (ctx) => showSettings(ctx, group));
  }

  @Patch(':group')
  @Allow(can.write)
  @ZodResponse({ status: 200, type: SettingsGroupDto })
  update(
    @CurrentSession() session: Session,
    @Param('group', pathParam(groupParam)) group: string,
    @Body() body: SettingsPatchDto,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.run(session, async (ctx) => {
      const settings = await patchSettings(ctx, group, body, expectedVersion(ifMatch));
      await followSettings(ctx, group);
      return settings;
    });
  }
}

import { Controller, Get } from '@nestjs/common';
import { can } from '@souk/domain/company/iam/iam.access';
import { permissionsPage } from '@souk/domain/company/iam/iam.contract';
import { listPermissions } from '@souk/domain/company/iam/roles.service';
import { Allow } from '@souk/platform/http/allow';
import { dtoOf, ZodResponse } from '@souk/platform/http/contract-class';

class PermissionsPageDto extends dtoOf(permissionsPage) {}

/** Every permission there is, in one page: for the role editor. */
@Controller('v1/permissions')
export class PermissionsController {
  @Get()
  @Allow(can.read)
  @ZodResponse({ status: 200, type: PermissionsPageDto })
  list() {
    return listPermissions();
  }
}

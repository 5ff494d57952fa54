import type { Type } from '@nestjs/common';
import { AuditController } from './company/audit.controller.ts';
import { CompanyController } from './company/company.controller.ts';
import { PaymentProvidersController } from './company/payment-providers.controller.ts';
import { PermissionsController } from './company/permissions.controller.ts';
import { RolesController } from './company/roles.controller.ts';
import { SettingsController } from './company/settings.controller.ts';
import { ApiKeysController } from './identity/api-keys.controller.ts';
import { AuthController } from './identity/auth.controller.ts';
import { InvitesController } from './identity/invites.controller.ts';
import { MeController } from './identity/me.controller.ts';
import { PasswordsController } from './identity/passwords.controller.ts';
import { SessionsController } from './identity/sessions.controller.ts';
import { StaffController } from './identity/staff.controller.ts';
import { TwoFactorController } from './identity/two-factor.controller.ts';
import { ChecklistController } from './setup/checklist.controller.ts';
import { CompaniesController } from './setup/companies.controller.ts';
import { SandboxController } from './setup/sandbox.controller.ts';

/** Every controller of the admin API. A new one gets its line here. */
export const controllers: Type[] = [
  ApiKeysController,
  AuditController,
  AuthController,
  ChecklistController,
  CompaniesController,
  CompanyController,
  InvitesController,
  MeController,
  PasswordsController,
  PaymentProvidersController,
  PermissionsController,
  RolesController,
  SandboxController,
  SessionsController,
  SettingsController,
  StaffController,
  TwoFactorController,
];

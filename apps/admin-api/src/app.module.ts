import type { Type } from '@nestjs/common';
import { CategoriesController } from './catalog/categories.controller.ts';
import { CollectionsController } from './catalog/collections.controller.ts';
import { FileContentsController } from './catalog/file-contents.controller.ts';
import { FilesController } from './catalog/files.controller.ts';
import { PricesController } from './catalog/prices.controller.ts';
import { ProductAttributesController } from './catalog/product-attributes.controller.ts';
import { ProductExportsController } from './catalog/product-exports.controller.ts';
import { ProductImportsController } from './catalog/product-imports.controller.ts';
import { ProductsController } from './catalog/products.controller.ts';
import { StockAdjustmentsController } from './catalog/stock-adjustments.controller.ts';
import { StockDriftsController } from './catalog/stock-drifts.controller.ts';
import { StockLevelsController } from './catalog/stock-levels.controller.ts';
import { StockLocationsController } from './catalog/stock-locations.controller.ts';
import { StockReservationsController } from './catalog/stock-reservations.controller.ts';
import { StockTransfersController } from './catalog/stock-transfers.controller.ts';
import { AuditController } from './company/audit.controller.ts';
import { CompanyController } from './company/company.controller.ts';
import { PaymentProvidersController } from './company/payment-providers.controller.ts';
import { PermissionsController } from './company/permissions.controller.ts';
import { RolesController } from './company/roles.controller.ts';
import { SettingsController } from './company/settings.controller.ts';
import { ApiKeysController } from './identity/api-keys.controller.ts';
import { AuthController } from './identity/auth.controller.ts';
import { CustomerGroupsController } from './identity/customer-groups.controller.ts';
import { CustomersController } from './identity/customers.controller.ts';
import { InvitesController } from './identity/invites.controller.ts';
import { MeController } from './identity/me.controller.ts';
import { PasswordsController } from './identity/passwords.controller.ts';
import { SessionsController } from './identity/sessions.controller.ts';
import { StaffController } from './identity/staff.controller.ts';
import { TwoFactorController } from './identity/two-factor.controller.ts';
import { DiscountTrialsController } from './pricing/discount-trials.controller.ts';
import { DiscountsController } from './pricing/discounts.controller.ts';
import { ShippingOptionsController } from './pricing/shipping-options.controller.ts';
import { ShippingProfilesController } from './pricing/shipping-profiles.controller.ts';
import { ShippingZonesController } from './pricing/shipping-zones.controller.ts';
import { TaxRatesController } from './pricing/tax-rates.controller.ts';
import { EventTypesController } from './reach/event-types.controller.ts';
import { EventsController } from './reach/events.controller.ts';
import { NotificationTemplatesController } from './reach/notification-templates.controller.ts';
import { NotificationsController } from './reach/notifications.controller.ts';
import { TestEventsController } from './reach/test-events.controller.ts';
import { WebhookDeliveriesController } from './reach/webhook-deliveries.controller.ts';
import { WebhookEndpointsController } from './reach/webhook-endpoints.controller.ts';
import { CancellationsController } from './sales/cancellations.controller.ts';
import { FulfilmentsController } from './sales/fulfilments.controller.ts';
import { OrdersController } from './sales/orders.controller.ts';
import { PaymentsController } from './sales/payments.controller.ts';
import { RefundsController } from './sales/refunds.controller.ts';
import { ChecklistController } from './setup/checklist.controller.ts';
import { CompaniesController } from './setup/companies.controller.ts';
import { SandboxController } from './setup/sandbox.controller.ts';

/** Every controller of the admin API. A new one gets its line here. */
export const controllers: Type[] = [
  ApiKeysController,
  AuditController,
  AuthController,
  CancellationsController,
  CategoriesController,
  ChecklistController,
  CollectionsController,
  CompaniesController,
  CompanyController,
  CustomerGroupsController,
  CustomersController,
  DiscountTrialsController,
  DiscountsController,
  EventTypesController,
  EventsController,
  FileContentsController,
  FilesController,
  FulfilmentsController,
  InvitesController,
  MeController,
  NotificationTemplatesController,
  NotificationsController,
  OrdersController,
  PasswordsController,
  PaymentProvidersController,
  PaymentsController,
  PermissionsController,
  PricesController,
  ProductAttributesController,
  ProductExportsController,
  ProductImportsController,
  ProductsController,
  RefundsController,
  RolesController,
  SandboxController,
  SessionsController,
  SettingsController,
  ShippingOptionsController,
  ShippingProfilesController,
  ShippingZonesController,
  StaffController,
  StockAdjustmentsController,
  StockDriftsController,
  StockLevelsController,
  StockLocationsController,
  StockReservationsController,
  StockTransfersController,
  TaxRatesController,
  TestEventsController,
  TwoFactorController,
  WebhookDeliveriesController,
  WebhookEndpointsController,
];

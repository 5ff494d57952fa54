/**
 * Loads every module that declares words: permissions, scopes and events. A process that seeds roles, mints keys or
 * prints a catalogue imports this once; `declarations.test.ts` fails when a module is missing here.
 */
import '../../catalog/categories/categories.access.ts';
import '../../catalog/categories/categories.events.ts';
import '../../catalog/collections/collections.access.ts';
import '../../catalog/collections/collections.events.ts';
import '../../catalog/inventory/inventory.access.ts';
import '../../catalog/inventory/locations.events.ts';
import '../../catalog/inventory/stock.events.ts';
import '../../catalog/inventory/transfers.events.ts';
import '../../catalog/listing/listing.access.ts';
import '../../catalog/product-management/product-management.events.ts';
import '../../catalog/products/products.access.ts';
import '../../catalog/files/files.access.ts';
import '../../catalog/product-import/product-import.access.ts';
import '../../catalog/product-import/product-import.events.ts';
import '../../company/audit/audit.access.ts';
import '../../company/companies/companies.access.ts';
import '../../company/companies/companies.events.ts';
import '../../company/iam/iam.access.ts';
import '../../company/iam/iam.events.ts';
import '../../company/settings/settings.access.ts';
import '../../company/settings/settings.events.ts';
import '../../identity/api-keys/api-keys.access.ts';
import '../../identity/api-keys/api-keys.events.ts';
import '../../identity/invites/invites.events.ts';
import '../../identity/passwords/passwords.events.ts';
import '../../identity/sessions/sessions.events.ts';
import '../../identity/staff/staff.access.ts';
import '../../identity/staff/staff.events.ts';
import '../../identity/two-factor/two-factor.events.ts';
import '../../sales/payments/payment-providers.access.ts';

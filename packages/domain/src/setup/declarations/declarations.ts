/**
 * Loads every module that declares words: permissions, scopes and events. A process that seeds roles, mints keys or
 * prints a catalogue imports this once; `declarations.test.ts` fails when a module is missing here.
 */
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

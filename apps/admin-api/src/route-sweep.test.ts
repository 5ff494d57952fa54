import { suspendCompany } from '@souk/domain/company/companies/companies.service';
import { createRole } from '@souk/domain/company/iam/roles.service';
import { mintKey } from '@souk/domain/identity/api-keys/api-keys.service';
import { createInvite } from '@souk/domain/identity/invites/invites.service';
import { openSession } from '@souk/domain/identity/sessions/sessions.service';
import { allPermissions, type Permission } from '@souk/domain/kernel/access';
import { systemSession } from '@souk/domain/kernel/ctx';
import { type Id, type IdPrefix, newId } from '@souk/domain/kernel/ids';
import { useDatabase } from '@souk/domain/testing/database';
import { givenShop } from '@souk/domain/testing/people';
import { useApi } from '@souk/platform/testing/app';
import { sampleOf } from '@souk/platform/testing/json-sample';
import { idPrefixOf, type Operation, operationsOf } from '@souk/platform/testing/operations';
import { beforeAll, describe, expect, test } from 'vitest';
import { controllers } from './app.module.ts';

const db = useDatabase();
const admin = useApi({ name: 'admin', controllers }, db);

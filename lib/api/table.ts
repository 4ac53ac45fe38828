/** Every operation of the portal. What is not in this table has no route and no place in the OpenAPI document. */

import { z } from 'zod';
import { operations as auditReads } from '#lib/audit/loaders.ts';
import { operations as breakGlassWrites } from '#lib/breakglass/actions.ts';
import { operations as breakGlassReads } from '#lib/breakglass/loaders.ts';
import { operations as clusterWrites } from '#lib/cluster/actions.ts';
import { operations as clusterReads } from '#lib/cluster/loaders.ts';
import { operations as credentialWrites } from '#lib/credential/actions.ts';
import { operations as credentialReads } from '#lib/credential/loaders.ts';
import { operations as directoryWrites } from '#lib/directory/actions.ts';
import { operations as directoryHistory } from '#lib/directory/history/loaders.ts';
import { operations as directoryReads } from '#lib/directory/loaders.ts';
import { operations as directoryExports } from '#lib/directory/people/exports.ts';
import { operations as directoryPreviews } from '#lib/directory/preview/actions.ts';
import { operations as entitlementWrites } from '#lib/entitlement/actions.ts';
import { operations as entitlementReads } from '#lib/entitlement/loaders.ts';
import { operations as overviewReads } from '#lib/overview/loaders.ts';
import { operations as projectWrites } from '#lib/project/actions.ts';
import { operations as projectReads } from '#lib/project/loaders.ts';
import { operations as requestReads } from '#lib/request/loaders.ts';
import { operations as sessionWrites } from '#lib/session/actions.ts';
import { operations as sessionReads } from '#lib/session/loaders.ts';
import { operations as setupWrites } from '#lib/setup/actions.ts';
import { operations as setupReads } from '#lib/setup/loaders.ts';
import { openApiOf } from './openapi.ts';
import { type AnyOperation, operation } from './operation.ts';
import { createRouter } from './route.ts';
import { none } from './schema.ts';

const openApi = operation({
  id: 'api.document',
  method: 'GET',
  path: '/openapi.json',
  summary: 'This document',
  allow: 'anyone',
  input: none,
  output: z.looseObject({ openapi: z.literal('3.1.0') }),
  async run({ config }) {
    return openApiOf(operations, config.portalUrl) as { openapi: '3.1.0' };
  },
});

export const operations: readonly AnyOperation[] = [
  openApi,
  ...sessionReads,
  ...sessionWrites,
  ...overviewReads,
  ...directoryReads,
  ...directoryExports,
  ...directoryWrites,
  ...directoryPreviews,
  ...directoryHistory,
  ...entitlementReads,
  ...entitlementWrites,
  ...projectReads,
  ...projectWrites,
  ...clusterReads,
  ...clusterWrites,
  ...credentialReads,
  ...credentialWrites,
  ...auditReads,
  ...requestReads,
  ...breakGlassReads,
  ...breakGlassWrites,
  ...setupReads,
  ...setupWrites,
];

export const router = createRouter(operations);

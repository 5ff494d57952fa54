import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import type { ApiParts } from './api-parts.ts';
import { DoorGuard } from './http/door.guard.ts';
import type { Door } from './http/door.ts';
import { isFast } from './http/fast-lane.ts';
import type { ProblemFilter } from './http/problem.filter.ts';
import { RequestShapePipe } from './http/request-shape.pipe.ts';
import {
  ACCESS_TOKENS,
  ATTEMPTS,
  CONFIG,
  CUSTOMER_TOKENS,
  FILE_STORE,
  GATEWAYS,
  READINESS,
  READY_ANSWERS,
  RUN,
  SIGNED_ADDRESSES,
  STOREFRONT_READS,
  TYPE_OF,
  UNSCOPED,
  WEBHOOK_SENDER,
} from './tokens.ts';

/** Nest wants a class to hang a module on; `apiModule` says what is in it. */
@Module({})
class ApiModule {}

/** The controllers of an API with what stands around every one of them, in the order a request meets it. */
export function apiModule(
  controllers: Type[],
  parts: ApiParts,
  { door, filter }: { door: Door; filter: ProblemFilter },
): DynamicModule {
  const around: Provider[] = [
    { provide: APP_GUARD, useValue: new DoorGuard(door) },
    { provide: APP_PIPE, useValue: new RequestShapePipe() },
    { provide: APP_FILTER, useValue: filter },
  ];
  const given: Provider[] = [
    { provide: RUN, useValue: parts.database.run },
    { provide: UNSCOPED, useValue: parts.database.unscoped },
    { provide: CONFIG, useValue: parts.config },
    { provide: ATTEMPTS, useValue: parts.attempts },
    { provide: ACCESS_TOKENS, useValue: parts.accessTokens },
    { provide: CUSTOMER_TOKENS, useValue: parts.customerTokens },
    { provide: READY_ANSWERS, useValue: parts.readyAnswers },
    { provide: STOREFRONT_READS, useValue: parts.storefrontReads },
    { provide: FILE_STORE, useValue: parts.files.store },
    { provide: TYPE_OF, useValue: parts.files.typeOf },
    { provide: SIGNED_ADDRESSES, useValue: parts.files.addresses },
    { provide: GATEWAYS, useValue: parts.gateways },
    { provide: READINESS, useValue: parts.readiness },
    { provide: WEBHOOK_SENDER, useValue: parts.webhookSender },
  ];
  // Nest makes the fast ones as well, but their routes are not its own (`fast-lane.ts`).
  const usual = controllers.filter((controller) => !isFast(controller));
  return { module: ApiModule, controllers: usual, providers: [...around, ...given, ...controllers.filter(isFast)] };
}

import { CredentialsRefused, GatewayUnreachable } from './gateway.ts';
import { ProviderNotSetUp } from './payments.errors.ts';

/** Whether the provider could not be asked at all: it is away, or the company has no good credentials for it (any more). */
export const isOutOfReach = (error: unknown): error is Error =>
  error instanceof GatewayUnreachable || error instanceof CredentialsRefused || error instanceof ProviderNotSetUp;

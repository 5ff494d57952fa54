import type { Instant } from '../../kernel/clock.ts';
import type { Id } from '../../kernel/ids.ts';

/** What a stored event says of itself. */
export interface ToldEvent {
  readonly id: Id<'evt'>;
  readonly type: string;
  readonly sequence: number;
  readonly data: unknown;
  readonly isTest: boolean;
  readonly createdAt: Instant;
}

/**
 * The text of an event as webhooks and the stream carry it. From the stored row alone: each time it is asked for, the
 * same bytes.
 */
export const eventBody = ({ id, type, createdAt, sequence, data, isTest }: ToldEvent): string =>
  JSON.stringify({ id, type, timestamp: createdAt, sequence, data, ...(isTest && { test: true }) });

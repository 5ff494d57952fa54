import { z } from 'zod';
import { staffInvited } from '../../identity/invites/invites.events.ts';
import { passwordChanged, passwordResetRequested } from '../../identity/passwords/passwords.events.ts';
import { sessionReuseDetected } from '../../identity/sessions/sessions.events.ts';
import type { WaitingEvent } from '../../kernel/dispatch.ts';
import { MasterKeyUnknown } from '../../kernel/sealing.ts';
import { orderPaid } from '../../sales/orders/orders.events.ts';
import { endpointDisabled } from '../webhooks/webhook-endpoints.events.ts';
import type { CompanyWishes } from './company-wishes.ts';
import { CUSTOMER_RULES, type CustomerMessage } from './customer-rules.ts';
import { type LinkToken, withToken } from './link-token.ts';
import { ORDER_RULES, type OrderMessage } from './order-rules.ts';

/** What an email will say, before it has words: the template's name and what goes into it. Stored sealed. */
export type Message = { recipient: string } & (
  | CustomerMessage
  | OrderMessage
  | { template: 'staff-invite'; parameters: LinkToken }
  | { template: 'password-reset'; parameters: LinkToken & { name: string } }
  | { template: 'password-changed'; parameters: { name: string; at: string } }
  | { template: 'session-reuse'; parameters: { name: string; at: string; ip: string | null; userAgent: string | null } }
  | { template: 'webhook-endpoint-disabled'; parameters: EndpointDisabled }
);

/** A webhook endpoint that was switched off, and not by anybody. */
interface EndpointDisabled {
  endpoint: { id: string; url: string; description: string };
  reason: 'gone' | 'failing';
  at: string;
  failingSince: string | null;
  lastError: string | null;
}

/** An event that should lead to a message does not say what the message needs. */
export class UnreadableEvent extends Error {
  constructor(type: string, reason: string) {
    super(`The event ${type} cannot be turned into a message: ${reason}`);
    this.name = 'UnreadableEvent';
  }
}

const invited = z.object({ invite: z.object({ email: z.string() }) });
const aboutStaff = z.object({ staff: z.object({ name: z.string(), email: z.string() }) });
const reused = aboutStaff.extend({
  session: z.object({ ip: z.string().nullable(), userAgent: z.string().nullable() }),
});

const switchedOff = z.object({
  endpoint: z.object({
    id: z.string(),
    url: z.string(),
    description: z.string(),
    failingSince: z.string().nullable(),
  }),
  reason: z.enum(['by_hand', 'gone', 'failing']),
  detail: z.string().nullable(),
});

/** Events whose rule asks for the company's wishes of this name. */
export const ASKS_WISHES: Readonly<Record<keyof CompanyWishes, ReadonlySet<string>>> = {
  orderMailsTo: new Set([orderPaid.type]),
  failureMailsTo: new Set([endpointDisabled.type]),
};

// One line per kind of event that somebody is written to about. Only what the message needs is read, so that an event may
// grow. Events that stand in no line lead to no message.
const RULES: Record<string, (event: WaitingEvent, wishes: CompanyWishes) => Message | readonly Message[]> = {
  ...CUSTOMER_RULES,
  ...ORDER_RULES,
  [staffInvited.type]: (event) => ({
    template: 'staff-invite',
    recipient: invited.parse(event.data).invite.email,
    parameters: withToken.parse(event.privately()),
  }),
  [passwordResetRequested.type]: (event) => {
    const { staff } = aboutStaff.parse(event.data);
    return {
      template: 'password-reset',
      recipient: staff.email,
      parameters: { name: staff.name, ...withToken.parse(event.privately()) },
    };
  },
  [passwordChanged.type]: (event) => {
    const { staff } = aboutStaff.parse(event.data);
    return {
      template: 'password-changed',
      recipient: staff.email,
      parameters: { name: staff.name, at: event.createdAt },
    };
  },
  [sessionReuseDetected.type]: (event) => {
    const { staff, session } = reused.parse(event.data);
    const { ip, userAgent } = session;
    return {
      template: 'session-reuse',
      recipient: staff.email,
      parameters: { name: staff.name, at: event.createdAt, ip, userAgent },
    };
  },
  // Whoever did it by hand knows it.
  [endpointDisabled.type]: (event, { failureMailsTo }) => {
    const { endpoint, reason, detail } = switchedOff.parse(event.data);
    if (reason === 'by_hand') return [];
    const { failingSince, ...told } = endpoint;
    const parameters = { endpoint: told, reason, at: event.createdAt, failingSince, lastError: detail };
    return failureMailsTo.map((recipient) => ({ template: 'webhook-endpoint-disabled', recipient, parameters }));
  },
};

/** The events that may lead to a message, by type. */
export const MAILED_EVENTS: ReadonlySet<string> = new Set(Object.keys(RULES));

/**
 * The messages an event calls for: none, one, or one for each of several people. Throws `UnreadableEvent`, and
 * `MasterKeyUnknown` when not the event but this process is wrong.
 */
export function messagesFor(event: WaitingEvent, wishes: CompanyWishes): Message[] {
  try {
    return [RULES[event.type]?.(event, wishes) ?? []].flat();
  } catch (error) {
    if (error instanceof MasterKeyUnknown) throw error;
    throw new UnreadableEvent(event.type, reasonOf(error));
  }
}

// Names of fields, never their values: this ends in a log.
function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return error.issues.map((issue) => `${issue.path.join('.') || 'it'} ${issue.code}`).join(', ');
  return error instanceof Error ? error.message : 'unknown';
}

/** When the message stops making sense, if it does. */
export const expiryOf = (message: Message): string | undefined =>
  'expiresAt' in message.parameters ? message.parameters.expiresAt : undefined;

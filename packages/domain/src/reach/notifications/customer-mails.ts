import { z } from 'zod';
import { customerReuseDetected } from '../../identity/customer-sessions/customer-sessions.events.ts';
import {
  customerCreated,
  customerEmailChanged,
  customerEmailChangeRequested,
  customerPasswordChanged,
  customerPasswordResetRequested,
  customerRegistered,
  customerRegisteredAgain,
  customerVerificationRequested,
} from '../../identity/customers/customers.events.ts';
import type { EventDefinition } from '../../kernel/events.ts';
import { button, footer, HELLO, html, type MailKind, moment, p, SAMPLE_TIME } from './mail-kinds.ts';

/** Pages of a shop that links in its mails lead to. A shop with pages of its own has them under these paths as well. */
const VERIFY_PAGE = 'account/verify';
const PASSWORD_PAGE = 'account/reset-password';
const SAFETY = footer('You get this message because it concerns the safety of your account.');

const name = z.string().nullable().meta({ description: 'The first name of the customer, if they gave one.' });
const at = moment('When it happened.');
const expiresAt = moment('Until when the link is good.');

interface WithLink {
  name: string;
  about: string;
  events: readonly Pick<EventDefinition, 'type'>[];
  path: string;
  instead: string;
  subject: string;
  heading: string;
  text: string;
  button: string;
  /** What to do if it was not the reader who asked. */
  otherwise: string;
}

const withLink = (words: WithLink): MailKind => ({
  name: words.name,
  to: 'customer',
  about: words.about,
  events: words.events.map(({ type }) => type),
  variables: z.strictObject({ name, expiresAt }),
  sample: { name: 'Ada', expiresAt: SAMPLE_TIME },
  page: { site: 'shop', path: words.path },
  instead: `Its link is good once. ${words.instead}`,
  subject: words.subject,
  html: html(
    words.heading,
    HELLO,
    p(words.text),
    button(words.button),
    footer(`The link is good once, until {{ expiresAt | readable }}. ${words.otherwise}`),
  ),
});

const ASK_AGAIN = 'The customer asks for another one where they log in (storefront API: ';

const LINKS = [
  withLink({
    name: 'customer-verification',
    about: 'A customer registered, or asked to confirm their address.',
    events: [customerRegistered, customerVerificationRequested],
    path: VERIFY_PAGE,
    instead: `${ASK_AGAIN}POST /v1/customers/me/verification-requests).`,
    subject: 'Confirm your email address for {{ shop.name }}',
    heading: 'Confirm your email address',
    text: 'Welcome to {{ shop.name }}. Please confirm that this address is yours.',
    button: 'Confirm the address',
    otherwise: 'If it was not you who registered, ignore this message.',
  }),
  withLink({
    name: 'customer-account-exists',
    about: 'Somebody registered with the address of an account that is there.',
    events: [customerRegisteredAgain],
    path: PASSWORD_PAGE,
    instead: `${ASK_AGAIN}POST /v1/customers/password-reset-requests).`,
    subject: 'You have an account at {{ shop.name }}',
    heading: 'You have an account already',
    text: 'Somebody, probably you, registered at {{ shop.name }} with this address, which has an account. Log in with your password; if you do not know it any more, choose a new one here.',
    button: 'Choose a new password',
    otherwise: 'If it was not you, ignore this message: nothing has changed.',
  }),
  withLink({
    name: 'customer-invitation',
    about: 'The shop made an account for a customer.',
    events: [customerCreated],
    path: PASSWORD_PAGE,
    instead: `${ASK_AGAIN}POST /v1/customers/password-reset-requests).`,
    subject: 'Your account at {{ shop.name }}',
    heading: 'Your account at {{ shop.name }}',
    text: '{{ shop.name }} has made an account for you. Choose a password and it is yours.',
    button: 'Choose a password',
    otherwise: 'If you did not expect it, ignore this message.',
  }),
  withLink({
    name: 'customer-password-reset',
    about: 'A customer asked for a new password.',
    events: [customerPasswordResetRequested],
    path: PASSWORD_PAGE,
    instead: `${ASK_AGAIN}POST /v1/customers/password-reset-requests).`,
    subject: 'Choose a new password for {{ shop.name }}',
    heading: 'Choose a new password',
    text: 'Somebody asked for a new password for your account at {{ shop.name }}.',
    button: 'Choose a new password',
    otherwise: 'If it was not you who asked, ignore this message: your password stays as it is.',
  }),
  withLink({
    name: 'customer-email-change',
    about: 'A customer is to have another address; to the new one.',
    events: [customerEmailChangeRequested],
    path: VERIFY_PAGE,
    instead: `${ASK_AGAIN}POST /v1/customers/me/email-changes).`,
    subject: 'Confirm your new email address for {{ shop.name }}',
    heading: 'Confirm your new email address',
    text: 'Your account at {{ shop.name }} is to have this address. Please confirm that it is yours.',
    button: 'Confirm the address',
    otherwise: 'If it was not you who asked, ignore this message: nothing changes.',
  }),
];

const NOTICES: readonly MailKind[] = [
  {
    name: 'customer-password-changed',
    to: 'customer',
    about: 'The password of a customer was changed.',
    events: [customerPasswordChanged.type],
    variables: z.strictObject({ name, at }),
    sample: { name: 'Ada', at: SAMPLE_TIME },
    subject: 'Your password for {{ shop.name }} was changed',
    html: html(
      'Your password was changed',
      HELLO,
      p(
        'On {{ at | readable }} the password of your account at {{ shop.name }} was changed, and other devices were logged out.',
      ),
      p('If it was not you, ask for a new password at once and tell the shop.'),
      SAFETY,
    ),
  },
  {
    name: 'customer-email-changed',
    to: 'customer',
    about: 'The address of a customer was changed; to the old one.',
    events: [customerEmailChanged.type],
    variables: z.strictObject({ name, at, newEmail: z.string().meta({ description: 'The new address.' }) }),
    sample: { name: 'Ada', at: SAMPLE_TIME, newEmail: 'ada.obi@example.com' },
    subject: 'Your email address at {{ shop.name }} was changed',
    html: html(
      'Your email address was changed',
      HELLO,
      p(
        'On {{ at | readable }} the address of your account at {{ shop.name }} was changed to {{ newEmail }}. This address does not open it any more.',
      ),
      p('If it was not you, tell the shop.'),
      SAFETY,
    ),
  },
  {
    name: 'customer-session-reuse',
    to: 'customer',
    about: 'A login of a customer was used from two places at once, and ended.',
    events: [customerReuseDetected.type],
    variables: z.strictObject({ name, at }),
    sample: { name: 'Ada', at: SAMPLE_TIME },
    subject: 'A login at {{ shop.name }} was ended for your safety',
    html: html(
      'We ended one of your logins',
      HELLO,
      p(
        'On {{ at | readable }} a login of yours at {{ shop.name }} was used from two places at once. That can mean that somebody has a copy of it, so it was ended. Please log in again.',
      ),
      p('If you do not recognise this, change your password.'),
      SAFETY,
    ),
  },
];

/** What a shop writes to customers about their accounts. */
export const CUSTOMER_MAILS: readonly MailKind[] = [...LINKS, ...NOTICES];

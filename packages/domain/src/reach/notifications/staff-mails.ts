import { z } from 'zod';
import { staffInvited } from '../../identity/invites/invites.events.ts';
import { passwordChanged, passwordResetRequested } from '../../identity/passwords/passwords.events.ts';
import { sessionReuseDetected } from '../../identity/sessions/sessions.events.ts';
import { endpointDisabled } from '../webhooks/webhook-endpoints.events.ts';
import { button, footer, HELLO, html, type MailKind, moment, p, SAMPLE_TIME } from './mail-kinds.ts';

const SAFETY = footer('You get this message because it concerns the safety of your account.');
const name = z.string().meta({ description: 'Whom it is written to.' });
const at = moment('When it happened.');
const expiresAt = moment('Until when the link is good.');

/** Mails to the people of a company. */
export const STAFF_MAILS: readonly MailKind[] = [
  {
    name: 'staff-invite',
    to: 'staff',
    about: 'Somebody is invited to work in the shop.',
    events: [staffInvited.type],
    variables: z.strictObject({ expiresAt }),
    sample: { expiresAt: SAMPLE_TIME },
    page: { site: 'admin', path: 'accept-invite' },
    instead: 'Its link is good once. Send another one: POST /v1/invites.',
    subject: 'You are invited to join {{ shop.name }}',
    html: html(
      'Join {{ shop.name }}',
      p('You have been invited to work in the shop of {{ shop.name }}. Choose a password and you are in.'),
      button('Accept the invite'),
      footer(
        'The link is good once, for this address, until {{ expiresAt | readable }}. If you did not expect it, ignore this message: nothing happens.',
      ),
    ),
  },
  {
    name: 'password-reset',
    to: 'staff',
    about: 'One of the staff asked for a new password.',
    events: [passwordResetRequested.type],
    variables: z.strictObject({ name, expiresAt }),
    sample: { name: 'Ada', expiresAt: SAMPLE_TIME },
    page: { site: 'admin', path: 'reset-password' },
    instead: 'Its link is good once. Ask for another one: POST /v1/auth/password-reset-requests.',
    subject: 'Choose a new password for {{ shop.name }}',
    html: html(
      'Choose a new password',
      HELLO,
      p('Somebody asked for a new password for your account at {{ shop.name }}.'),
      button('Choose a new password'),
      footer(
        'The link is good once, for 30 minutes. If it was not you who asked, ignore this message: your password stays as it is.',
      ),
    ),
  },
  {
    name: 'password-changed',
    to: 'staff',
    about: "The password of one of the staff was changed; to them, in case it wasn't they who did it.",
    events: [passwordChanged.type],
    variables: z.strictObject({ name, at }),
    sample: { name: 'Ada', at: SAMPLE_TIME },
    subject: 'Your password for {{ shop.name }} was changed',
    html: html(
      'Your password was changed',
      HELLO,
      p(
        'On {{ at | readable }} the password of your account at {{ shop.name }} was changed, and other devices were logged out.',
      ),
      p('If it was not you, ask for a new password at once and tell whoever runs the shop.'),
      SAFETY,
    ),
  },
  {
    name: 'session-reuse',
    to: 'staff',
    about: 'A login of one of the staff was used from two places at once, and ended.',
    events: [sessionReuseDetected.type],
    variables: z.strictObject({
      name,
      at,
      ip: z.string().nullable().meta({ description: 'The address it was last seen from.' }),
      userAgent: z.string().nullable().meta({ description: 'The program it was last seen with.' }),
    }),
    sample: { name: 'Ada', at: SAMPLE_TIME, ip: '192.0.2.7', userAgent: 'Firefox' },
    subject: 'A login at {{ shop.name }} was ended for your safety',
    html: html(
      'We ended one of your logins',
      HELLO,
      p(
        'On {{ at | readable }} a login of yours at {{ shop.name }} was used from two places at once{% if ip %} (last seen from {{ ip }}{% if userAgent %}, {{ userAgent }}{% endif %}){% endif %}. That can mean that somebody has a copy of it, so it was ended. Please log in again.',
      ),
      p('If you do not recognise this, change your password and look through your other sessions.'),
      SAFETY,
    ),
  },
  {
    name: 'webhook-endpoint-disabled',
    to: 'staff',
    about:
      'A webhook endpoint was switched off, because its server said so or failed for days. To webhooks.failureMailsTo of the settings; to the owners where it is empty.',
    events: [endpointDisabled.type],
    variables: z.strictObject({
      endpoint: z.strictObject({
        id: z.string().meta({ description: 'For the admin API.' }),
        url: z.string().meta({ description: 'Where its deliveries went.' }),
        description: z.string().meta({ description: 'What the company calls it; may be empty.' }),
      }),
      reason: z
        .enum(['gone', 'failing'])
        .meta({ description: '`gone`: it answered 410. `failing`: nothing else came.' }),
      at: moment('When it was switched off.'),
      failingSince: moment('Since when nothing but failures.').nullable(),
      lastError: z.string().nullable().meta({ description: 'What went wrong last.' }),
    }),
    sample: {
      endpoint: {
        id: 'wep_01h455vb4pex5vsknk084sn02q',
        url: 'https://erp.example.com/souk',
        description: 'Orders for the warehouse',
      },
      reason: 'failing',
      at: SAMPLE_TIME,
      failingSince: '2026-11-23T09:00:00.000Z',
      lastError: 'The server answered 500.',
    },
    subject: 'A webhook endpoint of {{ shop.name }} was switched off',
    html: html(
      'A webhook endpoint was switched off',
      p(
        '{{ shop.name }} sends no more events to {{ endpoint.url }}{% if endpoint.description != "" %} ({{ endpoint.description }}){% endif %}.',
      ),
      p(
        "{% if reason == 'gone' %}On {{ at | readable }} its server answered 410, which says that it is gone for good.{% else %}It was switched off on {{ at | readable }}{% if failingSince %}, after nothing but failures since {{ failingSince | readable }}{% endif %}.{% endif %}",
      ),
      '{% if lastError %}<p>What went wrong last: {{ lastError }}</p>{% endif %}',
      p(
        'Once the server works again, switch the endpoint on: PATCH /v1/webhook-endpoints/{{ endpoint.id }} with {"status": "enabled"}. What it missed comes with POST /v1/webhook-redeliveries and {"endpointId": "{{ endpoint.id }}", "since": "{{ failingSince | default: at }}"}. Events are kept for 30 days.',
      ),
      footer('The settings of the shop (webhooks.failureMailsTo) say who gets these messages.'),
    ),
  },
];

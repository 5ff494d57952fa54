import { customerLetter } from './customer-letters.ts';
import { asHtml, asText, type EmailBody } from './email-layout.ts';
import type { Message } from './notification-rules.ts';
import { orderLetter } from './order-letters.ts';
import { readable } from './readable-time.ts';

interface Surroundings {
  companyName: string;
  /** Without a slash at its end. */
  adminUrl: string;
  /** Where the shop's own pages are, or those that the storefront API serves in their place; as above. */
  shopUrl: string;
}

interface Letter {
  subject: string;
  text: string;
  html: string;
}

/** The email a message becomes. The token of a link stands behind `#`, so that it reaches no server log and no referrer. */
export function render(message: Message, surroundings: Surroundings): Letter {
  const { subject, ...body } = written(message, surroundings);
  const { companyName } = surroundings;
  return { subject: oneLine(subject), text: asText(body, companyName), html: asHtml(body, companyName) };
}

function written(message: Message, { companyName, adminUrl, shopUrl }: Surroundings): EmailBody & { subject: string } {
  const link = (page: string, token: string) => `${adminUrl}/${page}#token=${encodeURIComponent(token)}`;
  switch (message.template) {
    case 'staff-invite':
      return {
        subject: `You are invited to join ${companyName}`,
        heading: `Join ${companyName}`,
        paragraphs: [`You have been invited to work in the shop of ${companyName}. Choose a password and you are in.`],
        button: { label: 'Accept the invite', url: link('accept-invite', message.parameters.token) },
        footnote: `The link is good once, for this address, until ${readable(message.parameters.expiresAt)}. If you did not expect it, ignore this message: nothing happens.`,
      };
    case 'password-reset':
      return {
        subject: `Choose a new password for ${companyName}`,
        heading: 'Choose a new password',
        paragraphs: [
          `Hello ${message.parameters.name},`,
          `Somebody asked for a new password for your account at ${companyName}.`,
        ],
        button: { label: 'Choose a new password', url: link('reset-password', message.parameters.token) },
        footnote:
          'The link is good once, for 30 minutes. If it was not you who asked, ignore this message: your password stays as it is.',
      };
    case 'password-changed':
      return {
        subject: `Your password for ${companyName} was changed`,
        heading: 'Your password was changed',
        paragraphs: [
          `Hello ${message.parameters.name},`,
          `On ${readable(message.parameters.at)} the password of your account at ${companyName} was changed, and other devices were logged out.`,
          'If it was not you, ask for a new password at once and tell whoever runs the shop.',
        ],
        footnote: 'You get this message because it concerns the safety of your account.',
      };
    case 'session-reuse':
      return {
        subject: `A login at ${companyName} was ended for your safety`,
        heading: 'We ended one of your logins',
        paragraphs: [
          `Hello ${message.parameters.name},`,
          `On ${readable(message.parameters.at)} a login of yours at ${companyName} was used from two places at once${origin(message.parameters)}. That can mean that somebody has a copy of it, so it was ended. Please log in again.`,
          'If you do not recognise this, change your password and look through your other sessions.',
        ],
        footnote: 'You get this message because it concerns the safety of your account.',
      };
    case 'order-placed':
    case 'order-received':
    case 'order-paid':
    case 'order-cancelled':
    case 'order-cancelled-in-part':
    case 'order-expired':
    case 'order-shipped':
    case 'order-delivered':
    case 'order-refunded':
    case 'order-link':
      return orderLetter(message, { companyName, shopUrl });
    default:
      return customerLetter(message, { companyName, shopUrl });
  }
}

const origin = ({ ip, userAgent }: { ip: string | null; userAgent: string | null }) =>
  ip === null ? '' : ` (last seen from ${ip}${userAgent === null ? '' : `, ${userAgent}`})`;

// A line end in a subject would begin a new header.
const oneLine = (text: string) => text.replace(/[\p{Cc}\s]+/gu, ' ').trim();

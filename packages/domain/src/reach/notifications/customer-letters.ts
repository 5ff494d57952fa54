import type { CustomerLinkTemplate, CustomerMessage } from './customer-rules.ts';
import type { EmailBody } from './email-layout.ts';
import { readable } from './readable-time.ts';

type Letter = EmailBody & { subject: string };
interface Shop {
  companyName: string;
  /** Where the pages of the shop are, without a slash at its end. */
  shopUrl: string;
}

/** Pages of a shop that links in its mails lead to. A shop with pages of its own has them under these paths as well. */
const VERIFY_PAGE = 'account/verify';
const PASSWORD_PAGE = 'account/reset-password';
const SAFETY = 'You get this message because it concerns the safety of your account.';

/** What a shop writes to a customer about their account. */
export function customerLetter(message: CustomerMessage, shop: Shop): Letter {
  switch (message.template) {
    case 'customer-password-changed':
      return passwordChanged(message.parameters, shop);
    case 'customer-email-changed':
      return emailChanged(message.parameters, shop);
    case 'customer-session-reuse':
      return sessionEnded(message.parameters, shop);
    default:
      return linkLetter(message.template, message.parameters, shop);
  }
}

function linkLetter(
  template: CustomerLinkTemplate,
  { name, token, expiresAt }: { name: string | null; token: string; expiresAt: string },
  { companyName, shopUrl }: Shop,
): Letter {
  const words = WORDS[template](companyName);
  const url = `${shopUrl}/${words.page}#token=${encodeURIComponent(token)}`;
  return {
    subject: words.subject,
    heading: words.heading,
    paragraphs: [...greeting(name), words.text],
    button: { label: words.button, url },
    footnote: `The link is good once, until ${readable(expiresAt)}. ${words.otherwise}`,
  };
}

interface Words {
  subject: string;
  heading: string;
  text: string;
  button: string;
  page: string;
  /** What to do if it was not the reader who asked. */
  otherwise: string;
}

const WORDS: Record<CustomerLinkTemplate, (shop: string) => Words> = {
  'customer-verification': (shop) => ({
    subject: `Confirm your email address for ${shop}`,
    heading: 'Confirm your email address',
    text: `Welcome to ${shop}. Please confirm that this address is yours.`,
    button: 'Confirm the address',
    page: VERIFY_PAGE,
    otherwise: 'If it was not you who registered, ignore this message.',
  }),
  'customer-account-exists': (shop) => ({
    subject: `You have an account at ${shop}`,
    heading: 'You have an account already',
    text: `Somebody, probably you, registered at ${shop} with this address, which has an account. Log in with your password; if you do not know it any more, choose a new one here.`,
    button: 'Choose a new password',
    page: PASSWORD_PAGE,
    otherwise: 'If it was not you, ignore this message: nothing has changed.',
  }),
  'customer-invitation': (shop) => ({
    subject: `Your account at ${shop}`,
    heading: `Your account at ${shop}`,
    text: `${shop} has made an account for you. Choose a password and it is yours.`,
    button: 'Choose a password',
    page: PASSWORD_PAGE,
    otherwise: 'If you did not expect it, ignore this message.',
  }),
  'customer-password-reset': (shop) => ({
    subject: `Choose a new password for ${shop}`,
    heading: 'Choose a new password',
    text: `Somebody asked for a new password for your account at ${shop}.`,
    button: 'Choose a new password',
    page: PASSWORD_PAGE,
    otherwise: 'If it was not you who asked, ignore this message: your password stays as it is.',
  }),
  'customer-email-change': (shop) => ({
    subject: `Confirm your new email address for ${shop}`,
    heading: 'Confirm your new email address',
    text: `Your account at ${shop} is to have this address. Please confirm that it is yours.`,
    button: 'Confirm the address',
    page: VERIFY_PAGE,
    otherwise: 'If it was not you who asked, ignore this message: nothing changes.',
  }),
};

const passwordChanged = ({ name, at }: { name: string | null; at: string }, { companyName }: Shop): Letter => ({
  subject: `Your password for ${companyName} was changed`,
  heading: 'Your password was changed',
  paragraphs: [
    ...greeting(name),
    `On ${readable(at)} the password of your account at ${companyName} was changed, and other devices were logged out.`,
    'If it was not you, ask for a new password at once and tell the shop.',
  ],
  footnote: SAFETY,
});

const emailChanged = (
  { name, at, newEmail }: { name: string | null; at: string; newEmail: string },
  { companyName }: Shop,
): Letter => ({
  subject: `Your email address at ${companyName} was changed`,
  heading: 'Your email address was changed',
  paragraphs: [
    ...greeting(name),
    `On ${readable(at)} the address of your account at ${companyName} was changed to ${newEmail}. This address does not open it any more.`,
    'If it was not you, tell the shop.',
  ],
  footnote: SAFETY,
});

const sessionEnded = ({ name, at }: { name: string | null; at: string }, { companyName }: Shop): Letter => ({
  subject: `A login at ${companyName} was ended for your safety`,
  heading: 'We ended one of your logins',
  paragraphs: [
    ...greeting(name),
    `On ${readable(at)} a login of yours at ${companyName} was used from two places at once. That can mean that somebody has a copy of it, so it was ended. Please log in again.`,
    'If you do not recognise this, change your password.',
  ],
  footnote: SAFETY,
});

const greeting = (name: string | null): string[] => (name === null ? [] : [`Hello ${name},`]);

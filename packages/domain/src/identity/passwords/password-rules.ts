import { InvalidInput } from '../../kernel/errors.ts';
import { emailKey } from '../../kernel/text.ts';
import { coreOf, isCommonPassword } from './common-passwords.ts';

const WORD_MIN = 3;

/**
 * Refuses passwords that are tried first: common ones, and the company's handle or the person's address in thin disguise.
 * Nothing else is asked of a password but its length (NIST SP 800-63B, 3.1.1.2; ASVS 5.0, 6.2). Throws `InvalidInput` at
 * `pointer`, the place of the password in the body.
 */
export function refuseWeakPassword(password: string, about: { handle: string; email: string }, pointer: string): void {
  if (isCommonPassword(password)) {
    throw weak(
      pointer,
      'This password is among the first that anybody would try. Choose another one, like a few words in a row.',
    );
  }
  if (isAbout(password, about)) {
    throw weak(
      pointer,
      "This password is the shop's handle or the email address. Choose another one, like a few words in a row.",
    );
  }
}

function isAbout(password: string, { handle, email }: { handle: string; email: string }): boolean {
  const address = emailKey(email);
  const [local = '', domain = ''] = address.split('@');
  const words = [handle, handle.replaceAll('-', ''), address, local, domain].map((word) => word.toLowerCase());
  const folded = password.toLowerCase();
  return words.some((word) => word.length >= WORD_MIN && (folded === word || coreOf(folded) === coreOf(word)));
}

const weak = (pointer: string, message: string) => new InvalidInput({ pointer, code: 'weak_password', message });

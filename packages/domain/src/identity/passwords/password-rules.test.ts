import { expect, test } from 'vitest';
import { InvalidInput } from '../../kernel/errors.ts';
import { isCommonPassword } from './common-passwords.ts';
import { refuseWeakPassword } from './password-rules.ts';
import { newPassword } from './passwords.contract.ts';

const about = { handle: 'ada-fabrics', email: 'Ada.Obi@Example.com' };

test.each([
  ...['password', 'Password1', 'p@ssw0rd', 'P@ssw0rd2024!', 'passwordpassword', 'qwertyuiop', '1q2w3e4r', '1qaz2wsx'],
  ...['12345678', '123456789', '87654321', '11111111', 'aaaaaaaa', 'abcdefgh', 'abcd1234', 'abcabcabc', '12121212'],
  ...['iloveyou', 'Iloveyou2', 'sunshine1', '!Lagos2024', 'football99', 'letmein123', 'welcome2026', 'qwerty123456'],
  ...['superman', 'trustno1', 'asdfghjkl', 'zxcvbnm123', 'changeme!', 'Chelsea12345', 'password123456789'],
])('%s is refused as one of the first to be tried', (password) => {
  expect(isCommonPassword(password)).toBe(true);
});

test.each([
  ...[
    'five wooden birds',
    'correct horse battery',
    'sunshine over the lagoon',
    'kT7#qpZw',
    'x9k2mvq0',
    'motanya-okele',
  ],
  ...[
    'lagos 8472910 boat',
    'zwölf Boxkämpfer',
    'пароль из слов',
    '密码密码甲乙丙丁',
    '🐘🐘 dances late',
    'abc-mno-xyz',
  ],
])('%s is fine', (password) => {
  expect(isCommonPassword(password)).toBe(false);
  refuseWeakPassword(password, about, '/password');
});

test.each(['ada-fabrics', 'adafabrics', 'Ada-Fabrics1!', 'ada.obi@example.com', 'ada.obi1990', 'EXAMPLE.COM'])(
  'the handle or the address is no password: %s',
  (password) => {
    expect(() => refuseWeakPassword(password, about, '/owner/password')).toThrow(InvalidInput);
  },
);

test('a refusal points at the field it is about', () => {
  const refusal = (() => {
    try {
      refuseWeakPassword('password1', about, '/owner/password');
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toMatchObject({ faults: [{ pointer: '/owner/password', code: 'weak_password' }] });
});

test('a password has 8 characters at least and 1024 bytes at most, and nothing else is asked', () => {
  const is = (password: string) => newPassword.safeParse(password).success;
  expect([is('1234567'), is('        '), is('ä'.repeat(512)), is('ä'.repeat(513)), is('a'.repeat(1025))]).toEqual([
    false,
    true,
    true,
    false,
    false,
  ]);
});

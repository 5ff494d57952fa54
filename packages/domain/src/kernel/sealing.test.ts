import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { parseMasterKeys, SealBroken, seal, unseal, useMasterKeys } from './sealing.ts';

const old = randomBytes(32);
const fresh = randomBytes(32);
beforeEach(() => useMasterKeys(new Map([['old', old]])));

test('a sealed value opens where it belongs and nowhere else', () => {
  const sealed = seal('a credential', 'com_1|secrets|value|sec_1');
  expect(sealed).toMatch(/^v1\.old\.[\w-]+\.[\w-]+$/);
  expect(sealed).not.toContain('credential');
  expect(unseal(sealed, 'com_1|secrets|value|sec_1')).toBe('a credential');
  expect(() => unseal(sealed, 'com_2|secrets|value|sec_1')).toThrow(SealBroken);
  expect(() => unseal(sealed, 'com_1|secrets|value|sec_2')).toThrow(SealBroken);
});

test('a changed value does not open', () => {
  const sealed = seal('a credential', 'here');
  const broken = sealed.slice(0, -2) + (sealed.endsWith('AA') ? 'BB' : 'AA');
  expect(() => unseal(broken, 'here')).toThrow(SealBroken);
  expect(() => unseal('v1.old.x', 'here')).toThrow(SealBroken);
  expect(() => unseal('', 'here')).toThrow(SealBroken);
});

test('the same text is sealed differently every time', () => {
  expect(seal('x', 'here')).not.toBe(seal('x', 'here'));
});

test('after a new master key is put in front, old values still open and new ones use it', () => {
  const before = seal('kept', 'here');
  useMasterKeys(
    new Map([
      ['fresh', fresh],
      ['old', old],
    ]),
  );
  expect(unseal(before, 'here')).toBe('kept');
  expect(seal('new', 'here')).toMatch(/^v1\.fresh\./);
  useMasterKeys(new Map([['fresh', fresh]]));
  expect(() => unseal(before, 'here')).toThrow('no master key named old');
});

test('master keys are read with the fault named', () => {
  expect([...parseMasterKeys(`a:${old.toString('base64')}, b:${fresh.toString('base64')}`).keys()]).toEqual(['a', 'b']);
  expect(() => parseMasterKeys('a:c2hvcnQ=')).toThrow('entry 1 has 5 bytes and needs 32');
  expect(() => parseMasterKeys('')).toThrow('entry 1 does not begin with a name');
  const twice = `a:${old.toString('base64')},a:${fresh.toString('base64')}`;
  expect(() => parseMasterKeys(twice)).toThrow('entry 2 has the name of an earlier one');
});

function messageOf(act: () => unknown): string {
  try {
    act();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('a fault in the master keys is told without a piece of them', () => {
  const good = Buffer.alloc(32, 1).toString('base64');
  const secret = 'c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I=';
  const entries = [secret, `${secret}:new`, `NEW:${secret}`, `new ${secret}`, `new:${secret.slice(8)}`, 'hunter2:x'];
  for (const entry of entries) {
    const message = messageOf(() => parseMasterKeys(`old:${good},${entry}`));
    expect(message).toMatch(/^entry 2 /);
    expect(message).not.toMatch(/hunter2|c2Vj|IHNl/);
  }
});

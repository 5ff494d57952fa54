import { expect, test } from 'vitest';
import { decodeSuffix, encodeSuffix, idOf, newId, suffixOf } from './ids.ts';

// Pairs from the TypeID specification's valid.yml.
const VECTORS = [
  ['00000000000000000000000000', '00000000-0000-0000-0000-000000000000'],
  ['00000000000000000000000001', '00000000-0000-0000-0000-000000000001'],
  ['0000000000000000000000000g', '00000000-0000-0000-0000-000000000010'],
  ['7zzzzzzzzzzzzzzzzzzzzzzzzz', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ['0123456789abcdefghjkmnpqrs', '0110c853-1d09-52d8-d73e-1194e95b5f19'],
  ['01h455vb4pex5vsknk084sn02q', '01890a5d-ac96-774b-bcce-b302099a8057'],
] as const;

test.each(VECTORS)('the text form is the one of the TypeID specification: %s', (suffix, uuid) => {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  expect(encodeSuffix(bytes)).toBe(suffix);
  expect(Buffer.from(decodeSuffix(suffix)).toString('hex')).toBe(bytes.toString('hex'));
});

test('ids sort by the time they were made, within a millisecond too', () => {
  const ids = Array.from({ length: 5000 }, () => newId('com'));
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a wrong prefix is refused with the expected kind named', () => {
  const result = idOf('role').safeParse(newId('com'));
  expect(result.error?.issues[0]?.message).toBe('Expected a role id, like role_01h455vb4pex5vsknk084sn02q.');
  expect(idOf('role').parse(newId('role'))).toMatch(/^role_/);
});

test.each([
  '',
  'role_',
  'role_8zzzzzzzzzzzzzzzzzzzzzzzzz',
  'role_01h455vb4pex5vsknk084sn02',
  'role_01H455VB4PEX5VSKNK084SN02Q',
  "role_01h455vb4pex5vsknk084sn02q'",
])('%s is not an id', (text) => {
  expect(idOf('role').safeParse(text).success).toBe(false);
});

test('the suffix of an id is what stands after its prefix', () => {
  expect(suffixOf('com_01h455vb4pex5vsknk084sn02q')).toBe('01h455vb4pex5vsknk084sn02q');
});

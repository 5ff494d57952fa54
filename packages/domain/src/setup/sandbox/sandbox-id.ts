import { createHash } from 'node:crypto';
import { type CompanyId, decodeSuffix, encodeSuffix, suffixOf } from '../../kernel/ids.ts';

/**
 * The id of a company's sandbox, derived from the company's: asking twice, or crashing between the two units of work,
 * never makes a second one. It keeps the parent's time bits, so it is still a UUIDv7 (RFC 9562, 5.7).
 */
export function sandboxIdOf(companyId: CompanyId): CompanyId {
  const parent = decodeSuffix(suffixOf(companyId));
  const derived = createHash('sha256').update(`sandbox|${companyId}`).digest().subarray(0, 16);
  derived.set(parent.subarray(0, 6), 0);
  derived[6] = 0x70 | ((derived[6] ?? 0) & 0x0f);
  derived[8] = 0x80 | ((derived[8] ?? 0) & 0x3f);
  return `com_${encodeSuffix(derived)}`;
}

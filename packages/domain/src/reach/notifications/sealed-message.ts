import type { CompanyId } from '../../kernel/ids.ts';
import { seal, unseal } from '../../kernel/sealing.ts';
import type { Message } from './notification-rules.ts';

const boundTo = (companyId: CompanyId, id: string) => `${companyId}|notifications|parameters|${id}`;

/** A message as its row keeps it: readable in that row alone. */
export const sealMessage = (companyId: CompanyId, id: string, message: Message): string =>
  seal(JSON.stringify(message), boundTo(companyId, id));

/** The message of a row. Throws if it is not there, or the seal is broken. */
export const openMessage = (row: { companyId: CompanyId; id: string; parameters: string | null }): Message =>
  // Sealed above from a Message, and bound to this row.
  JSON.parse(unseal(row.parameters ?? '', boundTo(row.companyId, row.id))) as Message;

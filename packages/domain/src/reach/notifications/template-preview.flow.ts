import { lookingOnly, type Run, type Session } from '../../kernel/ctx.ts';
import { InvalidInput } from '../../kernel/errors.ts';
import type { LetterView, WordingTrial } from './notification-templates.contract.ts';
import { readPreview } from './notification-templates.service.ts';
import { tried } from './wording-check.ts';

/**
 * What a mail would look like. Written after the reading, while no connection is held. Saves nothing. Throws as
 * `readPreview`, and `InvalidInput` naming the place of each fault.
 */
export async function previewTemplate(
  run: Run,
  session: Session,
  name: string,
  trial: WordingTrial,
): Promise<LetterView> {
  const { kind, wording, parameters, place } = await run(lookingOnly(session), (ctx) => readPreview(ctx, name, trial));
  const { letter, faults } = tried(kind, wording, parameters, place);
  if (faults) throw new InvalidInput(...faults);
  // With an Idempotency-Key the answer is kept, as that of every POST.
  return session.idempotency ? run(session, async () => letter) : letter;
}

import { grantable } from '../../company/iam/roles.service.ts';
import { allPermissions, allScopes } from '../../kernel/access.ts';
import type { Ctx } from '../../kernel/ctx.ts';
import { type FieldFault, InvalidInput } from '../../kernel/errors.ts';
import type { ApiKeyType } from './api-keys.schema.ts';

/**
 * The scopes sorted and each once. Publishable keys take the publishable scopes, secret keys every scope and every
 * permission of staff. Throws `InvalidInput` naming the place of each that the type cannot have.
 */
export function knownScopes(type: ApiKeyType, words: readonly string[]): string[] {
  const [first, ...others] = words.flatMap((word, at) => faultOf(type, word, `/scopes/${at}`));
  if (first) throw new InvalidInput(first, ...others);
  return [...new Set(words)].sort();
}

/**
 * Nobody mints a key stronger than themselves. Staff need every permission the key will have; the scopes of the
 * storefront are theirs to give with `api_keys.write`. A key that mints needs every word. Throws `PermissionMissing`.
 */
export function grantableScopes(ctx: Ctx, type: ApiKeyType, words: readonly string[]): void {
  const permissions = new Set<string>(allPermissions().map((word) => word.name));
  const needed = words.filter((word) => ctx.actor.type === 'key' || (type === 'secret' && permissions.has(word)));
  grantable(ctx, needed);
}

function faultOf(type: ApiKeyType, word: string, pointer: string): FieldFault[] {
  const scope = allScopes().find((candidate) => candidate.name === word);
  const isPermission = allPermissions().some((candidate) => candidate.name === word);
  if (!scope && !isPermission) {
    const names = allScopes().map((candidate) => candidate.name);
    return [
      {
        pointer,
        code: 'unknown_scope',
        message: `There is no scope ${word}. Scopes are ${names.join(', ')}; secret keys may hold permissions too.`,
      },
    ];
  }
  if (type === 'secret' || scope?.publishable) return [];
  return [
    {
      pointer,
      code: 'not_publishable',
      message: `A publishable key cannot hold ${word}: it is seen by everybody. Make a secret key.`,
    },
  ];
}

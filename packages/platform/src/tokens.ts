/**
 * What a controller may ask for by `@Inject(…)`, besides plain services:
 *
 * | token           | type                                                  |
 * |-----------------|-------------------------------------------------------|
 * | `RUN`           | `Run` of `@souk/domain/kernel/ctx`                    |
 * | `UNSCOPED`      | `RunUnscoped` of the same file                        |
 * | `CONFIG`        | `ApiConfig` of `@souk/platform/config`                |
 * | `ATTEMPTS`      | `Attempts` of `@souk/domain/identity/sessions/attempts` |
 * | `ACCESS_TOKENS` | `AccessTokens` of `@souk/domain/identity/sessions/access-tokens` |
 * | `READY_ANSWERS` | `ReadyAnswers` of `@souk/platform/ready-answers`        |
 */
export const RUN = Symbol('run');
export const UNSCOPED = Symbol('unscoped');
export const CONFIG = Symbol('config');
export const ATTEMPTS = Symbol('attempts');
export const ACCESS_TOKENS = Symbol('access tokens');
export const READY_ANSWERS = Symbol('ready answers');

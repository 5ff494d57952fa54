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
 * | `STOREFRONT_READS` | `StorefrontReads` of `@souk/platform/storefront-reads` |
 * | `FILE_STORE`    | `FileStore` of `@souk/domain/catalog/files/file-store`  |
 * | `TYPE_OF`       | `TypeOf` of `@souk/domain/catalog/files/image-ports`    |
 * | `SIGNED_ADDRESSES` | `SignedAddresses` of `@souk/domain/catalog/files/signed-addresses`, or undefined with a bucket |
 * | `GATEWAYS`      | `Gateways` of `@souk/domain/sales/payments/gateway`      |
 * | `READINESS`     | `Readiness` of `@souk/platform/health`                   |
 * | `WEBHOOK_SENDER` | `WebhookSender` of `@souk/domain/reach/webhooks/webhook-sender` |
 */
export const RUN = Symbol('run');
export const UNSCOPED = Symbol('unscoped');
export const CONFIG = Symbol('config');
export const ATTEMPTS = Symbol('attempts');
export const ACCESS_TOKENS = Symbol('access tokens');
export const CUSTOMER_TOKENS = Symbol('customer tokens');
export const READY_ANSWERS = Symbol('ready answers');
export const STOREFRONT_READS = Symbol('storefront reads');
export const FILE_STORE = Symbol('file store');
export const SIGNED_ADDRESSES = Symbol('signed addresses');
export const TYPE_OF = Symbol('type of a file');
export const GATEWAYS = Symbol('payment gateways');
export const READINESS = Symbol('readiness');
export const WEBHOOK_SENDER = Symbol('webhook sender');

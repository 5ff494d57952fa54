/**
 * What a processor may ask for by `@Inject(…)`, besides `RUN`, `WEBHOOK_SENDER` and the `Doorbell`:
 *
 * | token      | type                                                                      |
 * |------------|---------------------------------------------------------------------------|
 * | `MAILER`   | `Mailer` of `@souk/domain/reach/notifications/mailer`                     |
 * | `PLACE`    | `SendingPlace` of `@souk/domain/reach/notifications/notifications.flow`   |
 * | `LOG`      | `log` of `@souk/platform/logger`                                        |
 * | `OUTCOMES` | `(outcome: SendingOutcome) => void`: counts them for `/metrics`           |
 * | `DELIVERED` | `(outcome: DeliveryOutcome) => void`: counts attempts for `/metrics`   |
 */
export const MAILER = Symbol('mailer');
export const PLACE = Symbol('sending place');
export const LOG = Symbol('log');
export const OUTCOMES = Symbol('outcomes');
export const DELIVERED = Symbol('attempts to deliver');

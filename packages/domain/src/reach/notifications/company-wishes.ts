/** What the company has set that no event says. */
export interface CompanyWishes {
  /** Who of the company hears of new orders. */
  readonly orderMailsTo: readonly string[];
  /** Who of the company hears that a webhook endpoint was switched off. */
  readonly failureMailsTo: readonly string[];
}

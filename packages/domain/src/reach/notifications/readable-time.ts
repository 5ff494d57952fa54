/** A time for a reader of a mail, who may be anywhere: `28 November 2026 at 09:00 UTC`. */
export const readable = (at: string): string =>
  `${new Date(at).toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })} UTC`;

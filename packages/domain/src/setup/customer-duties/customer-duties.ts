import type { Eraser, PersonalDataPart } from '../../identity/customer-accounts/personal-data.service.ts';
import type { WhenVerified } from '../../identity/customer-accounts/verification.service.ts';
import { emptyMailsOf } from '../../reach/notifications/notification-log.service.ts';
import { cartsOf, eraseCartsOf } from '../../sales/carts/personal-carts.service.ts';
import { claimGuestOrders, eraseOrdersOf, ordersOf } from '../../sales/orders/customer-orders.service.ts';

/** What is done in the same unit of work once a customer's address is proved, like claiming the orders of a guest. */
export const whenVerified: readonly WhenVerified[] = [
  async (ctx, { customerId, emailKey }) => void (await claimGuestOrders(ctx, customerId, emailKey)),
];

/** What modules hold about a person besides the account, for an export. */
export const personalDataParts: readonly PersonalDataPart[] = [cartsOf, ordersOf];

/** What modules do when a person is erased, besides anonymising the account. Carts first: orders say which ones are theirs. */
export const erasers: readonly Eraser[] = [eraseCartsOf, eraseOrdersOf, emptyMailsOf];

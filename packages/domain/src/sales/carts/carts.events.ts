import { z } from 'zod';
import { instant } from '../../kernel/clock.ts';
import { defineEvent } from '../../kernel/events.ts';
import { idOf } from '../../kernel/ids.ts';
import { moneyView } from '../../kernel/money.ts';

/** No totals: prices are read anew whenever a shopper looks. */
const data = z.object({
  cart: z.object({
    id: idOf('cart'),
    customerId: idOf('cus').nullable(),
    email: z.string(),
    phone: z.string().nullable(),
    locale: z.string().nullable(),
    currency: z.string(),
    lines: z.array(
      z.object({
        id: idOf('cli'),
        variantId: idOf('var'),
        productId: idOf('prod'),
        handle: z.string(),
        title: z.string(),
        variantTitle: z.string().nullable(),
        sku: z.string().nullable(),
        quantity: z.int(),
        unitPriceAdded: moneyView.nullable().meta({ description: 'What one cost when it was put in.' }),
      }),
    ),
    version: z.int(),
    createdAt: instant,
    updatedAt: instant,
  }),
});

/** Carts change with every click and announce none of it. */
export const cartAbandoned = defineEvent('cart.abandoned', data, {
  about:
    'Nobody touched a cart with goods and an e-mail address for some hours (`abandonedAfterHours` of the settings of checkout, looked at once an hour). At most once for a cart.',
  sample: {
    cart: {
      id: 'cart_01h455vb4pex5vsknk084sn02q',
      customerId: null,
      email: 'ada@example.com',
      phone: null,
      locale: 'en-NG',
      currency: 'NGN',
      lines: [
        {
          id: 'cli_01h455vb4pex5vsknk084sn02q',
          variantId: 'var_01h455vb4pex5vsknk084sn02q',
          productId: 'prod_01h455vb4pex5vsknk084sn02q',
          handle: 'adire-scarf',
          title: 'Adire scarf',
          variantTitle: 'Indigo',
          sku: 'ADR-1',
          quantity: 2,
          unitPriceAdded: { amount: 125_000, currency: 'NGN' },
        },
      ],
      version: 5,
      createdAt: '2026-11-21T08:40:00.000Z',
      updatedAt: '2026-11-21T09:00:00.000Z',
    },
  },
});

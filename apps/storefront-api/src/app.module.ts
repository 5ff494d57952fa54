import type { Type } from '@nestjs/common';
import { CategoriesController } from './catalog/categories.controller.ts';
import { CollectionsController } from './catalog/collections.controller.ts';
import { ProductsController } from './catalog/products.controller.ts';
import { StoreController } from './company/store.controller.ts';
import { AccountLinksController } from './identity/account-links.controller.ts';
import { CustomersController } from './identity/customers.controller.ts';
import { KeyController } from './identity/key.controller.ts';
import { OwnAccountController } from './identity/own-account.controller.ts';
import { OwnAddressesController } from './identity/own-addresses.controller.ts';
import { CartsController } from './sales/carts.controller.ts';
import { CheckoutController } from './sales/checkout.controller.ts';
import { OrderLinksController } from './sales/order-links.controller.ts';
import { OrderLookupsController } from './sales/order-lookups.controller.ts';
import { OrdersController } from './sales/orders.controller.ts';
import { OwnCartController } from './sales/own-cart.controller.ts';
import { PaymentHooksController } from './sales/payment-hooks.controller.ts';
import { PaymentOptionsController } from './sales/payment-options.controller.ts';
import { PaymentsController } from './sales/payments.controller.ts';

/** Every controller of the storefront API. A new one gets its line here. */
export const controllers: Type[] = [
  AccountLinksController,
  CartsController,
  CategoriesController,
  CheckoutController,
  CollectionsController,
  CustomersController,
  KeyController,
  OrderLinksController,
  OrderLookupsController,
  OrdersController,
  OwnAccountController,
  OwnAddressesController,
  OwnCartController,
  PaymentHooksController,
  PaymentOptionsController,
  PaymentsController,
  ProductsController,
  StoreController,
];

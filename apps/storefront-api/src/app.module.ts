import type { Type } from '@nestjs/common';
import { CategoriesController } from './catalog/categories.controller.ts';
import { CollectionsController } from './catalog/collections.controller.ts';
import { ProductsController } from './catalog/products.controller.ts';
import { StoreController } from './company/store.controller.ts';
import { KeyController } from './identity/key.controller.ts';

/** Every controller of the storefront API. A new one gets its line here. */
export const controllers: Type[] = [
  CategoriesController,
  CollectionsController,
  KeyController,
  ProductsController,
  StoreController,
];
